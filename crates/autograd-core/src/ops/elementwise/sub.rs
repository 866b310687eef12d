//! Subtraction.
//!
//! forward    z = a − b
//! backward   ga = gy, gb = −gy    saves nothing

use super::binary::{Binary, binary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Difference, as an error instead of the panic of `-`.
    ///
    /// `z = a − b`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy`, `gb = −gy`; saves nothing. Integers stay integers.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0, 5.0]).try_sub(&Tensor::from([1.0, 7.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [2.0, -2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn try_sub(&self, other: &Tensor) -> Result<Tensor> {
        binary(self, other, Sub)
    }
}

#[derive(Clone, Copy)]
struct Sub;

impl Binary for Sub {
    const NAME: &'static str = "sub";
    const KEEPS_OPERANDS: bool = false;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a - b
    }

    #[inline(always)]
    fn integer(self, a: i64, b: i64) -> Option<i64> {
        Some(a.wrapping_sub(b))
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, _a: T, _b: T) -> T {
        gy
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, _a: T, _b: T) -> T {
        -gy
    }

    fn pull_a_tensor(self, gy: &Tensor, _a: &Tensor, _b: &Tensor) -> Result<Tensor> {
        Ok(gy.clone())
    }

    fn pull_b_tensor(self, gy: &Tensor, _a: &Tensor, _b: &Tensor) -> Result<Tensor> {
        Ok(gy.neg())
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("sub", -2.0..2.0, -2.0..2.0, |a, b| a.try_sub(b), |a, b| a - b)];
