//! The parts of which a transformer's layers consist.

use super::super::{AttentionMasks, MultiheadAttention, MultiheadAttentionOptions};
use super::{TransformerActivation, TransformerOptions};
use crate::layer::Layer;
use crate::observe;
use crate::{Dropout, LayerNorm, LayerNormOptions, Linear, LinearOptions};
use autograd_core::{Result, Tensor};
use rand::Rng;

/// Attention with the options of a transformer.
pub(super) fn attention(
    d_model: usize,
    nhead: usize,
    options: TransformerOptions,
    rng: &mut dyn Rng,
) -> Result<MultiheadAttention> {
    let TransformerOptions { dropout, batch_first, bias, .. } = options;
    let options = MultiheadAttentionOptions::new().dropout(dropout).batch_first(batch_first).bias(bias);
    MultiheadAttention::with(d_model, nhead, options, rng)
}

/// The two products with the options of a transformer.
pub(super) fn products(d_model: usize, options: TransformerOptions, rng: &mut dyn Rng) -> Result<[Linear; 2]> {
    let (inner, bias) = (options.dim_feedforward, LinearOptions::new().bias(options.bias));
    Ok([Linear::with(d_model, inner, bias.clone(), rng)?, Linear::with(inner, d_model, bias, rng)?])
}

/// A norm with the options of a transformer.
pub(super) fn norm(d_model: usize, options: TransformerOptions) -> Result<LayerNorm> {
    LayerNorm::with(&[d_model], LayerNormOptions::new().eps(options.layer_norm_eps).bias(options.bias))
}

/// What `attention`, the part called `name`, finds in `memory`, or in x itself.
pub(super) fn attend(
    (name, attention): (&str, &MultiheadAttention),
    x: &Tensor,
    memory: Option<&Tensor>,
    masks: &AttentionMasks,
) -> Result<Tensor> {
    let memory = memory.unwrap_or(x);
    observe::call(attention, name, &[x, memory, memory], || attention.attend(x, memory, memory, masks))
}

/// `linear2(dropout(activation(linear1(x))))`
pub(super) fn feed_forward(
    x: &Tensor,
    [linear1, linear2]: [&Linear; 2],
    activation: TransformerActivation,
    dropout: &Dropout,
) -> Result<Tensor> {
    let h = activation.apply(&linear1.call("linear1", x)?);
    linear2.call("linear2", &dropout.call("dropout", &h)?)
}

/// `x + part(norm(x))`, or `norm(x + part(x))`; the norm is called by this name.
pub(super) fn residual(
    x: &Tensor,
    norm_first: bool,
    (name, norm): (&str, &LayerNorm),
    part: impl FnOnce(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    if norm_first {
        return x.try_add(&part(&norm.call(name, x)?)?);
    }
    norm.call(name, &x.try_add(&part(x)?)?)
}
