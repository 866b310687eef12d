//! What losses ask of an output and its target, with errors that name the loss.

use autograd_core::{Error, ErrorKind, Result, Tensor};

/// Both are of one float type.
pub(super) fn same_float(op: &'static str, input: &Tensor, target: &Tensor) -> Result<()> {
    if !input.dtype().is_float() {
        return Err(Error::not_float(op, input.dtype()));
    }
    if input.dtype() != target.dtype() {
        return Err(Error::mixed_dtypes(op, input.dtype(), target.dtype()));
    }
    Ok(())
}

/// `input − target`, the target broadcast to the input. The other way round, `[N, 1]` against `[N]` would be `N²` pairs
/// of which N are meant.
pub(super) fn difference(op: &'static str, input: &Tensor, target: &Tensor) -> Result<Tensor> {
    same_float(op, input, target)?;
    let difference = input.try_sub(target).map_err(|error| named(op, error))?;
    if difference.shape() != input.shape() {
        let expected = format!("one that broadcasts to the input's, {:?}", input.shape());
        return Err(Error::shape(op, "the target", target.shape(), expected));
    }
    Ok(difference)
}

/// `losses · weight`, broadcast.
pub(super) fn weighted(op: &'static str, losses: &Tensor, weight: &Tensor) -> Result<Tensor> {
    same_float(op, losses, weight)?;
    losses.try_mul(weight).map_err(|error| named(op, error))
}

/// An error of an operation inside the loss, told as one of the loss: its shapes are those the caller knows.
fn named(op: &'static str, error: Error) -> Error {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((_, what)) if error.kind() == ErrorKind::Shape => Error::new(ErrorKind::Shape, format!("{op}: {what}")),
        _ => error,
    }
}
