//! Hyperbolic tangent.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = tanh x`.
///
/// # Gradient
/// `gx = gy (1 − y²)`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Tanh};
/// let y = Tanh.forward(&Tensor::from(1.0))?.item::<f32>()?;
/// assert!((y - 0.761_594_2).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct Tanh;

impl Layer for Tanh {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.tanh())
    }
}
