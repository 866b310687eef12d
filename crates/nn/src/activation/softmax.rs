//! Exponentials that sum to one.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Exponentials that sum to one along a dimension: [`Tensor::softmax`] as a layer.
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
/// PyTorch: `dim` has no default, because PyTorch's depends on the number of dimensions and is deprecated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Softmax {
    dim: isize,
}

impl Softmax {
    /// A layer along dimension `dim`; a negative one counts from the end.
    pub fn new(dim: isize) -> Softmax {
        Softmax { dim }
    }
}

impl Layer for Softmax {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.softmax(self.dim)
    }
}

#[cfg(test)]
cases![
    layer("Softmax", |_| Ok(Softmax::new(-1)))
        .maps(&[2, 3], &[2, 3])
        .maps(&[4], &[4])
        .maps(&[], &[])
        .maps(&[0, 2], &[0, 2])
        .gives([[0.0, 3f64.ln()], [1000.0, 1000.0]], [[0.25, 0.75], [0.5, 0.5]]),
    layer("Softmax", |_| Ok(Softmax::new(0)))
        .maps(&[2, 3], &[2, 3])
        .gives([[0.0, 1.0], [3f64.ln(), 1.0]], [[0.25, 0.5], [0.75, 0.5]]),
    layer("Softmax", |_| Ok(Softmax::new(2)))
        .refuses(&[2, 3], "softmax: dim 2 is out of range for shape [2, 3] (−2 to 1)"),
];
