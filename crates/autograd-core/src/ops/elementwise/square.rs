//! Square.
//!
//! forward    y = x²
//! backward   gx = 2 x gy    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Square.
    ///
    /// `y = x²`, element by element.
    ///
    /// # Gradient
    /// `gx = 2 x gy`; saves x. Integers stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([3.0, -0.5]).square().to_vec::<f32>()?;
    /// assert!(y.iter().zip([9.0, 0.25]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn square(&self) -> Tensor {
        unary(self, Square)
    }
}

#[derive(Clone, Copy)]
struct Square;

impl Unary for Square {
    const NAME: &'static str = "square";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x * x
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.wrapping_mul(x))
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(gy * (x + x))
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_mul(&x.mul_scalar(2.0))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("square", -2.0..2.0, &[], |x| x.square(), |x| x * x)];
