//! Multiplication.
//!
//! forward    z = a b
//! backward   ga = gy b, gb = gy a    saves both

use super::binary::{Binary, binary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Product, as an error instead of the panic of `*`.
    ///
    /// `z = a · b`, element by element; the operands are broadcast to a common shape.
    ///
    /// # Gradient
    /// `ga = gy · b`, `gb = gy · a`; saves both. Integers stay integers.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([3.0, 5.0]).try_mul(&Tensor::from([2.0]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [6.0, 10.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn try_mul(&self, other: &Tensor) -> Result<Tensor> {
        binary(self, other, Mul)
    }
}

#[derive(Clone, Copy)]
struct Mul;

impl Binary for Mul {
    const NAME: &'static str = "mul";
    const KEEPS_OPERANDS: bool = true;

    #[inline(always)]
    fn value<T: Real>(self, a: T, b: T) -> T {
        a * b
    }

    #[inline(always)]
    fn integer(self, a: i64, b: i64) -> Option<i64> {
        Some(a.wrapping_mul(b))
    }

    #[inline(always)]
    fn pull_a<T: Real>(self, gy: T, _a: T, b: T) -> T {
        gy * b
    }

    #[inline(always)]
    fn pull_b<T: Real>(self, gy: T, a: T, _b: T) -> T {
        gy * a
    }

    fn pull_a_tensor(self, gy: &Tensor, _a: &Tensor, b: &Tensor) -> Result<Tensor> {
        gy.try_mul(b)
    }

    fn pull_b_tensor(self, gy: &Tensor, a: &Tensor, _b: &Tensor) -> Result<Tensor> {
        gy.try_mul(a)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::binary("mul", -2.0..2.0, -2.0..2.0, |a, b| a.try_mul(b), |a, b| a * b)];
