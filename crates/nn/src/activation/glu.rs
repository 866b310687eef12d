//! Gated linear unit.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Gated linear unit, one half of the input times the logistic function of the other: [`Tensor::glu`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, GLU};
/// assert_eq!(GLU::new(-1).forward(&Tensor::from([[3.0, 0.0]]))?.to_vec::<f32>()?, [1.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct GLU {
    dim: isize,
}

impl GLU {
    /// A layer along `dim`.
    pub fn new(dim: isize) -> GLU {
        GLU { dim }
    }
}

impl Layer for GLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.glu(self.dim)
    }
}

#[cfg(test)]
cases![
    layer("GLU", |_| Ok(GLU::new(-1))).maps(&[2, 6], &[2, 3]).maps(&[4], &[2]).gives([3.0, 0.0], [1.5]),
    layer("GLU", |_| Ok(GLU::new(0))).maps(&[2, 3], &[1, 3]),
];
