//! Hyperbolic tangent.
//!
//! forward    y = tanh x
//! backward   gx = gy · (1 − y²)    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Hyperbolic tangent.
    ///
    /// `y = tanh x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy (1 − y²)`; saves y.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).tanh().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.761_594_2]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tanh(&self) -> Tensor {
        unary(self, Tanh)
    }
}

#[derive(Clone, Copy)]
struct Tanh;

impl Unary for Tanh {
    const NAME: &'static str = "tanh";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.tanh()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(gy * (T::ONE - y * y))
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        gy.try_mul(&y.square().neg().add_scalar(1.0))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("tanh", -2.0..2.0, &[], |x| x.tanh(), f64::tanh)];
