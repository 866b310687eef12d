//! A smooth rectifier of square roots.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// A smooth rectifier of square roots: [`Tensor::squareplus`] as a layer, with b = 4 by default.
///
/// # Errors
/// `forward` fails if b is negative or not finite.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Squareplus};
/// assert_eq!(Squareplus::new().forward(&Tensor::from(0.0))?.item::<f32>()?, 1.0);
/// assert_eq!(Squareplus::new().b(0.0).forward(&Tensor::from(2.0))?.item::<f32>()?, 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Squareplus {
    b: f64,
}

impl Squareplus {
    /// A layer with b = 4.
    pub fn new() -> Squareplus {
        Squareplus { b: 4.0 }
    }

    /// The width of the bend, at least 0. Default 4.
    #[must_use]
    pub fn b(mut self, b: f64) -> Squareplus {
        self.b = b;
        self
    }
}

impl Default for Squareplus {
    fn default() -> Self {
        Squareplus::new()
    }
}

impl Layer for Squareplus {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.squareplus(self.b)
    }
}

#[cfg(test)]
cases![
    activation("Squareplus", |_| Ok(Squareplus::new()), |x| (x + (x * x + 4.0).sqrt()) / 2.0),
    activation("Squareplus", |_| Ok(Squareplus::new().b(1.0)), |x| (x + (x * x + 1.0).sqrt()) / 2.0),
];
