//! Checks of an output and its target, whose errors name the loss.

use super::hint;
use autograd_core::check::Check;
use autograd_core::{Result, Tensor};

/// Room for what a loss computes of each: as many numbers. An expanded tensor may be larger than memory.
pub(super) fn has_room(op: &'static str, all: &[&Tensor]) -> Result<()> {
    all.iter().try_for_each(|x| Check(op).room(x.shape(), x.dtype()))
}

/// `input − target`, the target broadcast to the input. The other way round, `[N, 1]` against `[N]` would be `N²` pairs
/// of which N are meant. The ranks must agree: `[N]` against `[N, K]` would fit where K happens to be N, and pair
/// samples with columns.
pub(super) fn difference(op: &'static str, input: &Tensor, target: &Tensor) -> Result<Tensor> {
    fits(op, input, target)?;
    input.try_sub(target)
}

/// An error unless the target broadcasts to the input, as for [`difference`].
pub(super) fn fits(op: &'static str, input: &Tensor, target: &Tensor) -> Result<()> {
    Check(op).same_float(input, target)?;
    hint::broadcasts_to(op, "the target", target, input.shape())
}

/// `losses · weight`, the weight broadcast to the losses; 0 where the weight is 0, also of an infinite loss.
pub(super) fn weighted(op: &'static str, what: &'static str, losses: &Tensor, weight: &Tensor) -> Result<Tensor> {
    Check(op).same_float(losses, weight)?;
    Check(op).broadcasts_to(what, weight, losses.shape())?;
    product(weight, losses)
}

/// `t · x`, and 0 where t is 0 and x infinite, which is the limit of what has no share in a loss. There x has the
/// gradient 0, too.
pub(super) fn product(t: &Tensor, x: &Tensor) -> Result<Tensor> {
    let nothing = t.eq_scalar(0.0).logical_and(&x.detach().isinf())?;
    t.try_mul(&x.masked_fill(&nothing, 0.0)?)
}
