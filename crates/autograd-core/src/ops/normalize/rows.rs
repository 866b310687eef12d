//! Running a row kernel along any axis.

use crate::tensor::{Layout, Tensor};
use smallvec::SmallVec;
use std::borrow::Cow;

fn axis_last(x: &Tensor, axis: usize) -> Tensor {
    let swap = |dims: &[usize]| {
        let mut dims: SmallVec<[usize; 4]> = SmallVec::from_slice(dims);
        let last = dims.len() - 1;
        dims.swap(axis, last);
        dims
    };
    x.with_layout(Layout::strided(&swap(x.shape()), &swap(x.strides()), x.layout().offset()))
}

/// `f` on the tensors with `axis` moved to the end and packed; its result moved back. Not recorded.
pub(crate) fn along<const N: usize>(
    axis: usize,
    x: [&Tensor; N],
    f: impl FnOnce([Cow<'_, Tensor>; N]) -> Tensor,
) -> Tensor {
    if x[0].rank() < 2 || axis == x[0].rank() - 1 {
        return f(x.map(Tensor::packed));
    }
    axis_last(&f(x.map(|x| Cow::Owned(axis_last(x, axis).packed().into_owned()))), axis)
}
