//! Natural logarithm.
//!
//! forward    y = ln x
//! backward   gx = gy / x    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Natural logarithm.
    ///
    /// `y = ln x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / x`, ±∞ at 0; saves x. −∞ at 0 and NaN below.
    ///
    /// # Numerics
    /// Within 1 ulp.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 10.0]).log().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 2.302_585_1]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log(&self) -> Tensor {
        unary(self, Log)
    }
}

#[derive(Clone, Copy)]
struct Log;

impl Unary for Log {
    const NAME: &'static str = "log";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.ln()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(gy / x)
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_div(x)
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("log", 0.3..3.0, &[], |x| x.log(), f64::ln)];
