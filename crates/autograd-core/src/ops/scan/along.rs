//! The dimension that a scan goes along.

use crate::error::Result;
use crate::kernels::scan::{Scan, scan, scan_integers};
use crate::kernels::simd::from_fn;
use crate::ops::check::Check;
use crate::ops::shape::fill::pad::padded;
use crate::tensor::{DType, Tensor, for_float};

/// The dimension, and the sizes around it.
#[derive(Clone, Copy)]
pub(super) struct Along {
    pub(super) dim: usize,
    pub(super) length: usize,
    pub(super) inner: usize,
}

impl Along {
    pub(super) fn new(op: &'static str, x: &Tensor, dim: isize) -> Result<Along> {
        Ok(Along::of(x, Check(op).dim(dim, x.shape())?))
    }

    /// A scalar counts as a vector of one element.
    pub(super) fn of(x: &Tensor, dim: usize) -> Along {
        let [length, inner @ ..] = &x.shape()[dim.min(x.rank())..] else { return Along { dim, length: 1, inner: 1 } };
        Along { dim, length: *length, inner: inner.iter().product() }
    }

    /// A scan of float operands of one shape; not recorded.
    pub(super) fn scan<S, const N: usize>(
        self,
        op: &'static str,
        s: S,
        reverse: bool,
        x: [&Tensor; N],
    ) -> Result<Tensor>
    where
        S: Scan<N> + Send + 'static,
    {
        let mut packed = Vec::with_capacity(N);
        for x in x {
            packed.push(x.try_packed(op)?);
        }
        let operands: [&Tensor; N] = from_fn(|n| &*packed[n]);
        for_float!(x[0].float(), T => Tensor::compute::<T, N>(op, x[0].shape(), operands, move |x, y| {
            scan(s, reverse, x.map(|x| x.flat::<T>()), self.length, self.inner, y);
        }))
    }

    /// A scan of integers or truth values.
    pub(super) fn scan_integers(self, op: &'static str, f: fn(i64, i64) -> i64, x: &Tensor) -> Result<Tensor> {
        x.can_be_packed(op)?;
        let x = x.to_dtype(DType::I64);
        let x = x.try_packed(op)?;
        Tensor::compute::<i64, 1>(op, x.shape(), [&*x], move |[x], y| {
            scan_integers(f, x.flat(), self.length, self.inner, y);
        })
    }

    /// The elements one place further along the dim (`back`: one place back), with `fill` in the place that is free;
    /// recorded. The tensor is no scalar.
    pub(super) fn shifted(self, op: &'static str, x: &Tensor, back: bool, fill: f64) -> Result<Tensor> {
        if self.length == 0 {
            return x.reshape_to(x.shape());
        }
        let margin = if back { (-1, 1) } else { (1, -1) };
        let margins: Vec<_> = (0..x.rank()).map(|d| if d == self.dim { margin } else { (0, 0) }).collect();
        padded(op, x, &margins, fill)
    }
}

/// `f` of a tensor that has dims: a scalar is handed over as a vector of one element.
pub(super) fn with_dims(x: &Tensor, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    if x.rank() == 0 { f(&x.reshape_to(&[1])?)?.reshape_to(&[]) } else { f(x) }
}
