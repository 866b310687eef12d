//! The smooth rectifier.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Smooth rectifier: [`Tensor::softplus`] as a layer.
///
/// # Errors
/// `forward` fails if `beta` is 0 or not finite.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Softplus};
/// let y = Softplus::new().beta(2.0).forward(&Tensor::from(0.0))?.item::<f32>()?;
/// assert!((y - 2f32.ln() / 2.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Softplus {
    beta: f64,
    threshold: f64,
}

impl Softplus {
    /// A layer with the default options.
    pub fn new() -> Softplus {
        Softplus { beta: 1.0, threshold: 20.0 }
    }

    /// The sharpness β, finite and not 0; default 1.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Softplus {
        self.beta = beta;
        self
    }

    /// The value of `β x` above which the result is x; default 20.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::{Layer, Softplus};
    /// assert_eq!(Softplus::new().threshold(1.0).forward(&Tensor::from(1.5))?.item::<f32>()?, 1.5);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Softplus {
        self.threshold = threshold;
        self
    }
}

impl Default for Softplus {
    fn default() -> Self {
        Softplus::new()
    }
}

impl Layer for Softplus {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.threshold.is_nan() {
            return Err(autograd_core::Error::argument("softplus", "threshold", self.threshold, "a number"));
        }
        x.softplus(self.beta, self.threshold)
    }
}

#[cfg(test)]
cases![
    activation("Softplus", |_| Ok(Softplus::new()), |x| x.exp().ln_1p()),
    activation(
        "Softplus",
        |_| Ok(Softplus::new().beta(2.0).threshold(1.0)),
        |x| if 2.0 * x > 1.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 }
    ),
    layer("Softplus", |_| Ok(Softplus::new().beta(0.0)))
        .refuses(&[2], "softplus: beta is 0.0, it must be finite and not 0"),
    layer("Softplus", |_| Ok(Softplus::new().beta(f64::INFINITY)))
        .refuses(&[2], "softplus: beta is inf, it must be finite and not 0"),
    layer("Softplus", |_| Ok(Softplus::new().threshold(f64::NAN)))
        .refuses(&[2], "softplus: threshold is NaN, it must be a number"),
];
