//! Logarithm of a sum of exponentials.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::kernels::rows::log_sum_exp;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

impl Tensor {
    /// `y = ln Σ eˣ` along `dims`, without overflow; −∞ over no elements.
    ///
    /// # Gradient
    /// `gx = gy · softmax(x)`; 0 where y = −∞. Saves x and y.
    ///
    /// # Errors
    /// If a dim is out of range or named twice, or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logsumexp(0)?;
    /// assert!((y.item::<f32>()? - 1000.693_1).abs() < 1e-3);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn logsumexp(&self, dims: impl Into<ReduceDims>) -> Result<Tensor> {
        let float = Check("logsumexp").float(self)?;
        let along = Along::new("logsumexp", self, &dims.into())?;
        let rows = along.rows(self);
        let value = for_float!(float, T => Tensor::build::<T>(&along.shape, |y| {
            if along.count == 0 {
                y.fill(T::NEG_INFINITY);
            } else {
                log_sum_exp::<T>(rows.flat(), along.count, y);
            }
        }));
        Ok(record("logsumexp", value, &[self], |y| LogSumExp { x: Saved::input(0, self), y: Saved::output(y), along }))
    }
}

struct LogSumExp {
    x: Saved,
    y: Saved,
    along: Along,
}

impl Pullback for LogSumExp {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, y, gy) = (self.x.get(at), self.y.get(at), at.gy());
        at.give(0, || {
            let y = self.along.spread(&y)?;
            // −∞ − −∞ would be NaN, but e^(−∞ − 0) is 0, as it should be.
            let nothing = y.eq(&y.full_like(f64::NEG_INFINITY))?;
            let y = nothing.where_cond(&y.zeros_like(), &y)?;
            x.try_sub(&y)?.exp().try_mul(&self.along.spread(gy)?)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        see(&self.y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let lse = |x: &mut dyn Iterator<Item = f64>| x.map(f64::exp).sum::<f64>().ln();
    [
        Case::new("logsumexp", x(), |x| x[0].logsumexp(..))
            .value(move |x| vec![lse(&mut x[0].iter().copied())])
            .refuses(
                |x| x[0].to_dtype(DType::I64).logsumexp(..),
                "logsumexp: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(|x| x[0].logsumexp(-4), "logsumexp: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)"),
        Case::new("logsumexp(1)", x(), |x| x[0].logsumexp(keep(1)))
            .value(move |x| (0..8).map(|k| lse(&mut (0..3).map(|j| x[0][k / 4 * 12 + j * 4 + k % 4]))).collect()),
    ]
}];
