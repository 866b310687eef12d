//! Rectified linear unit with a small negative slope.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = x` where `x > 0`, else `negative_slope · x`; the slope is 0.01 by default.
///
/// # Gradient
/// `gx = gy` where `x > 0`, else `negative_slope · gy`, also at 0.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, LeakyReLU};
/// assert_eq!(LeakyReLU::new(0.5).forward(&Tensor::from([-1.0, 2.0]))?.to_vec::<f32>()?, [-0.5, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct LeakyReLU {
    /// The slope for negative inputs.
    #[module(skip)]
    pub negative_slope: f64,
}

impl LeakyReLU {
    /// With this slope for negative inputs.
    pub fn new(negative_slope: f64) -> LeakyReLU {
        LeakyReLU { negative_slope }
    }
}

impl Default for LeakyReLU {
    fn default() -> Self {
        LeakyReLU::new(0.01)
    }
}

impl Layer for LeakyReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.leaky_relu(self.negative_slope))
    }
}
