//! Rectified linear unit with a small negative slope.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Rectified linear unit with a small negative slope: [`Tensor::leaky_relu`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, LeakyReLU};
/// let leaky = LeakyReLU::new().negative_slope(0.5);
/// assert_eq!(leaky.forward(&Tensor::from([-1.0, 2.0]))?.to_vec::<f32>()?, [-0.5, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct LeakyReLU {
    negative_slope: f64,
}

impl LeakyReLU {
    /// A layer with the default slope.
    pub fn new() -> LeakyReLU {
        LeakyReLU { negative_slope: 0.01 }
    }

    /// The slope for negative inputs, any number; default 0.01.
    #[must_use]
    pub fn negative_slope(mut self, negative_slope: f64) -> LeakyReLU {
        self.negative_slope = negative_slope;
        self
    }
}

impl Default for LeakyReLU {
    fn default() -> Self {
        LeakyReLU::new()
    }
}

impl Layer for LeakyReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        has_room("leaky_relu", x)?;
        Ok(x.leaky_relu(self.negative_slope))
    }
}

#[cfg(test)]
cases![
    activation("LeakyReLU", |_| Ok(LeakyReLU::new()), |x| if x > 0.0 { x } else { 0.01 * x }),
    activation("LeakyReLU", |_| Ok(LeakyReLU::new().negative_slope(2.0)), |x| x.min(2.0 * x)),
];
