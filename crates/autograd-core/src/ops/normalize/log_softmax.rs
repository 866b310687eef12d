//! Logarithm of the softmax.
//!
//! forward    y = x − ln Σ eˣ along one axis
//! backward   gx = gy − eʸ Σ gy    saves y

use super::rows::along;
use crate::error::Result;
use crate::kernels::rows;
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Tensor, for_float};
use smallvec::smallvec;

impl Tensor {
    /// `y = x − ln Σ eˣ along one axis`.
    ///
    /// # Gradient
    /// `gx = gy − eʸ Σ gy`, summed along the axis; saves y.
    ///
    /// # Numerics
    /// Computed as `(x − m) − ln Σ e^(x−m)` with `m = max x`: no overflow, and no logarithm of a rounded zero.
    ///
    /// # Errors
    /// If the axis is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).log_softmax(0)?;
    /// assert!((y.to_vec::<f32>()?[0] + 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log_softmax(&self, axis: isize) -> Result<Tensor> {
        check::float("log_softmax", self)?;
        let axis = check::axis("log_softmax", axis, self.shape())?;
        let width = self.shape().get(axis).copied().unwrap_or(1);
        let value = along(axis, [self], |[x]| {
            for_float!(x.dtype(), T => Tensor::build::<T>(x.dtype(), x.shape(), |y| {
                rows::softmax::<T, true>(x.flat(), width, y);
            }), else x.into_owned())
        });
        Ok(record("log_softmax", value, &[self], |y| LogSoftmax { y: Saved::output(y), axis, width }))
    }
}

struct LogSoftmax {
    y: Saved,
    axis: usize,
    width: usize,
}

impl Pullback for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        let (y, gy) = (self.y.get(at), at.gy());
        if is_recording() && gy.rank() > 0 {
            return Ok(smallvec![Some(gy.try_sub(&y.exp().try_mul(&gy.sum_dim(&[self.axis as isize], true)?)?)?)]);
        }
        let gx = along(self.axis, [gy, &y], |[gy, y]| {
            for_float!(gy.dtype(), T => Tensor::build::<T>(gy.dtype(), gy.shape(), |gx| {
                rows::softmax_pull::<T, true>(gy.flat(), y.flat(), self.width, gx);
            }), else gy.into_owned())
        });
        Ok(smallvec![Some(gx)])
    }

    fn saved(&self) -> Vec<&Tensor> {
        vec![self.y.value()]
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::DType;
    use crate::ops::cases::{Case, Input};
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let row = |r: &[f64], x: f64| x - r.iter().map(|x| x.exp()).sum::<f64>().ln();
    let last =
        move |x: &[Vec<f64>]| x[0].chunks(4).flat_map(|r| r.iter().map(|x| row(r, *x)).collect::<Vec<_>>()).collect();
    let middle = move |x: &[Vec<f64>]| {
        let column = |i: usize| (0..3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).collect::<Vec<_>>();
        (0..24).map(|i| row(&column(i), x[0][i])).collect()
    };
    vec![
        Case::new("log_softmax(-1)", x(), |x| x[0].log_softmax(-1))
            .value(last)
            .refuses(|x| x[0].log_softmax(-4), "log_softmax: axis -4 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].to_dtype(DType::I64).log_softmax(0),
                "log_softmax: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("log_softmax(1)", x(), |x| x[0].log_softmax(1)).value(middle),
    ]
}
