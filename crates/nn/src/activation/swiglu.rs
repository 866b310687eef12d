//! Swish-gated linear unit.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Swish-gated linear unit, the swish of the first half of the input times the other half: [`Tensor::swiglu`] as a
/// layer.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, SwiGLU};
/// let y = SwiGLU::new(-1).forward(&Tensor::from([[2.0, 3.0]]))?.item::<f32>()?;
/// assert!((y - 5.284_782).abs() < 1e-5); // 3 · 2 / (1 + e⁻²)
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
