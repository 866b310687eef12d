//! The logarithm of softmax.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The logarithm of softmax along a dimension: [`Tensor::log_softmax`] as a layer.
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
/// PyTorch: `dim` has no default, because PyTorch's depends on the number of dimensions and is deprecated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct LogSoftmax {
    dim: isize,
}

impl LogSoftmax {
    /// A layer along dimension `dim`; a negative one counts from the end.
    pub fn new(dim: isize) -> LogSoftmax {
        LogSoftmax { dim }
    }
}

impl Layer for LogSoftmax {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.log_softmax(self.dim)
    }
}

#[cfg(test)]
cases![
    layer("LogSoftmax", |_| Ok(LogSoftmax::new(-1)))
        .maps(&[2, 3], &[2, 3])
        .maps(&[4], &[4])
        .maps(&[], &[])
        .maps(&[0, 2], &[0, 2])
        .gives([[0.0, 3f64.ln()], [1000.0, 0.0]], [[0.25f64.ln(), 0.75f64.ln()], [0.0, -1000.0]]),
    layer("LogSoftmax", |_| Ok(LogSoftmax::new(0))).gives([[0.0], [0.0]], [[0.5f64.ln()], [0.5f64.ln()]]),
    layer("LogSoftmax", |_| Ok(LogSoftmax::new(-3)))
        .refuses(&[2, 3], "log_softmax: dim -3 is out of range for shape [2, 3] (−2 to 1)"),
];
