//! Exponential.
//!
//! forward    y = eˣ
//! backward   gx = gy · y    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Exponential.
    ///
    /// `y = eˣ`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · y`; saves y.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32` and `F64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).exp().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 2.718_281_8]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn exp(&self) -> Tensor {
        unary(self, Exp)
    }
}

#[derive(Clone, Copy)]
struct Exp;

impl Unary for Exp {
    const NAME: &'static str = "exp";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.exp()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(gy * y)
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        gy.try_mul(y)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("exp", -2.0..2.0, &[], |x| x.exp(), f64::exp)];
