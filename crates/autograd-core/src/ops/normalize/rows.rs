//! Row kernels along any dimension: softmax and its logarithm, which differ in two formulas.

use crate::error::Result;
use crate::keep;
use crate::kernels::rows;
use crate::ops::check::Check;
use crate::shape::{Dims, Layout};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};
use smallvec::SmallVec;
use std::borrow::Cow;

/// Softmax along one dimension, or its logarithm if `LOG`.
pub(super) fn softmax<const LOG: bool>(op: &'static str, x: &Tensor, dim: isize) -> Result<Tensor> {
    let float = Check(op).float(x)?;
    let dim = Check(op).dim(dim, x.shape())?;
    let width = x.shape().get(dim).copied().unwrap_or(1);
    let value = along(op, dim, [x], |[x]| {
        for_float!(float, T => Tensor::try_build::<T>(op, x.shape(), |y| {
            rows::softmax::<T, LOG>(x.flat(), width, y);
        }))
    })?;
    Ok(record(op, value, &[x], |y| Softmax::<LOG> { y: Saved::output(y), dim, width }))
}

struct Softmax<const LOG: bool> {
    y: Saved,
    dim: usize,
    width: usize,
}

impl<const LOG: bool> Pullback for Softmax<LOG> {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (y, gy) = (self.y.get(at), at.gy());
        // The only element of a scalar is its own row.
        let sum = |x: &Tensor| if x.rank() == 0 { Ok(x.clone()) } else { x.sum_dim(keep(self.dim as isize)) };
        at.give(0, || {
            if LOG {
                // gy − eʸ Σ gy, with what cancels near y = 0 taken out of both.
                let others = sum(gy)?.try_sub(gy)?;
                return gy.try_mul(&y.expm1())?.try_add(&y.exp().try_mul(&others)?).map(|gx| gx.neg());
            }
            // The y of a row add up to 1, so what all gy have in common changes nothing: that of the largest y would be
            // most of the sum, and cancel.
            let common = if y.numel() == 0 || y.rank() == 0 {
                gy.zeros_like()
            } else {
                gy.gather(self.dim as isize, &y.detach().argmax(keep(self.dim as i32))?)?
            };
            let gy = gy.try_sub(&common)?;
            y.try_mul(&gy.try_sub(&sum(&gy.try_mul(&y)?)?)?)
        })
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let (y, gy) = (self.y.value(), at.gy());
        at.give(0, || {
            along("softmax", self.dim, [gy, y], |[gy, y]| {
                for_float!(gy.float(), T => Tensor::try_build::<T>("softmax", gy.shape(), |gx| {
                    rows::softmax_pull::<T, LOG>(gy.flat(), y.flat(), self.width, gx);
                }))
            })
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.y);
    }
}

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
fn along<const N: usize>(
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
