//! Hard shrinkage.

use super::has_room;
use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Hard shrinkage, 0 for small inputs: [`Tensor::hardshrink`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Hardshrink};
/// let layer = Hardshrink::new().lambd(0.25);
/// assert_eq!(layer.forward(&Tensor::from([0.125, 2.0]))?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Hardshrink {
    lambd: f64,
}

impl Hardshrink {
    /// A layer with the default options.
    pub fn new() -> Hardshrink {
        Hardshrink { lambd: 0.5 }
    }

    /// λ: inputs from −λ to λ become 0. Default 0.5.
    #[must_use]
    pub fn lambd(mut self, lambd: f64) -> Hardshrink {
        self.lambd = lambd;
        self
    }
}

impl Default for Hardshrink {
    fn default() -> Self {
        Hardshrink::new()
    }
}

impl Layer for Hardshrink {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        has_room("hardshrink", x)?;
        Ok(x.hardshrink(self.lambd))
    }
}

#[cfg(test)]
cases![
    activation("Hardshrink", |_| Ok(Hardshrink::new()), |x| if x.abs() > 0.5 { x } else { 0.0 }),
    activation("Hardshrink", |_| Ok(Hardshrink::new().lambd(0.25)), |x| if x.abs() > 0.25 { x } else { 0.0 }),
];
