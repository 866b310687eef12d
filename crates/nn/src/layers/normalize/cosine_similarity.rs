//! The cosine of the angle between two inputs.

use crate::layer::{Layer, inputs};
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// The cosine of the angle between the vectors of two inputs: [`Tensor::cosine_similarity`] as a layer.
///
/// # Shapes
/// Two inputs that broadcast; the result is without the dim.
///
/// # Errors
/// `forward_all` fails if there are not two inputs, or they do not fit each other; `forward` always, since it has one.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{CosineSimilarity, Layer};
/// let (a, b) = (Tensor::from([[3.0, 4.0], [1.0, 0.0]]), Tensor::from([[0.0, 2.0], [-2.0, 0.0]]));
/// let y = CosineSimilarity::new().dim(1).eps(1e-8).forward_all(&[a, b])?;
/// assert_eq!(y.to_vec::<f32>()?, [0.8, -1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct CosineSimilarity {
    dim: isize,
    eps: f64,
}

impl CosineSimilarity {
    /// A layer with the default options.
    pub fn new() -> CosineSimilarity {
        CosineSimilarity { dim: 1, eps: 1e-8 }
    }

    /// The dim along which the vectors lie; negative counts from the end. Default 1.
    #[must_use]
    pub fn dim(mut self, dim: isize) -> CosineSimilarity {
        self.dim = dim;
        self
    }

    /// The least norm to divide by, any number. Default 1e-8.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> CosineSimilarity {
        self.eps = eps;
        self
    }
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        CosineSimilarity::new()
    }
}

impl Layer for CosineSimilarity {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [a, b] = inputs("CosineSimilarity", all)?;
        a.cosine_similarity(b, self.dim, self.eps)
    }
}

#[cfg(test)]
cases![
    layer("CosineSimilarity", |_| Ok(CosineSimilarity::new()))
        .maps_all(&[&[2, 3], &[2, 3]], &[&[2]])
        .maps_all(&[&[2, 3, 2], &[3, 2]], &[&[2, 2]])
        .gives_all(
            &[Tensor::from([[3.0, 4.0], [1.0, 0.0]]), Tensor::from([[0.0, 2.0], [-2.0, 0.0]])],
            &[Tensor::from([0.8, -1.0])],
        )
        .refuses(&[2, 3], "CosineSimilarity: takes 2 inputs, got 1")
        .refuses_all(&[&[3], &[3]], "cosine_similarity: dim 1 is out of range for shape [3] (−1 to 0)"),
    layer("CosineSimilarity", |_| Ok(CosineSimilarity::new().dim(-1).eps(0.5))).maps_all(&[&[3], &[3]], &[&[]]),
];
