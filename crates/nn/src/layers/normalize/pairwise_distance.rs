//! The distance between the rows of two inputs.

use crate::layer::{Layer, inputs};
use autograd_core::{DistanceOptions, Result, Tensor};
use wengert_derive::Module;

/// The distance between the rows of two inputs: [`Tensor::pairwise_distance`] as a layer.
///
/// # Shapes
/// Two inputs `[.., M]` that broadcast; the result is without the last dim.
///
/// # Errors
/// `forward_all` fails if there are not two inputs, or they do not fit each other; `forward` always, since it has one.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, PairwiseDistance};
/// let (a, b) = (Tensor::from([[0.0, 0.0], [1.0, 1.0]]), Tensor::from([[3.0, -4.0], [1.0, 1.0]]));
/// let distance = PairwiseDistance::new().p(1.0).eps(0.0).keepdim(true);
/// let y = distance.forward_all(&[a, b])?;
/// assert_eq!((y.shape(), y.to_vec::<f32>()?), (&[2, 1][..], vec![7.0, 0.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct PairwiseDistance {
    #[module(option)]
    options: DistanceOptions,
}

impl PairwiseDistance {
    /// A layer with the default options.
    pub fn new() -> PairwiseDistance {
        PairwiseDistance { options: DistanceOptions::new() }
    }

    /// The exponent of the norm, any number. Default 2.
    #[must_use]
    pub fn p(mut self, p: f64) -> PairwiseDistance {
        self.options = self.options.p(p);
        self
    }

    /// What is added to each difference, any number. Default 1e-6.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> PairwiseDistance {
        self.options = self.options.eps(eps);
        self
    }

    /// Whether the last dim stays, with size one. Default false.
    #[must_use]
    pub fn keepdim(mut self, keepdim: bool) -> PairwiseDistance {
        self.options = self.options.keepdim(keepdim);
        self
    }
}

impl Default for PairwiseDistance {
    fn default() -> Self {
        PairwiseDistance::new()
    }
}

impl Layer for PairwiseDistance {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }

    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [a, b] = inputs("PairwiseDistance", all)?;
        a.pairwise_distance(b, self.options)
    }
}

#[cfg(test)]
cases![
    layer("PairwiseDistance", |_| Ok(PairwiseDistance::new()))
        .maps_all(&[&[2, 3], &[2, 3]], &[&[2]])
        .maps_all(&[&[2, 3], &[3]], &[&[2]])
        .refuses(&[2, 3], "PairwiseDistance: takes 2 inputs, got 1")
        .refuses_all(
            &[&[2, 3], &[2]],
            "pairwise_distance: shapes [2, 3] and [2] do not broadcast: 3 ≠ 2 in dimension −1 (counted from the end)",
        ),
    layer("PairwiseDistance", |_| Ok(PairwiseDistance::new().p(1.0).eps(0.0).keepdim(true)))
        .gives_all(&[Tensor::from([[0.0, 0.0]]), Tensor::from([[3.0, -4.0]])], &[Tensor::from([[7.0]])]),
];
