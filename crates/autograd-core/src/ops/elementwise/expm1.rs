//! Exponential minus one.
//!
//! forward    y = eˣ − 1
//! backward   gx = gy · (y + 1)    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// eˣ − 1, accurate near 0.
    ///
    /// `y = eˣ − 1`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · (y + 1)`; saves y.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).expm1().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.718_281_8]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn expm1(&self) -> Tensor {
        unary(self, Expm1)
    }
}

#[derive(Clone, Copy)]
struct Expm1;

impl Unary for Expm1 {
    const NAME: &'static str = "expm1";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.exp_m1()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(gy * (y + T::ONE))
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        gy.try_mul(&y.add_scalar(1.0))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("expm1", -2.0..2.0, &[], |x| x.expm1(), f64::exp_m1)];
