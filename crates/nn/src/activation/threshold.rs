//! A threshold.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The input above a threshold, a value of its own below: [`Tensor::threshold`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Threshold};
/// let layer = Threshold::new().threshold(0.5).value(-1.0);
/// assert_eq!(layer.forward(&Tensor::from([0.25, 1.5]))?.to_vec::<f32>()?, [-1.0, 1.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Threshold {
    threshold: f64,
    value: f64,
}

impl Threshold {
    /// A layer with the default options.
    pub fn new() -> Threshold {
        Threshold { threshold: 0.0, value: 0.0 }
    }

    /// Inputs up to this become the value. Default 0.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Threshold {
        self.threshold = threshold;
        self
    }

    /// What they become. Default 0.
    #[must_use]
    pub fn value(mut self, value: f64) -> Threshold {
        self.value = value;
        self
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold::new()
    }
}

impl Layer for Threshold {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        has_room("threshold", x)?;
        Ok(x.threshold(self.threshold, self.value))
    }
}

#[cfg(test)]
cases![
    activation("Threshold", |_| Ok(Threshold::new()), |x| if x > 0.0 { x } else { 0.0 }),
    activation("Threshold", |_| Ok(Threshold::new().threshold(0.5).value(-1.0)), |x| if x > 0.5 { x } else { -1.0 }),
];
