//! Rows of tensors by number.

use autograd_core::{Error, ErrorKind, Result, Tensor};
use std::ops::Range;

/// Copies of the rows of `x` with these numbers.
pub(crate) fn rows(op: &str, x: &Tensor, indices: &[usize]) -> Result<Tensor> {
    let len = x.shape().first().copied().unwrap_or(0);
    if let Some((position, index)) = indices.iter().enumerate().find(|(_, index)| **index >= len) {
        return Err(no_sample(op, *index, position, len));
    }
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    x.index_select(0, &Tensor::from_slice(&indices, &[indices.len()])?)
}

/// A view of neighbouring rows of `x`.
pub(crate) fn rows_between(x: &Tensor, samples: Range<usize>) -> Result<Tensor> {
    let len = x.shape().first().copied().unwrap_or(0);
    if samples.end > len && !samples.is_empty() {
        let index = samples.start.max(len);
        return Err(no_sample("range", index, index - samples.start, len));
    }
    // An empty range may lie anywhere; the front is always inside.
    let start = if samples.is_empty() { 0 } else { samples.start as isize };
    x.narrow(0, start, samples.len())
}

/// The error for a sample that the dataset does not have.
fn no_sample(op: &str, index: usize, position: usize, len: usize) -> Error {
    let text = format!("{op}: sample {index} at position {position} is out of range for {len} samples");
    Error::new(ErrorKind::Index, text)
}
