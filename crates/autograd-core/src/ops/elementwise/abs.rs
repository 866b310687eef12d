//! Absolute value.
//!
//! forward    y = |x|
//! backward   gx = gy · sign x, 0 at 0    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Absolute value.
    ///
    /// `y = |x|`, element by element.
    ///
    /// # Gradient
    /// `gx = gy · sign x`, 0 at 0; saves x. Integers stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-1.5, 2.0]).abs().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.5, 2.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn abs(&self) -> Tensor {
        unary(self, Abs)
    }
}

#[derive(Clone, Copy)]
struct Abs;

impl Unary for Abs {
    const NAME: &'static str = "abs";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.abs()
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.wrapping_abs())
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(if x > T::ZERO {
            gy
        } else if x < T::ZERO {
            -gy
        } else {
            gy * x
        })
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_mul(&x.sign())
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("abs", -2.0..2.0, &[0.0], |x| x.abs(), f64::abs)];
