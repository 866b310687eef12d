//! Rectified linear unit.
//!
//! forward    y = max(x, 0)
//! backward   gx = gy where y > 0, else 0    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Rectified linear unit.
    ///
    /// `y = max(x, 0)`, element by element.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else 0, also at 0; saves y. NaN stays NaN. Integers stay integers.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([-1.0, 2.0]).relu().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 2.0]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn relu(&self) -> Tensor {
        unary(self, Relu)
    }
}

#[derive(Clone, Copy)]
struct Relu;

impl Unary for Relu {
    const NAME: &'static str = "relu";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        if x < T::ZERO { T::ZERO } else { x }
    }

    #[inline(always)]
    fn integer(self, x: i64) -> Option<i64> {
        Some(x.max(0))
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(if y > T::ZERO { gy } else { T::ZERO })
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        y.gt(&y.zeros_like())?.where_(gy, &gy.zeros_like())
    }
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    vec![crate::ops::cases::Case::unary("relu", -2.0..2.0, &[0.0], |x| x.relu(), |x| x.max(0.0))]
}
