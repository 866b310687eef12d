//! Power with a number as exponent.
//!
//! forward    y = xᶜ
//! backward   gx = gy c xᶜ⁻¹    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = xᶜ`, element by element.
    ///
    /// # Gradient
    /// `gx = gy · c xᶜ⁻¹`; at 0: 0 for c = 0 and c > 1, 1 for c = 1, +∞ for 0 < c < 1, −∞ for c < 0. Saves x.
    ///
    /// # Numerics
    /// The exponents −1, 0, ½, 1, 2 and 3 are computed without logarithms; a negative base with a fractional exponent is
    /// NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([2.0, 3.0]).powf(3.0).to_vec::<f32>()?, [8.0, 27.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn powf(&self, exponent: f64) -> Tensor {
        unary(self, Powf(exponent))
    }
}

#[derive(Clone, Copy)]
struct Powf(f64);

impl Unary for Powf {
    const NAME: &'static str = "powf";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        match self.0 {
            -1.0 => T::ONE / x,
            0.0 => T::ONE,
            0.5 => x.sqrt(),
            1.0 => x,
            2.0 => x * x,
            3.0 => x * x * x,
            c => x.powf(T::of(c)),
        }
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(match self.0 {
            0.0 => T::ZERO,
            c => gy * (T::of(c) * Powf(c - 1.0).value(x)),
        })
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        match self.0 {
            0.0 => Ok(gy.zeros_like()),
            c => gy.try_mul(&x.powf(c - 1.0).mul_scalar(c)),
        }
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let case = |label, c: f64| Case::unary(label, 0.4..2.0, &[], move |x| x.powf(c), move |x| x.powf(c));
    [case("powf(2.5)", 2.5), case("powf(3)", 3.0), case("powf(-1)", -1.0), case("powf(0.5)", 0.5), case("powf(0)", 0.0)]
}];
