//! Sparse probabilities.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Sparse probabilities along a dimension: [`Tensor::sparsemax`] as a layer.
///
/// # Errors
/// `forward` fails if the input has no such dimension.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Sparsemax};
/// assert_eq!(Sparsemax::new(-1).forward(&Tensor::from([[3.0, 3.0, 0.0]]))?.to_vec::<f32>()?, [0.5, 0.5, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Sparsemax {
    dim: isize,
}

impl Sparsemax {
    /// A layer along dimension `dim`; a negative one counts from the end.
    pub fn new(dim: isize) -> Sparsemax {
        Sparsemax { dim }
    }
}

impl Layer for Sparsemax {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.sparsemax(self.dim)
    }
}

#[cfg(test)]
cases![
    layer("Sparsemax", |_| Ok(Sparsemax::new(2)))
        .refuses(&[2, 3], "sparsemax: dim 2 is out of range for shape [2, 3] (−2 to 1)"),
    layer("Sparsemax", |_| Ok(Sparsemax::new(-1)))
        .maps(&[2, 3], &[2, 3])
        .gives([[0.5, 1.0, -9.0]], [[0.25, 0.75, 0.0]])
        .maps(&[0, 2], &[0, 2]),
];
