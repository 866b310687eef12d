//! Smooth rectifier.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::{Error, Tensor};
use wengert_derive::Module;

/// `y = ln(1 + e^(β x)) / β`, and `y = x` where `β x > threshold`; by default β = 1, threshold = 20.
///
/// # Gradient
/// `gx = gy · σ(β x)`, and `gy` above the threshold.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Softplus};
/// let y = Softplus::default().forward(&Tensor::from(0.0))?.item::<f32>()?;
/// assert!((y - 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Softplus {
    #[module(skip)]
    beta: f64,
    #[module(skip)]
    threshold: f64,
}

impl Softplus {
    /// With this sharpness β, and linear where `β x > threshold`.
    ///
    /// # Errors
    /// If `beta` is 0 or not finite, or `threshold` is NaN.
    pub fn new(beta: f64, threshold: f64) -> Result<Softplus> {
        if beta == 0.0 || !beta.is_finite() {
            return Err(Error::argument("Softplus", "beta", beta, "finite and not 0").into());
        }
        if threshold.is_nan() {
            return Err(Error::argument("Softplus", "threshold", threshold, "a number").into());
        }
        Ok(Softplus { beta, threshold })
    }
}

impl Default for Softplus {
    fn default() -> Self {
        Softplus { beta: 1.0, threshold: 20.0 }
    }
}

impl Layer for Softplus {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.softplus(self.beta, self.threshold)?)
    }
}
