//! Logistic function.
//!
//! forward    y = 1 / (1 + e⁻ˣ)
//! backward   gx = gy · y (1 − y)    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Logistic function.
    ///
    /// `y = 1 / (1 + e⁻ˣ)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · y (1 − y)`; saves y.
    ///
    /// # Numerics
    /// Within 2 ulp, in both tails.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 2.0]).sigmoid().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.5, 0.880_797]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sigmoid(&self) -> Tensor {
        unary(self, Sigmoid)
    }
}

#[derive(Clone, Copy)]
struct Sigmoid;

impl Unary for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.sigmoid()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(gy * ((T::ONE - y) * y))
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        gy.try_mul(&y.neg().add_scalar(1.0).try_mul(y)?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sigmoid", -3.0..3.0, &[], |x| x.sigmoid(), |x| 1.0 / (1.0 + (-x).exp()))];
