//! Rectified linear unit.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = max(x, 0)`.
///
/// # Gradient
/// `gx = gy` where `x > 0`, else 0, also at 0.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, ReLU};
/// assert_eq!(ReLU.forward(&Tensor::from([-1.0, 2.0]))?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct ReLU;

impl Layer for ReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.relu())
    }
}
