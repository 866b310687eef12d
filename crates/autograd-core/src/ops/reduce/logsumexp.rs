//! Logarithm of a sum of exponentials.
//!
//! forward    y = ln Σ eˣ = m + ln Σ e^(x−m),  m = max x
//! backward   gx = gy e^(x−y), 0 where y = −∞    saves x and y

use super::along::Along;
use crate::error::Result;
use crate::kernels::rows::log_sum_exp;
use crate::ops::check;
use crate::tape::{Grads, Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};
use smallvec::smallvec;

impl Tensor {
    /// `y = ln Σ eˣ` along `axes` (all if none is named), without overflow; −∞ over no elements.
    ///
    /// # Gradient
    /// `gx = gy · softmax(x)`; 0 where y = −∞. Saves x and y.
    ///
    /// # Errors
    /// If an axis is out of range or named twice, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logsumexp(&[0], false)?;
    /// assert!((y.item::<f32>()? - 1000.693_1).abs() < 1e-3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logsumexp(&self, axes: &[isize], keepdim: bool) -> Result<Tensor> {
        check::float("logsumexp", self)?;
        let along = Along::new("logsumexp", self, axes, keepdim)?;
        let rows = along.rows(self);
        let value = for_float!(self.dtype(), T => Tensor::build::<T>(self.dtype(), &along.shape, |y| {
            if along.count == 0 {
                y.fill(T::NEG_INFINITY);
            } else {
                log_sum_exp::<T>(rows.flat(), along.count, y);
            }
        }), else rows);
        Ok(record("logsumexp", value, &[self], |y| LogSumExp { x: Saved::input(0, self), y: Saved::output(y), along }))
    }
}

struct LogSumExp {
    x: Saved,
    y: Saved,
    along: Along,
}

impl Pullback for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }

    fn pull(&self, at: &Pull<'_>) -> Result<Grads> {
        let y = self.along.spread(&self.y.get(at))?;
        // −∞ − −∞ is NaN; e^(−∞ − 0) is the 0 it should be.
        let nothing = y.eq(&y.full_like(f64::NEG_INFINITY))?;
        let y = nothing.where_(&y.zeros_like(), &y)?;
        let softmax = self.x.get(at).try_sub(&y)?.exp();
        Ok(smallvec![Some(softmax.try_mul(&self.along.spread(at.gy())?)?)])
    }

    fn saved(&self) -> Vec<&Tensor> {
        vec![self.x.value(), self.y.value()]
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::DType;
    use crate::ops::cases::{Case, Input};
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let lse = |x: &mut dyn Iterator<Item = f64>| x.map(f64::exp).sum::<f64>().ln();
    vec![
        Case::new("logsumexp", x(), |x| x[0].logsumexp(&[], false))
            .value(move |x| vec![lse(&mut x[0].iter().copied())])
            .refuses(
                |x| x[0].to_dtype(DType::I64).logsumexp(&[], false),
                "logsumexp: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                |x| x[0].logsumexp(&[-4], false),
                "logsumexp: axis -4 is out of range for shape [2, 3, 4] (−3 to 2)",
            ),
        Case::new("logsumexp(1)", x(), |x| x[0].logsumexp(&[1], true))
            .value(move |x| (0..8).map(|k| lse(&mut (0..3).map(|j| x[0][k / 4 * 12 + j * 4 + k % 4]))).collect()),
    ]
}
