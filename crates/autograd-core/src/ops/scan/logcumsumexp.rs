//! Logarithm of a running sum of exponentials.

use super::along::{Along, with_dims};
use super::recurrence::recurrence;
use crate::error::Result;
use crate::kernels::scan::LogSumExp;
use crate::ops::check::Check;
use crate::ops::shape::fill::pad::padded;
use crate::shape::Dim;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `y[k] = ln(e^x[0] + .. + e^x[k])` along `dim`, without overflow.
    ///
    /// # Gradient
    /// `gx[k] = e^(x[k] − y[k]) (gy[k] + e^(y[k] − y[k + 1]) (gy[k + 1] + ..))`, in which no exponential is above 1.
    /// NaN where x and y are both infinite. Saves x and, of `F64`, y.
    ///
    /// # Numerics
    /// `F32` is accumulated in `F64`, and rounded once for each element; so is its gradient, for which y is computed
    /// again: a rounded y of 10⁶ says little of what its parts are.
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
        logcumsumexp_of(self, dim.signed())
    }
}

fn logcumsumexp_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let Along { dim, .. } = Along::new("logcumsumexp", x, dim)?;
    Check("logcumsumexp").float(x)?;
    with_dims(x, |x| {
        let value = Along::of(x, dim).scan("logcumsumexp", LogSumExp, false, [x])?;
        let saved = |y: &Tensor| {
            let y = (y.dtype() == DType::F64).then(|| Saved::output(y));
            LogCumSumExp { x: Saved::input(0, x), y, dim }
        };
        Ok(record("logcumsumexp", value, &[x], saved))
    })
}

struct LogCumSumExp {
    x: Saved,
    /// None of `F32`.
    y: Option<Saved>,
    dim: usize,
}

impl Pullback for LogCumSumExp {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, y, gy) = (self.x.get(at), self.y.as_ref().map(|y| y.get(at)), at.gy());
        at.give(0, || match y {
            Some(y) => slopes(&x, &y, gy, self.dim),
            None => {
                let (x, gy) = (x.to_dtype(DType::F64), gy.to_dtype(DType::F64));
                Ok(slopes(&x, &x.logcumsumexp(self.dim)?, &gy, self.dim)?.to_dtype(DType::F32))
            }
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        if let Some(y) = &self.y {
            see(y);
        }
    }
}

/// The gradient, from what is saved.
fn slopes(x: &Tensor, y: &Tensor, gy: &Tensor, dim: usize) -> Result<Tensor> {
    let Some(steps) = Along::of(gy, dim).length.checked_sub(1) else { return gy.reshape_to(gy.shape()) };
    let (before, after) = (y.narrow(dim, 0, steps)?, y.narrow(dim, 1, steps)?);
    let (falls, _) = less(&before, &after)?;
    let margins: Vec<_> = (0..gy.rank()).map(|d| if d == dim { (0, 1) } else { (0, 0) }).collect();
    let falls = padded("logcumsumexp", &falls.exp(), &margins, 0.0)?;
    let (shares, unknown) = less(x, y)?;
    let gx = shares.exp().try_mul(&recurrence(&falls, gy, dim, true)?)?;
    // After the product: a NaN among its factors would reach, a derivative further, the elements that have a gradient.
    unknown.where_cond(&Tensor::full(&[], f64::NAN, y.dtype())?, &gx)
}

/// `a − b`, 0 where both are one infinity; and where that is.
fn less(a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor)> {
    let level = a.abs().eq_scalar(f64::INFINITY).logical_and(&a.eq(b)?)?;
    let difference = level.where_cond(&Tensor::full(&[], 0.0, a.dtype())?, &a.try_sub(b)?)?;
    Ok((difference, level))
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
                |x| x[0].to_dtype(DType::I64).logcumsumexp(0),
                "logcumsumexp: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("logcumsumexp of a scalar", vec![Input::real(&[], -2.0..2.0)], |x| x[0].logcumsumexp(0))
            .value(|x| x[0].clone()),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Tensor, grad};

    #[test]
    fn what_is_infinite_leaves_the_others_their_second_derivatives() -> crate::Result<()> {
        let x = Tensor::from([f64::NEG_INFINITY, 0.7, 0.2, -0.3]).requires_grad();
        let first = grad(&x.logcumsumexp(0)?.select(0, 3)?, &[&x])?.remove(0);
        let second = grad(&first.narrow(0, 1, 3)?.square().sum(), &[&x])?[0].to_f64s();
        // With p = softmax(x) of the finite: 2 p (p − Σ p²).
        for (got, want) in second[1..].iter().zip([0.122_44, -0.048_18, -0.074_26]) {
            assert!((got - want).abs() < 1e-5, "{second:?}");
        }
        Ok(())
    }

    #[test]
    fn the_gradient_does_not_see_what_all_elements_have_in_common() -> crate::Result<()> {
        let at = |offset: f32| -> crate::Result<Vec<f64>> {
            let x = Tensor::from([offset, offset, offset + 1.0]).requires_grad();
            Ok(grad(&x.logcumsumexp(0)?.sum(), &[&x])?[0].to_f64s())
        };
        for (near, far) in at(0.0)?.iter().zip(at(4e6)?) {
            assert!((near - far).abs() < 1e-6, "{near} {far}");
        }
        Ok(())
    }
}
