//! Positions along one dim by a kernel over rows.

use crate::error::Result;
use crate::ops::check::Check;
use crate::tape::cut;
use crate::tensor::{Tensor, for_any};

/// The kernel that finds the positions.
#[derive(Clone, Copy)]
pub(super) enum Find {
    /// The first k in this order.
    First { k: usize, descending: bool },
    /// Number k in ascending order.
    Nth(usize),
}

impl Find {
    fn width(self) -> usize {
        match self {
            Find::First { k, .. } => k,
            Find::Nth(_) => 1,
        }
    }
}

/// The number of elements along `dim`, which is counted from the front then.
pub(super) fn size(op: &'static str, x: &Tensor, dim: isize) -> Result<(usize, usize)> {
    let d = Check(op).dim(dim, x.shape())?;
    Ok((d, x.shape().get(d).copied().unwrap_or(1)))
}

/// Positions along dimension `d`, in the shape of `x` with as many elements along it as there are positions.
pub(super) fn positions(op: &'static str, x: &Tensor, d: usize, find: Find) -> Result<Tensor> {
    let (k, last) = (find.width(), x.rank().saturating_sub(1) as isize);
    cut(op, &[x]);
    let values = x.untied();
    // Elements along d become rows.
    let turned = if x.rank() > 1 { values.transpose(d as isize, last)? } else { values };
    let n = turned.shape().last().copied().unwrap_or(1);
    let mut shape = turned.shape().to_vec();
    shape.iter_mut().last().into_iter().for_each(|size| *size = k);
    let rows = turned.try_packed(op)?;
    let index = for_any!(x.dtype(), T => Tensor::compute::<i64, 1>(op, &shape, [&*rows], move |[x], y| {
        use crate::kernels::order::sort::{first, nth};
        match find {
            Find::First { k, descending } => first::<T>(x.flat(), n, k, descending, y),
            Find::Nth(k) => nth::<T>(x.flat(), n, k, y),
        }
    }))?;
    if x.rank() > 1 { Ok(index.transpose(d as isize, last)?.contiguous()) } else { Ok(index) }
}
