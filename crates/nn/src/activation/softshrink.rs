//! Soft shrinkage.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Soft shrinkage, which draws inputs to 0 by λ: [`Tensor::softshrink`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Softshrink};
/// let layer = Softshrink::new().lambd(0.25);
/// assert_eq!(layer.forward(&Tensor::from([0.125, 2.0]))?.to_vec::<f32>()?, [0.0, 1.75]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Softshrink {
    lambd: f64,
}

impl Softshrink {
    /// A layer with the default options.
    pub fn new() -> Softshrink {
        Softshrink { lambd: 0.5 }
    }

    /// λ ≥ 0: by how much inputs are drawn to 0. Default 0.5.
    #[must_use]
    pub fn lambd(mut self, lambd: f64) -> Softshrink {
        self.lambd = lambd;
        self
    }
}

impl Default for Softshrink {
    fn default() -> Self {
        Softshrink::new()
    }
}

impl Layer for Softshrink {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.softshrink(self.lambd)
    }
}

#[cfg(test)]
cases![
    activation("Softshrink", |_| Ok(Softshrink::new()), |x| x.signum() * (x.abs() - 0.5).max(0.0)),
    activation("Softshrink", |_| Ok(Softshrink::new().lambd(0.25)), |x| x.signum() * (x.abs() - 0.25).max(0.0)),
];
