//! Logarithm of one plus x.
//!
//! forward    y = ln(1 + x)
//! backward   gx = gy / (1 + x)    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// ln(1 + x), accurate near 0.
    ///
    /// `y = ln(1 + x)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (1 + x)`; saves x. −∞ at −1 and NaN below.
    ///
    /// # Numerics
    /// Within 2 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).log1p().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.693_147_2]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log1p(&self) -> Tensor {
        unary(self, Log1p)
    }
}

#[derive(Clone, Copy)]
struct Log1p;

impl Unary for Log1p {
    const NAME: &'static str = "log1p";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.ln_1p()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(gy / (x + T::ONE))
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_div(&x.add_scalar(1.0))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("log1p", -0.7..2.0, &[], |x| x.log1p(), f64::ln_1p)];
