//! Gaussian error linear unit.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Gaussian error linear unit: [`Tensor::gelu`] as a layer, or, with an option, [`Tensor::gelu_tanh`].
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Approximate, GELU, Layer};
/// let x = Tensor::from(1.0);
/// assert!((GELU::new().forward(&x)?.item::<f32>()? - 0.841_344_7).abs() < 1e-6);
/// let tanh = GELU::new().approximate(Approximate::Tanh);
/// assert!((tanh.forward(&x)?.item::<f32>()? - 0.841_192).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Hendrycks, Gimpel, Gaussian error linear units, 2016.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct GELU {
    approximate: Approximate,
}

/// The way [`GELU`] computes the normal distribution function.
///
/// # Examples
/// ```
/// use wengert_nn::{Approximate, GELU};
/// assert_eq!(GELU::new(), GELU::new().approximate(Approximate::None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub enum Approximate {
    /// By the error function.
    #[default]
    None,
    /// By tanh.
    Tanh,
}

impl GELU {
    /// A layer without approximation.
    pub fn new() -> GELU {
        GELU::default()
    }

    /// The way the normal distribution function is computed; default [`Approximate::None`].
    #[must_use]
    pub fn approximate(mut self, approximate: Approximate) -> GELU {
        self.approximate = approximate;
        self
    }
}

impl Layer for GELU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        has_room("gelu", x)?;
        Ok(match self.approximate {
            Approximate::None => x.gelu(),
            Approximate::Tanh => x.gelu_tanh(),
        })
    }
}

#[cfg(test)]
cases![
    // Φ by its power series, which converges everywhere.
    activation(
        "GELU",
        |_| Ok(GELU::new()),
        |x| {
            let (mut term, mut sum) = (x, x);
            for n in 1..60 {
                term *= -x * x / (2.0 * f64::from(n));
                sum += term / f64::from(2 * n + 1);
            }
            x * (0.5 + sum / std::f64::consts::TAU.sqrt())
        }
    ),
    activation(
        "GELU",
        |_| Ok(GELU::new().approximate(Approximate::Tanh)),
        |x| { 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()) }
    ),
];
