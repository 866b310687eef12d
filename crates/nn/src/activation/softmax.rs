//! Exponentials that sum to one.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = e^x / Σ e^x` along dimension `dim`.
///
/// # Gradient
/// `gx = y (gy − Σ gy y)`.
///
/// # Numerics
/// Shifted by the largest element: no overflow. A row of −∞ gives NaN.
///
/// # Errors
/// `forward` fails if the input has no such dimension.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Softmax};
/// assert_eq!(Softmax::new(-1).forward(&Tensor::from([[3.0, 3.0]]))?.to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch: `dim` has no default, for its default depends on the number of dimensions and is deprecated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Softmax {
    /// The dimension that is normalised; negative counts from the end.
    #[module(skip)]
    pub dim: isize,
}

impl Softmax {
    /// Along dimension `dim`.
    pub fn new(dim: isize) -> Softmax {
        Softmax { dim }
    }
}

impl Layer for Softmax {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.softmax(self.dim)?)
    }
}
