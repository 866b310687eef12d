//! Power with tensor base and exponent.
//!
//! forward    z = aᵇ
//! backward   ga = gy b aᵇ⁻¹ (0 where b = 0), gb = gy aᵇ ln a (where a = 0: 0 if b ≥ 0, −∞ if b < 0)    saves both

use super::binary::{Binary, binary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Power, base and exponent both tensors; for a number as exponent see [`Tensor::powf`].
    ///
    /// `z = aᵇ`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy · b aᵇ⁻¹` (0 where b = 0), `gb = gy · aᵇ ln a`; at a = 0: 0 for b ≥ 0, −∞ for b < 0. Saves both.
    /// A negative base with a fractional exponent is NaN.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([2.0, 3.0]).pow(&Tensor::from([3.0, 2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [8.0, 9.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn pow(&self, other: &Tensor) -> Result<Tensor> {
        binary(self, other, Pow)
    }
}

#[derive(Clone, Copy)]
struct Pow;

impl Binary for Pow {
    const NAME: &'static str = "pow";
    const KEEPS_OPERANDS: bool = true;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a.powf(b)
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, a: T, b: T) -> T {
        if b == T::ZERO { T::ZERO } else { gy * b * a.powf(b - T::ONE) }
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, a: T, b: T) -> T {
        if a == T::ZERO && b >= T::ZERO { T::ZERO } else { gy * a.powf(b) * a.ln() }
    }

    fn pull_a_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let slope = b.try_mul(&a.pow(&b.add_scalar(-1.0))?)?;
        let slope = b.eq(&b.zeros_like())?.where_(&b.zeros_like(), &slope)?;
        gy.try_mul(&slope)
    }

    fn pull_b_tensor(self, gy: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        // ln is taken only where it counts: its slope at 0 is infinite, and would come back as NaN.
        let flat = a.eq(&a.zeros_like())?.logical_and(&b.ge(&b.zeros_like())?)?;
        let safe = flat.where_(&a.ones_like(), a)?;
        let slope = flat.where_(&a.zeros_like(), &a.pow(b)?.try_mul(&safe.log())?)?;
        gy.try_mul(&slope)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("pow", 0.3..2.0, 0.4..2.0, |a, b| a.pow(b), f64::powf)];
