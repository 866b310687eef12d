//! Vectors of length 1.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Division by the Euclidean norm along a dim, so that each vector has length 1: [`Tensor::normalize`] as a layer. A
/// norm below 1e-12 counts as 1e-12.
///
/// # Shapes
/// Any with that dim, result as the input.
///
/// # Errors
/// `forward` fails if the input has no such dim.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, UnitNormalization};
/// let x = Tensor::from([[3.0, 4.0], [0.0, 0.0]]);
/// assert_eq!(UnitNormalization::new().forward(&x)?.to_vec::<f32>()?, [0.6, 0.8, 0.0, 0.0]);
/// assert_eq!(UnitNormalization::new().dim(0).forward(&x)?.to_vec::<f32>()?, [1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras's layer, where the dim is called `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct UnitNormalization {
    dim: isize,
}

impl UnitNormalization {
    /// A layer over the last dim.
    pub fn new() -> UnitNormalization {
        UnitNormalization { dim: -1 }
    }

    /// The dim along which the vectors lie; negative counts from the end. Default −1.
    #[must_use]
    pub fn dim(mut self, dim: isize) -> UnitNormalization {
        self.dim = dim;
        self
    }
}

impl Default for UnitNormalization {
    fn default() -> Self {
        UnitNormalization::new()
    }
}

impl Layer for UnitNormalization {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.normalize(2.0, self.dim, 1e-12)
    }
}

#[cfg(test)]
cases![
    layer("UnitNormalization", |_| Ok(UnitNormalization::new()))
        .maps(&[2, 3], &[2, 3])
        .maps(&[3], &[3])
        .maps(&[0, 3], &[0, 3])
        .gives([[3.0, 4.0], [0.0, 0.0]], [[0.6, 0.8], [0.0, 0.0]]),
    layer("UnitNormalization", |_| Ok(UnitNormalization::new().dim(1)))
        .maps(&[2, 3, 2], &[2, 3, 2])
        .refuses(&[3], "normalize: dim 1 is out of range for shape [3] (−1 to 0)"),
];
