//! Inputs behind each other.

use super::some;
use crate::layer::Layer;
use autograd_core::{Dim, Result, Tensor};
use wengert_derive::Module;

/// Inputs behind each other along a dim: [`Tensor::cat`] of any number of inputs as a layer.
///
/// # Shapes
/// Inputs that differ in that dim at most, which has the sum of their sizes in the result: by default
/// `[.., A]`, `[.., B]`, .. give `[.., A + B + ..]`.
///
/// # Errors
/// `forward_all` fails if there is no input, or they do not fit each other.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Concatenate, Layer};
/// let all = [Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [4.0]])];
/// assert_eq!(Concatenate::new().forward_all(&all)?.to_vec::<f32>()?, [1.0, 3.0, 2.0, 4.0]);
/// assert_eq!(Concatenate::new().dim(0).forward_all(&all)?.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras's layer, where the dim is called `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Concatenate {
    dim: isize,
}

impl Concatenate {
    /// A layer along the last dim.
    pub fn new() -> Concatenate {
        Concatenate { dim: -1 }
    }

    /// The dim; negative counts from the end. Default −1.
    #[must_use]
    pub fn dim(mut self, dim: impl Dim) -> Concatenate {
        self.dim = dim.signed();
        self
    }
}

impl Default for Concatenate {
    fn default() -> Self {
        Concatenate::new()
    }
}

impl Layer for Concatenate {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        Tensor::cat(&some("Concatenate", all)?.iter().collect::<Vec<_>>(), self.dim)
    }
}

#[cfg(test)]
cases![
    layer("Concatenate", |_| Ok(Concatenate::new()))
        .maps_all(&[&[2, 3], &[2, 1], &[2, 2]], &[&[2, 6]])
        .maps_all(&[&[3], &[0]], &[&[3]])
        .maps(&[2, 3], &[2, 3])
        .gives_all(&[Tensor::from([1.0, 5.0]), Tensor::from([3.0])], &[Tensor::from([1.0, 5.0, 3.0])])
        .refuses_all(&[], "Concatenate: takes at least 1 input, got 0")
        .refuses_all(&[&[2, 3], &[3, 3]], "cat: a tensor has shape [3, 3], expected [2, 3] but for dim 1"),
    layer("Concatenate", |_| Ok(Concatenate::new().dim(1)))
        .maps_all(&[&[2, 3, 2], &[2, 1, 2]], &[&[2, 4, 2]])
        .refuses_all(&[&[2], &[2]], "cat: dim 1 is out of range for shape [2] (−1 to 0)"),
];
