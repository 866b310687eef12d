//! Checks of an output and its target, whose errors name the loss.

use autograd_core::check::Check;
use autograd_core::{Error, Result, Tensor};

/// `input − target`, the target broadcast to the input. The other way round, `[N, 1]` against `[N]` would be `N²` pairs
/// of which N are meant.
pub(super) fn difference(op: &'static str, input: &Tensor, target: &Tensor) -> Result<Tensor> {
    Check(op).same_float(input, target)?;
    spreads(op, "the target", target, input)?;
    input.try_sub(target)
}

/// `losses · weight`, the weight broadcast to the losses.
pub(super) fn weighted(op: &'static str, what: &'static str, losses: &Tensor, weight: &Tensor) -> Result<Tensor> {
    Check(op).same_float(losses, weight)?;
    spreads(op, what, weight, losses)?;
    losses.try_mul(weight)
}

/// A tensor broadcasts to the input's shape: from the last dimension on, each of its sizes is the input's or 1.
fn spreads(op: &'static str, what: &'static str, tensor: &Tensor, input: &Tensor) -> Result<()> {
    let (from, to) = (tensor.shape(), input.shape());
    let fits = from.iter().rev().zip(to.iter().rev()).all(|(from, to)| from == to || *from == 1);
    if from.len() <= to.len() && fits {
        return Ok(());
    }
    let expected = format!("one that broadcasts to the input's, {to:?}");
    Err(Error::shape(op, what, from, expected))
}
