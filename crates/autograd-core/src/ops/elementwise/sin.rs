//! Sine.
//!
//! forward    y = sin x
//! backward   gx = gy cos x    saves x

use super::unary::{Keeps, Unary, trig, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Sine.
    ///
    /// `y = sin x, x in radians`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy cos x`; saves x. NaN at ±∞.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).sin().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.841_471]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sin(&self) -> Tensor {
        unary(self, Sin)
    }
}

#[derive(Clone, Copy)]
struct Sin;

impl Unary for Sin {
    const NAME: &'static str = "sin";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.sin_reduced()
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_mul(&x.cos())
    }

    fn values<T: Real>(self, x: &[T], y: &mut [T]) {
        trig(self, T::sin_any, x, y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sin", -3.0..3.0, &[], |x| x.sin(), f64::sin)];
