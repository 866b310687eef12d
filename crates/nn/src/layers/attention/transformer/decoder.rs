//! The decoder of a transformer.

use super::super::{AttentionMasks, MultiheadAttention};
use super::TransformerOptions;
use super::parts::{attend, attention, feed_forward, norm, products, residual};
use crate::layer::{Layer, inputs};
use crate::observe;
use crate::{Dropout, LayerNorm, Linear};
use autograd_core::check::Check;
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// A layer of a transformer's decoder: attention of a sequence to itself, attention to what an encoder gives, and two
/// products at each position.
///
/// ```text
/// g = norm1(x + attend(x)),   h = norm2(g + attend(g, memory)),   y = norm3(h + feed(h))         by default
/// g = x + attend(norm1(x)),   h = g + attend(norm2(g), memory),   y = h + feed(norm3(h))         with norm_first
/// feed(h) = linear2(activation(linear1(h)))
/// ```
///
/// In training, dropout is applied to the weights of attention, after the activation, and to what each part adds.
///
/// # Shapes
/// `x: [L, N, E]`, `memory: [S, N, E] → [L, N, E]`, or with the batch first if the options say so, or without N.
/// [`Layer::forward_all`] takes x and the memory.
///
/// # Errors
/// The constructors fail if a size is 0, the heads do not divide E, or the probability of dropout is not in `[0, 1]`;
/// `forward_all` if the inputs do not fit.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, module::Module};
/// use wengert_nn::{AttentionMasks, TransformerDecoderLayer};
/// let mut rng = autograd_core::seeded(7);
/// let mut layer = TransformerDecoderLayer::new(8, 2, &mut rng)?;
/// layer.eval();
/// let x = Tensor::randn(&[3, 1, 8], DType::F32, &mut rng)?;
/// let memory = Tensor::randn(&[5, 1, 8], DType::F32, &mut rng)?;
/// let (causal, none) = (AttentionMasks::new().is_causal(true), AttentionMasks::new());
/// let y = layer.decode(&x, &memory, &causal, &none)?;
/// assert_eq!(y.shape(), [3, 1, 8]);
/// assert!(y.mean_dim(-1)?.abs().max()?.item::<f32>()? < 1e-6);         // by norm3
/// let first = layer.decode(&x.narrow(0, 0, 1)?, &memory, &none, &none)?;
/// assert!(first.try_sub(&y.narrow(0, 0, 1)?)?.abs().max()?.item::<f32>()? < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Vaswani et al., Attention is all you need, 2017.
#[derive(Clone, Debug, Module)]
pub struct TransformerDecoderLayer {
    /// Attention of the sequence to itself.
    pub self_attn: MultiheadAttention,
    /// Attention to the memory.
    pub multihead_attn: MultiheadAttention,
    /// The first product.
    pub linear1: Linear,
    /// The second product.
    pub linear2: Linear,
    /// The norm of attention to itself.
    pub norm1: LayerNorm,
    /// The norm of attention to the memory.
    pub norm2: LayerNorm,
    /// The norm of the products.
    pub norm3: LayerNorm,
    dropout: Dropout,
    dropout1: Dropout,
    dropout2: Dropout,
    dropout3: Dropout,
    #[module(option)]
    pub(super) options: TransformerOptions,
}

impl TransformerDecoderLayer {
    /// A layer of `nhead` (H) heads for `d_model` (E) features, with the default options.
    ///
    /// # Errors
    /// If a size is 0, or the heads do not divide the features.
    pub fn new(d_model: usize, nhead: usize, rng: &mut dyn Rng) -> Result<TransformerDecoderLayer> {
        TransformerDecoderLayer::with(d_model, nhead, TransformerOptions::new(), rng)
    }

    /// A layer of `nhead` (H) heads for `d_model` (E) features.
    ///
    /// # Errors
    /// If a size is 0, the heads do not divide the features, or the probability of dropout is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::{TransformerDecoderLayer, TransformerOptions};
    /// let options = TransformerOptions::new().dim_feedforward(16);
    /// let layer = TransformerDecoderLayer::with(8, 2, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(layer.linear2.weight.shape(), [8, 16]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(
        d_model: usize,
        nhead: usize,
        options: TransformerOptions,
        rng: &mut dyn Rng,
    ) -> Result<TransformerDecoderLayer> {
        options.has_room("TransformerDecoderLayer", d_model)?;
        let self_attn = attention(d_model, nhead, options, rng)?;
        let multihead_attn = attention(d_model, nhead, options, rng)?;
        let [linear1, linear2] = products(d_model, options, rng)?;
        Ok(TransformerDecoderLayer {
            self_attn,
            multihead_attn,
            linear1,
            linear2,
            norm1: norm(d_model, options)?,
            norm2: norm(d_model, options)?,
            norm3: norm(d_model, options)?,
            dropout: Dropout::new(options.dropout, rng)?,
            dropout1: Dropout::new(options.dropout, rng)?,
            dropout2: Dropout::new(options.dropout, rng)?,
            dropout3: Dropout::new(options.dropout, rng)?,
            options,
        })
    }

    /// The output for x and the memory, with masks for what x may attend to of itself and of the memory.
    ///
    /// # Errors
    /// If an input or a mask does not fit.
    pub fn decode(
        &self,
        x: &Tensor,
        memory: &Tensor,
        masks: &AttentionMasks,
        memory_masks: &AttentionMasks,
    ) -> Result<Tensor> {
        let first = self.options.norm_first;
        let g = residual(x, first, ("norm1", &self.norm1), |x| {
            self.dropout1.call("dropout1", &attend(("self_attn", &self.self_attn), x, None, masks)?)
        })?;
        let h = residual(&g, first, ("norm2", &self.norm2), |g| {
            self.dropout2
                .call("dropout2", &attend(("multihead_attn", &self.multihead_attn), g, Some(memory), memory_masks)?)
        })?;
        residual(&h, first, ("norm3", &self.norm3), |h| {
            self.dropout3.call(
                "dropout3",
                &feed_forward(h, [&self.linear1, &self.linear2], self.options.activation, &self.dropout)?,
            )
        })
    }
}

impl Layer for TransformerDecoderLayer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [x, memory] = inputs("TransformerDecoderLayer", all)?;
        self.decode(x, memory, &AttentionMasks::new(), &AttentionMasks::new())
    }
}

/// Layers of a transformer's decoder one after another, and a norm at the end if there is one.
///
/// # Shapes
/// As for [`TransformerDecoderLayer`].
///
/// # Errors
/// As for [`TransformerDecoderLayer`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{Layer, LayerNorm, TransformerDecoder, TransformerOptions};
/// let options = TransformerOptions::new().dim_feedforward(16).batch_first(true);
/// let decoder = TransformerDecoder::with(8, 2, 2, options, &mut autograd_core::seeded(7))?;
/// let decoder = decoder.norm(LayerNorm::new(&[8])?);
/// let all = [Tensor::ones(&[1, 3, 8], DType::F32)?, Tensor::ones(&[1, 5, 8], DType::F32)?];
/// let y = decoder.forward_all(&all)?;
/// assert_eq!(y.shape(), [1, 3, 8]);
/// assert!(y.mean_dim(-1)?.abs().max()?.item::<f32>()? < 1e-6);         // by the norm at the end
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct TransformerDecoder {
    /// The layers.
    pub layers: Vec<TransformerDecoderLayer>,
    /// The norm of what the last one gives.
    pub norm: Option<LayerNorm>,
}

impl TransformerDecoder {
    /// `num_layers` layers with the default options, and no norm at the end.
    ///
    /// # Errors
    /// If a number is 0, the heads do not divide the features, or memory does not hold so many layers.
    pub fn new(d_model: usize, nhead: usize, num_layers: usize, rng: &mut dyn Rng) -> Result<TransformerDecoder> {
        TransformerDecoder::with(d_model, nhead, num_layers, TransformerOptions::new(), rng)
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
    ) -> Result<TransformerDecoder> {
        TransformerDecoder::can_have(num_layers, d_model, options)?;
        let layers = (0..num_layers).map(|_| TransformerDecoderLayer::with(d_model, nhead, options, rng));
        Ok(TransformerDecoder { layers: layers.collect::<Result<_>>()?, norm: None })
    }

    /// So many layers, which there must be, and be room for.
    pub(super) fn can_have(num_layers: usize, d_model: usize, options: TransformerOptions) -> Result<()> {
        let check = Check("TransformerDecoder");
        check.require(num_layers > 0, "num_layers", num_layers, "at least 1")?;
        check.parts(num_layers, options.bytes(d_model, 8))
    }

    /// A norm at the end. Default: none.
    #[must_use]
    pub fn norm(mut self, norm: LayerNorm) -> TransformerDecoder {
        self.norm = Some(norm);
        self
    }

    /// The output for x and the memory, with masks for what x may attend to of itself and of the memory.
    ///
    /// # Errors
    /// If an input or a mask does not fit.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AttentionMasks, TransformerDecoder};
    /// let decoder = TransformerDecoder::new(4, 2, 1, &mut autograd_core::seeded(7))?;
    /// let (x, causal) = (Tensor::ones(&[3, 4], DType::F32)?, AttentionMasks::new().is_causal(true));
    /// assert_eq!(decoder.decode(&x, &x, &causal, &AttentionMasks::new())?.shape(), [3, 4]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn decode(
        &self,
        x: &Tensor,
        memory: &Tensor,
        masks: &AttentionMasks,
        memory_masks: &AttentionMasks,
    ) -> Result<Tensor> {
        let mut y = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            let run = || layer.decode(&y, memory, masks, memory_masks);
            y = observe::call(layer, format_args!("layers.{i}"), &[&y, memory], run)?;
        }
        self.norm.as_ref().map_or_else(|| Ok(y.clone()), |norm| norm.call("norm", &y))
    }
}

impl Layer for TransformerDecoder {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [x, memory] = inputs("TransformerDecoder", all)?;
        self.decode(x, memory, &AttentionMasks::new(), &AttentionMasks::new())
    }
}

#[cfg(test)]
cases![
    layer("TransformerDecoderLayer", |rng| {
        TransformerDecoderLayer::with(4, 2, TransformerOptions::new().dim_feedforward(3), rng)
    })
    .state(&[
        "self_attn.in_proj_weight",
        "self_attn.in_proj_bias",
        "self_attn.out_proj.weight",
        "self_attn.out_proj.bias",
        "multihead_attn.in_proj_weight",
        "multihead_attn.in_proj_bias",
        "multihead_attn.out_proj.weight",
        "multihead_attn.out_proj.bias",
        "linear1.weight",
        "linear1.bias",
        "linear2.weight",
        "linear2.bias",
        "norm1.weight",
        "norm1.bias",
        "norm2.weight",
        "norm2.bias",
        "norm3.weight",
        "norm3.bias",
    ])
    .maps_all(&[&[3, 2, 4], &[5, 2, 4]], &[&[3, 2, 4]])
    .refuses(&[3, 4], "TransformerDecoderLayer: takes 2 inputs, got 1")
    .refuses_all(
        &[&[3, 4], &[3, 5]],
        "in multihead_attn (MultiheadAttention): MultiheadAttention: key has shape [3, 5], expected [S, 4]",
    ),
    layer("TransformerDecoder", |rng| {
        let options = TransformerOptions::new().dim_feedforward(3).bias(false).norm_first(true);
        TransformerDecoder::with(2, 1, 1, options, rng)
    })
    .state(&[
        "layers.0.self_attn.in_proj_weight",
        "layers.0.self_attn.out_proj.weight",
        "layers.0.multihead_attn.in_proj_weight",
        "layers.0.multihead_attn.out_proj.weight",
        "layers.0.linear1.weight",
        "layers.0.linear2.weight",
        "layers.0.norm1.weight",
        "layers.0.norm2.weight",
        "layers.0.norm3.weight",
    ])
    .maps_all(&[&[3, 2], &[2, 2]], &[&[3, 2]]),
    layer("TransformerDecoder", |rng| TransformerDecoder::new(2, 1, 0, rng))
        .cannot_be("TransformerDecoder: num_layers is 0, it must be at least 1"),
];
