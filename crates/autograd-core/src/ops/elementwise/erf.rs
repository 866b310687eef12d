//! Error function.
//!
//! forward    y = erf x
//! backward   gx = gy · 2/√π e^(−x²)    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// Error function.
    ///
    /// `y = 2/√π ∫₀ˣ e^(−t²) dt`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · 2/√π · e^(−x²)`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp in `F32`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).erf().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.520_499_9]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn erf(&self) -> Tensor {
        unary(self, Erf)
    }
}

#[derive(Clone, Copy)]
struct Erf;

impl Unary for Erf {
    const NAME: &'static str = "erf";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x.erf()
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        Some(gy * (T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp()))
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        gy.try_mul(&x.square().neg().exp().mul_scalar(std::f64::consts::FRAC_2_SQRT_PI))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("erf", -2.0..2.0, &[], |x| x.erf(), crate::ops::cases::erf_reference)];
