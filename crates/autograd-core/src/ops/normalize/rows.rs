//! Rows along any dimension, for kernels of packed rows.

use crate::error::Result;
use crate::shape::{Dims, Layout};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::borrow::Cow;

fn dim_last(x: &Tensor, dim: usize) -> Tensor {
    let swap = |dims: &[usize]| {
        let mut dims: Dims = SmallVec::from_slice(dims);
        let last = dims.len() - 1;
        dims.swap(dim, last);
        dims
    };
    x.with_layout(Layout::strided(&swap(x.shape()), &swap(x.strides()), x.layout().offset()))
}

/// `f` on the tensors with `dim` moved to the end and packed; its result moved back. Not recorded.
pub(super) fn along<const N: usize>(
    op: &'static str,
    dim: usize,
    x: [&Tensor; N],
    f: impl FnOnce([Cow<'_, Tensor>; N]) -> Result<Tensor>,
) -> Result<Tensor> {
    for x in x {
        x.can_be_packed(op)?;
    }
    if x[0].rank() < 2 || dim == x[0].rank() - 1 {
        return f(x.map(Tensor::packed));
    }
    Ok(dim_last(&f(x.map(|x| Cow::Owned(dim_last(x, dim).packed().into_owned())))?, dim))
}
