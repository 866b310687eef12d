//! Smooth rectifier.
//!
//! forward    y = ln(1 + e^(β x)) / β, or x where β x > threshold
//! backward   gx = gy σ(β x), or gy there    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::{Error, Result};
use crate::kernels::real::Real;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = ln(1 + e^(β x)) / β`, and `y = x` where `β x > threshold`.
    ///
    /// # Gradient
    /// `gx = gy · σ(β x)`, and `gy` above the threshold; saves x.
    ///
    /// # Numerics
    /// Computed as `max(x, 0) + ln(1 + e^(−|β x|)) / β`: no overflow whatever the threshold.
    ///
    /// # Errors
    /// If `beta` is 0 or not finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from(0.0).softplus(1.0, 20.0)?;
    /// assert!((y.item::<f32>()? - 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softplus(&self, beta: f64, threshold: f64) -> Result<Tensor> {
        if beta == 0.0 || !beta.is_finite() {
            return Err(Error::argument("softplus", "beta", beta, "finite and not 0"));
        }
        Ok(unary(self, Softplus { beta, threshold }))
    }
}

#[derive(Clone, Copy)]
struct Softplus {
    beta: f64,
    threshold: f64,
}

impl Unary for Softplus {
    const NAME: &'static str = "softplus";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        let beta = T::of(self.beta);
        let scaled = x * beta;
        let positive = if scaled > T::ZERO { scaled } else { T::ZERO };
        let smooth = (positive + (-scaled.abs()).exp().ln_1p()) / beta;
        if scaled > T::of(self.threshold) { x } else { smooth }
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        let scaled = x * T::of(self.beta);
        Some(if scaled > T::of(self.threshold) { gy } else { gy * scaled.sigmoid() })
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        let scaled = x.mul_scalar(self.beta);
        let linear = scaled.gt(&scaled.full_like(self.threshold))?;
        linear.where_(gy, &gy.try_mul(&scaled.sigmoid())?)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let call = |x: &Tensor| x.softplus(2.0, 3.0);
    let reference = |x: f64| if 2.0 * x > 3.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 };
    [Case::fallible_unary("softplus", -2.0..2.0, &[1.5], call, reference)
        .refuses(|x| x[0].softplus(0.0, 20.0), "softplus: beta is 0.0, it must be finite and not 0")
        .refuses(|x| x[0].softplus(f64::NAN, 20.0), "softplus: beta is NaN, it must be finite and not 0")]
}];
