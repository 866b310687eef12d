//! Sigmoid-weighted linear unit, also called swish.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = x σ(x)`.
///
/// # Gradient
/// `gx = gy σ(x) (1 + x (1 − σ(x)))`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SiLU};
/// let y = SiLU.forward(&Tensor::from(1.0))?.item::<f32>()?;
/// assert!((y - 0.731_058_6).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct SiLU;

impl Layer for SiLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.silu())
    }
}
