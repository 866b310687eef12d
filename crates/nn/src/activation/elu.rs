//! Exponential linear unit.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Exponential linear unit: [`Tensor::elu`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, ELU};
/// let layer = ELU::new().alpha(0.5);
/// assert_eq!(layer.forward(&Tensor::from([0.0, 2.0]))?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Clevert, Unterthiner, Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units, 2016.
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct ELU {
    alpha: f64,
}

impl ELU {
    /// A layer with the default options.
    pub fn new() -> ELU {
        ELU { alpha: 1.0 }
    }

    /// α, any number: the limit on the left is −α. Default 1.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> ELU {
        self.alpha = alpha;
        self
    }
}

impl Default for ELU {
    fn default() -> Self {
        ELU::new()
    }
}

impl Layer for ELU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        has_room("elu", x)?;
        Ok(x.elu(self.alpha))
    }
}

#[cfg(test)]
cases![
    activation("ELU", |_| Ok(ELU::new()), |x| if x > 0.0 { x } else { x.exp_m1() }),
    activation("ELU", |_| Ok(ELU::new().alpha(0.5)), |x| if x > 0.0 { x } else { 0.5 * x.exp_m1() }),
];
