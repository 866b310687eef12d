//! Cosine.
//!
//! forward    y = cos x
//! backward   gx = −gy sin x    saves x

use super::unary::{Keeps, Unary, trig, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Cosine.
    ///
    /// `y = cos x, x in radians`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy sin x`; saves x. NaN at ±∞.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).cos().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 0.540_302_3]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cos(&self) -> Tensor {
        unary(self, Cos)
    }
}

#[derive(Clone, Copy)]
struct Cos;

impl Unary for Cos {
    const NAME: &'static str = "cos";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.cos_reduced()
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_mul(&x.sin().neg())
    }

    fn values<T: Real>(self, x: &[T], y: &mut [T]) {
        trig(self, T::cos_any, x, y);
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("cos", -3.0..3.0, &[], |x| x.cos(), f64::cos)];
