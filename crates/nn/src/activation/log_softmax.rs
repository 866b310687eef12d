//! The logarithm of softmax.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// `y = x − ln Σ e^x` along dimension `dim`.
///
/// # Gradient
/// `gx = gy − e^y Σ gy`.
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
/// use wengert_nn::{Layer, LogSoftmax};
/// let y = LogSoftmax::new(-1).forward(&Tensor::from([[3.0, 3.0]]))?.to_vec::<f32>()?;
/// assert!((y[0] + 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch: `dim` has no default, for its default depends on the number of dimensions and is deprecated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct LogSoftmax {
    /// The dimension that is normalised; negative counts from the end.
    #[module(skip)]
    pub dim: isize,
}

impl LogSoftmax {
    /// Along dimension `dim`.
    pub fn new(dim: isize) -> LogSoftmax {
        LogSoftmax { dim }
    }
}

impl Layer for LogSoftmax {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.log_softmax(self.dim)?)
    }
}
