//! The encoder of a transformer.

use super::super::{AttentionMasks, MultiheadAttention};
use super::TransformerOptions;
use super::parts::{attend, attention, feed_forward, norm, products, residual};
use crate::layer::Layer;
use crate::observe;
use crate::{Dropout, LayerNorm, Linear};
use autograd_core::check::Check;
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// A layer of a transformer's encoder: attention of a sequence to itself, and two products at each position.
///
/// ```text
/// h = norm1(x + attend(x)),          y = norm2(h + feed(h))            by default
/// h = x + attend(norm1(x)),          y = h + feed(norm2(h))            with norm_first
/// feed(h) = linear2(activation(linear1(h)))
/// ```
///
/// In training, dropout is applied to the weights of attention, after the activation, and to what each part adds.
///
/// # Shapes
/// `x: [L, N, E] → [L, N, E]`, or with the batch first if the options say so, or `[L, E]`.
///
/// # Errors
/// The constructors fail if a size is 0, the heads do not divide E, or the probability of dropout is not in `[0, 1]`;
/// `forward` if the input does not fit.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module};
/// use wengert_nn::{AttentionMasks, Layer, TransformerEncoderLayer};
/// let mut rng = autograd_core::seeded(7);
/// let mut layer = TransformerEncoderLayer::new(8, 2, &mut rng)?;
/// layer.eval();
/// let x = Tensor::randn(&[3, 1, 8], DType::F32, &mut rng)?;
/// let y = layer.encode(&x, &AttentionMasks::new().is_causal(true))?;
/// assert_eq!(y.shape(), [3, 1, 8]);
/// assert!(y.mean_dim(-1)?.abs().max()?.item::<f32>()? < 1e-6);         // by norm2
/// let first = layer.forward(&x.narrow(0, 0, 1)?)?;                     // which no later position reaches
/// assert!(first.try_sub(&y.narrow(0, 0, 1)?)?.abs().max()?.item::<f32>()? < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Vaswani et al., Attention is all you need, 2017; with `norm_first`: Xiong et al., On layer normalization in the
/// transformer architecture, 2020.
#[derive(Clone, Debug, Module)]
pub struct TransformerEncoderLayer {
    /// Attention of the sequence to itself.
    pub self_attn: MultiheadAttention,
    /// The first product.
    pub linear1: Linear,
    /// The second product.
    pub linear2: Linear,
    /// The norm of attention.
    pub norm1: LayerNorm,
    /// The norm of the products.
    pub norm2: LayerNorm,
    dropout: Dropout,
    dropout1: Dropout,
    dropout2: Dropout,
    #[module(option)]
    options: TransformerOptions,
}

impl TransformerEncoderLayer {
    /// A layer of `nhead` (H) heads for `d_model` (E) features, with the default options.
    ///
    /// # Errors
    /// If a size is 0, or the heads do not divide the features.
    pub fn new(d_model: usize, nhead: usize, rng: &mut dyn Rng) -> Result<TransformerEncoderLayer> {
        TransformerEncoderLayer::with(d_model, nhead, TransformerOptions::new(), rng)
    }

    /// A layer of `nhead` (H) heads for `d_model` (E) features.
    ///
    /// # Errors
    /// If a size is 0, the heads do not divide the features, or the probability of dropout is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{TransformerEncoderLayer, TransformerOptions};
    /// let options = TransformerOptions::new().dim_feedforward(16);
    /// let layer = TransformerEncoderLayer::with(8, 2, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(layer.linear1.weight.shape(), [16, 8]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(
        d_model: usize,
        nhead: usize,
        options: TransformerOptions,
        rng: &mut dyn Rng,
    ) -> Result<TransformerEncoderLayer> {
        options.has_room("TransformerEncoderLayer", d_model)?;
        let self_attn = attention(d_model, nhead, options, rng)?;
        let [linear1, linear2] = products(d_model, options, rng)?;
        Ok(TransformerEncoderLayer {
            self_attn,
            linear1,
            linear2,
            norm1: norm(d_model, options)?,
            norm2: norm(d_model, options)?,
            dropout: Dropout::new(options.dropout, rng)?,
            dropout1: Dropout::new(options.dropout, rng)?,
            dropout2: Dropout::new(options.dropout, rng)?,
            options,
        })
    }

    /// [`Layer::forward`] with masks.
    ///
    /// # Errors
    /// If the input or a mask does not fit.
    pub fn encode(&self, x: &Tensor, masks: &AttentionMasks) -> Result<Tensor> {
        let first = self.options.norm_first;
        let h = residual(x, first, ("norm1", &self.norm1), |x| {
            self.dropout1.call("dropout1", &attend(("self_attn", &self.self_attn), x, None, masks)?)
        })?;
        residual(&h, first, ("norm2", &self.norm2), |h| {
            self.dropout2.call(
                "dropout2",
                &feed_forward(h, [&self.linear1, &self.linear2], self.options.activation, &self.dropout)?,
            )
        })
    }
}

impl Layer for TransformerEncoderLayer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.encode(x, &AttentionMasks::new())
    }
}

/// Layers of a transformer's encoder one after another, and a norm at the end if there is one.
///
/// # Shapes
/// As for [`TransformerEncoderLayer`].
///
/// # Errors
/// As for [`TransformerEncoderLayer`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module};
/// use wengert_nn::{Layer, LayerNorm, TransformerEncoder, TransformerOptions};
/// let options = TransformerOptions::new().dim_feedforward(16).dropout(0.0);
/// let encoder = TransformerEncoder::with(8, 2, 3, options, &mut autograd_core::seeded(7))?;
/// let encoder = encoder.norm(LayerNorm::new(&[8])?);
/// let y = encoder.forward(&Tensor::ones(&[3, 1, 8], DType::F32)?)?;
/// assert_eq!(y.shape(), [3, 1, 8]);
/// assert!(y.mean_dim(-1)?.abs().max()?.item::<f32>()? < 1e-6);         // by the norm at the end
/// assert_eq!(encoder.named_parameters()[12].0, "layers.1.self_attn.in_proj_weight");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct TransformerEncoder {
    /// The layers.
    pub layers: Vec<TransformerEncoderLayer>,
    /// The norm of what the last one gives.
    pub norm: Option<LayerNorm>,
}

impl TransformerEncoder {
    /// `num_layers` layers with the default options, and no norm at the end.
    ///
    /// # Errors
    /// If a number is 0, the heads do not divide the features, or memory does not hold so many layers.
    pub fn new(d_model: usize, nhead: usize, num_layers: usize, rng: &mut dyn Rng) -> Result<TransformerEncoder> {
        TransformerEncoder::with(d_model, nhead, num_layers, TransformerOptions::new(), rng)
    }

    /// `num_layers` layers, and no norm at the end. Each has starting values of its own.
    ///
    /// # Errors
    /// If a number is 0, the heads do not divide the features, the probability of dropout is not in `[0, 1]`, or memory
    /// does not hold so many layers.
    pub fn with(
        d_model: usize,
        nhead: usize,
        num_layers: usize,
        options: TransformerOptions,
        rng: &mut dyn Rng,
    ) -> Result<TransformerEncoder> {
        let check = Check("TransformerEncoder");
        check.require(num_layers > 0, "num_layers", num_layers, "at least 1")?;
        check.parts(num_layers, options.bytes(d_model, 4))?;
        let layers = (0..num_layers).map(|_| TransformerEncoderLayer::with(d_model, nhead, options, rng));
        Ok(TransformerEncoder { layers: layers.collect::<Result<_>>()?, norm: None })
    }

    /// A norm at the end. Default: none.
    #[must_use]
    pub fn norm(mut self, norm: LayerNorm) -> TransformerEncoder {
        self.norm = Some(norm);
        self
    }

    /// [`Layer::forward`] with masks.
    ///
    /// # Errors
    /// If the input or a mask does not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AttentionMasks, TransformerEncoder};
    /// let encoder = TransformerEncoder::new(4, 2, 1, &mut autograd_core::seeded(7))?;
    /// let masks = AttentionMasks::new().is_causal(true);
    /// assert_eq!(encoder.encode(&Tensor::ones(&[3, 4], DType::F32)?, &masks)?.shape(), [3, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn encode(&self, x: &Tensor, masks: &AttentionMasks) -> Result<Tensor> {
        let mut y = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            y = observe::call(layer, format_args!("layers.{i}"), &[&y], || layer.encode(&y, masks))?;
        }
        self.norm.as_ref().map_or_else(|| Ok(y.clone()), |norm| norm.call("norm", &y))
    }
}

impl Layer for TransformerEncoder {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.encode(x, &AttentionMasks::new())
    }
}

#[cfg(test)]
const NAMES: [&str; 12] = [
    "self_attn.in_proj_weight",
    "self_attn.in_proj_bias",
    "self_attn.out_proj.weight",
    "self_attn.out_proj.bias",
    "linear1.weight",
    "linear1.bias",
    "linear2.weight",
    "linear2.bias",
    "norm1.weight",
    "norm1.bias",
    "norm2.weight",
    "norm2.bias",
];

#[cfg(test)]
cases![
    layer("TransformerEncoderLayer", |rng| {
        TransformerEncoderLayer::with(4, 2, TransformerOptions::new().dim_feedforward(3), rng)
    })
    .state(&NAMES)
    .maps(&[3, 2, 4], &[3, 2, 4])
    .refuses(&[3, 5], "in self_attn (MultiheadAttention): MultiheadAttention: query has shape [3, 5], expected [L, 4]"),
    layer("TransformerEncoderLayer", |rng| {
        let options = TransformerOptions::new().dim_feedforward(3).norm_first(true).batch_first(true).dropout(0.0);
        TransformerEncoderLayer::with(4, 2, options.activation(super::TransformerActivation::GELU), rng)
    })
    .state(&NAMES)
    .maps(&[2, 3, 4], &[2, 3, 4])
    .maps(&[3, 4], &[3, 4]),
    layer("TransformerEncoderLayer", |rng| {
        let options = TransformerOptions::new().dim_feedforward(3).activation(super::TransformerActivation::SiLU);
        TransformerEncoderLayer::with(4, 2, options, rng)
    })
    .state(&NAMES)
    .maps(&[3, 4], &[3, 4]),
    layer("TransformerEncoderLayer", |rng| {
        let options = TransformerOptions::new().dim_feedforward(3).activation(super::TransformerActivation::GELUTanh);
        TransformerEncoderLayer::with(4, 2, options, rng)
    })
    .state(&NAMES)
    .maps(&[3, 4], &[3, 4]),
    layer("TransformerEncoderLayer", |rng| {
        TransformerEncoderLayer::with(4, 1, TransformerOptions::new().dim_feedforward(0), rng)
    })
    .cannot_be("Linear: out_features is 0, it must be at least 1"),
    layer("TransformerEncoder", |rng| {
        let options = TransformerOptions::new().dim_feedforward(3).bias(false);
        Ok(TransformerEncoder::with(2, 1, 2, options, rng)?.norm(LayerNorm::new(&[2])?))
    })
    .state(&[
        "layers.0.self_attn.in_proj_weight",
        "layers.0.self_attn.out_proj.weight",
        "layers.0.linear1.weight",
        "layers.0.linear2.weight",
        "layers.0.norm1.weight",
        "layers.0.norm2.weight",
        "layers.1.self_attn.in_proj_weight",
        "layers.1.self_attn.out_proj.weight",
        "layers.1.linear1.weight",
        "layers.1.linear2.weight",
        "layers.1.norm1.weight",
        "layers.1.norm2.weight",
        "norm.weight",
        "norm.bias",
    ])
    .maps(&[3, 2], &[3, 2]),
    layer("TransformerEncoder", |rng| TransformerEncoder::new(2, 1, 0, rng))
        .cannot_be("TransformerEncoder: num_layers is 0, it must be at least 1"),
];
