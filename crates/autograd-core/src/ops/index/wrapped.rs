//! Indices of which negative ones count from the end.

use crate::error::{Error, ErrorKind, Result};
use crate::kernels::select::first_outside;
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

/// The indices into `size` elements, none negative any more; not recorded.
pub(super) fn wrapped(op: &'static str, index: &Tensor, size: usize) -> Result<Tensor> {
    Check(op).dtype(index, DType::I64)?;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let packed = index.try_packed(op)?;
    Tensor::look(op, [&*packed], move |[index]| {
        let values = index.flat::<i64>();
        let Some(at) = first_outside(values, -size..size) else { return Ok(()) };
        let range = if size == 0 { "there are no elements".into() } else { format!("−{size} to {}", size - 1) };
        let text = format!("{op}: index {} at position {at} is out of range ({range})", values[at]);
        Err(Error::new(ErrorKind::Index, text))
    })?;
    Tensor::moved::<i64, 1>(op, index.shape(), [&*packed], move |[index], y| {
        y.iter_mut().zip(index.flat::<i64>()).for_each(|(y, i)| *y = if *i < 0 { i + size } else { *i });
    })
}
