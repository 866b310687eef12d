//! The whole transformer.

mod decoder;
mod encoder;
mod options;
mod parts;
mod step;

use super::AttentionMasks;
use crate::init::{Initializer, xavier_uniform};
use crate::layer::{Layer, inputs};
use crate::observe;
use autograd_core::module::{ItemMut, Module as _, Path};
use autograd_core::{Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

pub use decoder::{TransformerDecoder, TransformerDecoderLayer};
pub use encoder::{TransformerEncoder, TransformerEncoderLayer};
pub use options::{TransformerActivation, TransformerOptions};
use parts::norm;
pub use step::{DecoderCache, DecoderLayerCache};

/// An encoder and a decoder, each with a norm at the end: [`TransformerEncoder`] and [`TransformerDecoder`].
///
/// All matrices start uniform by Xavier's rule.
///
/// # Shapes
/// `source: [S, N, E]`, `target: [L, N, E] → [L, N, E]`, or with the batch first if the options say so, or without N.
/// [`Layer::forward_all`] takes the source and the target.
///
/// # Errors
/// The constructors fail if a number is 0, the heads do not divide E, or the probability of dropout is not in `[0, 1]`;
/// `forward_all` if the inputs do not fit.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{AttentionMasks, Transformer, TransformerOptions};
/// let mut rng = autograd_core::seeded(7);
/// let options = TransformerOptions::new().dim_feedforward(16).batch_first(true).dropout(0.0);
/// let transformer = Transformer::with(8, 2, [2, 1], options, &mut rng)?;
/// let source = Tensor::randn(&[1, 5, 8], DType::F32, &mut rng)?;
/// let target = Tensor::randn(&[1, 3, 8], DType::F32, &mut rng)?;
/// let (none, causal) = (AttentionMasks::new(), AttentionMasks::new().is_causal(true));
/// let run = |target: &Tensor| transformer.transform([&source, target], [&none, &causal, &none]);
/// let y = run(&target)?;
/// assert_eq!(y.shape(), [1, 3, 8]);
/// assert!(y.mean_dim(-1)?.abs().max()?.item::<f32>()? < 1e-6);         // by the norm at the end
/// let first = run(&target.narrow(1, 0, 1)?)?;                          // which no later position reaches
/// assert!(first.try_sub(&y.narrow(1, 0, 1)?)?.abs().max()?.item::<f32>()? < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Vaswani et al., Attention is all you need, 2017.
#[derive(Clone, Debug, Module)]
pub struct Transformer {
    /// The encoder.
    pub encoder: TransformerEncoder,
    /// The decoder.
    pub decoder: TransformerDecoder,
}

impl Transformer {
    /// Six layers each, with the default options.
    ///
    /// # Errors
    /// If a number is 0, or the heads do not divide the features.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Transformer;
    /// let transformer = Transformer::new(4, 2, &mut autograd_core::seeded(7))?;
    /// assert_eq!((transformer.encoder.layers.len(), transformer.decoder.layers.len()), (6, 6));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn new(d_model: usize, nhead: usize, rng: &mut dyn Rng) -> Result<Transformer> {
        Transformer::with(d_model, nhead, [6, 6], TransformerOptions::new(), rng)
    }

    /// As many layers of the encoder and of the decoder as `num_layers` says.
    ///
    /// # Errors
    /// If a number is 0, the heads do not divide the features, or the probability of dropout is not in `[0, 1]`.
    pub fn with(
        d_model: usize,
        nhead: usize,
        num_layers: [usize; 2],
        options: TransformerOptions,
        rng: &mut dyn Rng,
    ) -> Result<Transformer> {
        let [encoder, decoder] = num_layers;
        // Before the encoder is drawn.
        TransformerDecoder::can_have(decoder, d_model, options)?;
        let encoder = TransformerEncoder::with(d_model, nhead, encoder, options, rng)?.norm(norm(d_model, options)?);
        let decoder = TransformerDecoder::with(d_model, nhead, decoder, options, rng)?.norm(norm(d_model, options)?);
        let mut transformer = Transformer { encoder, decoder };
        let mut outcome = Ok(());
        transformer.visit_mut(&Path::root(), &mut |_, item| {
            if let (Ok(()), ItemMut::Param(param)) = (&outcome, item)
                && param.shape().len() > 1
            {
                let start = xavier_uniform().tensor(param.shape(), param.dtype(), rng);
                outcome = start.and_then(|start| param.set(start));
            }
        });
        outcome.map(|()| transformer)
    }

    /// The output for a source and a target, with masks for what the source may attend to, what the target may attend
    /// to of itself, and of the encoded source.
    ///
    /// # Errors
    /// If an input or a mask does not fit.
    pub fn transform(
        &self,
        [source, target]: [&Tensor; 2],
        [source_masks, target_masks, memory_masks]: [&AttentionMasks; 3],
    ) -> Result<Tensor> {
        let memory = observe::call(&self.encoder, "encoder", &[source], || self.encoder.encode(source, source_masks))?;
        let decode = || self.decoder.decode(target, &memory, target_masks, memory_masks);
        observe::call(&self.decoder, "decoder", &[target, &memory], decode)
    }
}

impl Layer for Transformer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [source, target] = inputs("Transformer", all)?;
        let none = AttentionMasks::new();
        self.transform([source, target], [&none; 3])
    }
}

#[cfg(test)]
cases![
    layer("Transformer", |rng| {
        Transformer::with(2, 1, [1, 1], TransformerOptions::new().dim_feedforward(3).bias(false), rng)
    })
    .state(&[
        "encoder.layers.0.self_attn.in_proj_weight",
        "encoder.layers.0.self_attn.out_proj.weight",
        "encoder.layers.0.linear1.weight",
        "encoder.layers.0.linear2.weight",
        "encoder.layers.0.norm1.weight",
        "encoder.layers.0.norm2.weight",
        "encoder.norm.weight",
        "decoder.layers.0.self_attn.in_proj_weight",
        "decoder.layers.0.self_attn.out_proj.weight",
        "decoder.layers.0.multihead_attn.in_proj_weight",
        "decoder.layers.0.multihead_attn.out_proj.weight",
        "decoder.layers.0.linear1.weight",
        "decoder.layers.0.linear2.weight",
        "decoder.layers.0.norm1.weight",
        "decoder.layers.0.norm2.weight",
        "decoder.layers.0.norm3.weight",
        "decoder.norm.weight",
    ])
    .maps_all(&[&[3, 1, 2], &[2, 1, 2]], &[&[2, 1, 2]])
    .refuses(&[3, 2], "Transformer: takes 2 inputs, got 1")
    .refuses_all(
        &[&[3, 1, 4], &[2, 1, 2]],
        "in encoder.layers.0.self_attn (MultiheadAttention): MultiheadAttention: query has shape [3, 1, 4], expected \
         [L, N, 2]",
    ),
    layer("Transformer", |rng| Transformer::with(2, 1, [1, 0], TransformerOptions::new(), rng))
        .cannot_be("TransformerDecoder: num_layers is 0, it must be at least 1"),
];
