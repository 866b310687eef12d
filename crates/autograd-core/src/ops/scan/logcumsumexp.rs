//! Logarithm of a running sum of exponentials.

use super::along::{Along, with_dims};
use super::recurrence::recurrence;
use crate::error::Result;
use crate::kernels::scan::LogSumExp;
use crate::ops::check::Check;
use crate::ops::shape::fill::pad::padded;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;

impl Tensor {
    /// `y[k] = ln(e^x[0] + .. + e^x[k])` along `dim`, without overflow.
    ///
    /// # Gradient
    /// `gx[k] = e^(x[k] − y[k]) (gy[k] + e^(y[k] − y[k + 1]) (gy[k + 1] + ..))`, in which no exponential is above 1. NaN
    /// where x and y are both infinite. Saves x and y.
    ///
    /// # Numerics
    /// `F32` is accumulated in `F64`, and rounded once for each element.
    ///
    /// # Errors
    /// If the dim is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logcumsumexp(0)?.to_vec::<f32>()?;
    /// assert!(y[0] == 1000.0 && (y[1] - 1000.693_1).abs() < 1e-3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logcumsumexp(&self, dim: impl Dim) -> Result<Tensor> {
        let Along { dim, .. } = Along::new("logcumsumexp", self, dim.signed())?;
        Check("logcumsumexp").float(self)?;
        with_dims(self, |x| {
            let value = Along::of(x, dim).scan("logcumsumexp", LogSumExp, false, [x])?;
            let saved = |y: &Tensor| LogCumSumExp { x: Saved::input(0, x), y: Saved::output(y), dim };
            Ok(record("logcumsumexp", value, &[x], saved))
        })
    }
}

struct LogCumSumExp {
    x: Saved,
    y: Saved,
    dim: usize,
}

impl Pullback for LogCumSumExp {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, y, gy) = (self.x.get(at), self.y.get(at), at.gy());
        at.give(0, || {
            let Along { dim, length, .. } = Along::of(gy, self.dim);
            let Some(steps) = length.checked_sub(1) else { return gy.reshape_to(gy.shape()) };
            let (before, after) = (y.narrow(dim, 0, steps)?, y.narrow(dim, 1, steps)?);
            // The difference of equal infinities is no fall.
            let level = before.abs().eq_scalar(f64::INFINITY).logical_and(&before.eq(&after)?)?;
            let falls = before.try_sub(&after)?;
            let falls = level.where_cond(&Tensor::full(&[], 0.0, y.dtype())?, &falls)?.exp();
            let margins: Vec<_> = (0..gy.rank()).map(|d| if d == dim { (0, 1) } else { (0, 0) }).collect();
            let falls = padded("logcumsumexp", &falls, &margins, 0.0)?;
            x.try_sub(&y)?.exp().try_mul(&recurrence(&falls, gy, dim, true)?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let middle = |x: &[Vec<f64>]| {
        let sum = |i: usize| (0..=i / 4 % 3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4].exp()).sum::<f64>();
        (0..24).map(|i| sum(i).ln()).collect()
    };
    [
        Case::new("logcumsumexp(1)", vec![Input::real(&[2, 3, 4], -2.0..2.0)], |x| x[0].logcumsumexp(1))
            .value(middle)
            .refuses(|x| x[0].logcumsumexp(3), "logcumsumexp: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].to_dtype(crate::DType::I64).logcumsumexp(0),
                "logcumsumexp: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("logcumsumexp of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].logcumsumexp(0))
            .value(|x| x[0].clone()),
    ]
}];
