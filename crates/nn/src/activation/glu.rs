//! Gated linear unit.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Gated linear unit, one half of the input times the logistic function of the other: [`Tensor::glu`] as a layer.
///
/// # Errors
/// `forward` fails if the input has no such dimension, or one of an odd size.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, GLU};
/// assert_eq!(GLU::new(-1).forward(&Tensor::from([[3.0, 0.0]]))?.to_vec::<f32>()?, [1.5]);
/// assert_eq!(GLU::default(), GLU::new(-1));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch: `new` takes `dim` in any case; [`GLU::default`] has PyTorch's default, the last dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct GLU {
    dim: isize,
}

impl Default for GLU {
    fn default() -> Self {
        GLU::new(-1)
    }
}

impl GLU {
    /// A layer along dimension `dim`; a negative one counts from the end.
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
    layer("GLU", |_| Ok(GLU::default())).maps(&[2, 6], &[2, 3]).gives([3.0, 0.0], [1.5]),
];
