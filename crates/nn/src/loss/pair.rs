//! Checks of an output and its target, whose errors name the loss.

use autograd_core::check::Check;
use autograd_core::{Error, Result, Tensor};

/// `input − target`, the target broadcast to the input. The other way round, `[N, 1]` against `[N]` would be `N²` pairs
/// of which N are meant. The ranks must agree: `[N]` against `[N, K]` would fit where K happens to be N, and pair
/// samples with columns.
pub(super) fn difference(op: &'static str, input: &Tensor, target: &Tensor) -> Result<Tensor> {
    Check(op).same_float(input, target)?;
    Check(op).broadcasts_to("the target", target, input.shape())?;
    if target.rank() != input.rank() && target.rank() != 0 {
        let expected = format!("one of the rank of the input's, {:?}; unsqueeze adds the missing dim", input.shape());
        return Err(Error::shape(op, "the target", target.shape(), expected));
    }
    input.try_sub(target)
}

/// `losses · weight`, the weight broadcast to the losses.
pub(super) fn weighted(op: &'static str, what: &'static str, losses: &Tensor, weight: &Tensor) -> Result<Tensor> {
    Check(op).same_float(losses, weight)?;
    Check(op).broadcasts_to(what, weight, losses.shape())?;
    losses.try_mul(weight)
}
