//! Swish-gated linear unit.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Swish-gated linear unit, one half of the input times the swish of the other: [`Tensor::swiglu`] as a layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SwiGLU};
/// let x = Tensor::from([[2.0, 3.0]]);
/// assert_eq!(SwiGLU::new(-1).forward(&x)?.to_vec::<f32>()?, x.swiglu(-1)?.to_vec::<f32>()?);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct SwiGLU {
    dim: isize,
}

impl SwiGLU {
    /// A layer along `dim`.
    pub fn new(dim: isize) -> SwiGLU {
        SwiGLU { dim }
    }
}

impl Layer for SwiGLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.swiglu(self.dim)
    }
}

#[cfg(test)]
cases![
    layer("SwiGLU", |_| Ok(SwiGLU::new(-1))).maps(&[2, 6], &[2, 3]).maps(&[4], &[2]),
    layer("SwiGLU", |_| Ok(SwiGLU::new(0))).maps(&[2, 3], &[1, 3]),
];
