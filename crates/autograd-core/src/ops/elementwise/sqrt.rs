//! Square root.
//!
//! forward    y = √x
//! backward   gx = gy / (2 y)    saves y

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Square root.
    ///
    /// `y = √x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (2 y)`, +∞ at 0 (the true limit); saves y. NaN below 0.
    ///
    /// # Numerics
    /// Correctly rounded.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([4.0, 2.0]).sqrt().to_vec::<f32>()?;
    /// assert!(y.iter().zip([2.0, 1.414_213_5]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn sqrt(&self) -> Tensor {
        unary(self, Sqrt)
    }
}

#[derive(Clone, Copy)]
struct Sqrt;

impl Unary for Sqrt {
    const NAME: &'static str = "sqrt";
    const KEEPS: Keeps = Keeps::Output;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.sqrt()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, y: T) -> Option<T> {
        Some(gy / (y + y))
    }

    fn pull_tensor(self, gy: &Tensor, y: &Tensor) -> Result<Tensor> {
        gy.try_div(&y.mul_scalar(2.0))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("sqrt", 0.3..3.0, &[], |x| x.sqrt(), f64::sqrt)];
