//! The logistic function.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = σ(x) = 1 / (1 + e^(−x))`.
///
/// # Gradient
/// `gx = gy y (1 − y)`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Sigmoid};
/// assert_eq!(Sigmoid.forward(&Tensor::from(0.0))?.item::<f32>()?, 0.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct Sigmoid;

impl Layer for Sigmoid {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.sigmoid())
    }
}
