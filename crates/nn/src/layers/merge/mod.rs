//! Layers that make one tensor of several.

mod concatenate;
mod dot;
mod elementwise;
mod subtract;

pub use concatenate::Concatenate;
pub use dot::{Dot, DotAxes};
pub use elementwise::*;
pub use subtract::Subtract;

use autograd_core::{Error, ErrorKind, Result, Tensor};

/// At least one input.
fn some<'x>(op: &str, all: &'x [Tensor]) -> Result<&'x [Tensor]> {
    if all.is_empty() {
        return Err(Error::new(ErrorKind::Argument, format!("{op}: takes at least 1 input, got 0")));
    }
    Ok(all)
}

/// The inputs with as many dims as the one that has most: batches stay in front.
fn aligned(op: &str, all: &[Tensor]) -> Result<Vec<Tensor>> {
    let rank = some(op, all)?.iter().map(Tensor::rank).max().unwrap_or_default();
    let behind_the_first = |x: &Tensor| match x.rank() {
        // A number fits everything as it is.
        0 => Ok(x.clone()),
        own => (own..rank).try_fold(x.clone(), |x, _| x.unsqueeze(1)),
    };
    all.iter().map(behind_the_first).collect()
}
