//! Continuously differentiable exponential linear unit.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Continuously differentiable exponential linear unit: [`Tensor::celu`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, CELU};
/// let layer = CELU::new().alpha(0.5);
/// assert_eq!(layer.forward(&Tensor::from([0.0, 2.0]))?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Barron, Continuously Differentiable Exponential Linear Units, 2017.
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct CELU {
    alpha: f64,
}

impl CELU {
    /// A layer with the default options.
    pub fn new() -> CELU {
        CELU { alpha: 1.0 }
    }

    /// α, not 0: the limit on the left is −α. Default 1.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> CELU {
        self.alpha = alpha;
        self
    }
}

impl Default for CELU {
    fn default() -> Self {
        CELU::new()
    }
}

impl Layer for CELU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.celu(self.alpha)
    }
}

#[cfg(test)]
cases![
    activation("CELU", |_| Ok(CELU::new()), |x| if x > 0.0 { x } else { x.exp_m1() }),
    activation("CELU", |_| Ok(CELU::new().alpha(0.5)), |x| if x > 0.0 { x } else { 0.5 * (x / 0.5).exp_m1() }),
];
