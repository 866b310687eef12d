//! Softmin.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Softmax of the negated input: [`Tensor::softmin`] as a layer.
///
/// # Errors
/// `forward` fails if the input has no such dimension.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Softmin};
/// assert_eq!(Softmin::new(0).forward(&Tensor::from([2.0, 2.0]))?.to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch: `dim` has no default, because PyTorch's depends on the number of dimensions and is deprecated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Softmin {
    dim: isize,
}

impl Softmin {
    /// A layer along dimension `dim`; a negative one counts from the end.
    pub fn new(dim: isize) -> Softmin {
        Softmin { dim }
    }
}

impl Layer for Softmin {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.softmin(self.dim)
    }
}

#[cfg(test)]
cases![
    layer("Softmin", |_| Ok(Softmin::new(-1))).maps(&[2, 3], &[2, 3]).maps(&[4], &[4]).gives([1.0, 1.0], [0.5, 0.5]),
    layer("Softmin", |_| Ok(Softmin::new(0))).maps(&[2, 3], &[2, 3]),
];
