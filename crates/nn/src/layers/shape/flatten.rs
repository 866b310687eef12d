//! Several dimensions merged into one.

use crate::layer::Layer;
use autograd_core::{Result, Tensor};
use wengert_derive::Module;

/// Merges dimensions `start_dim` to `end_dim`, both included, into one; by default all but the first.
///
/// # Shapes
/// By default `[N, ..] → [N, product of the rest]`.
///
/// # Errors
/// `forward` fails if the input has no such dimensions, or `end_dim` is before `start_dim`.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Flatten, Layer};
/// let images = Tensor::from([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
/// let y = Flatten::new().forward(&images)?;
/// assert_eq!((y.shape(), y.narrow(0, 1, 1)?.to_vec::<f32>()?), (&[2, 4][..], vec![5.0, 6.0, 7.0, 8.0]));
/// let y = Flatten::new().start_dim(0).end_dim(1).forward(&images)?;
/// assert_eq!((y.shape(), y.narrow(1, 1, 1)?.to_vec::<f32>()?), (&[4, 2][..], vec![2.0, 4.0, 6.0, 8.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Flatten {
    start_dim: isize,
    end_dim: isize,
}

impl Flatten {
    /// A layer that merges all dimensions but the first.
    pub fn new() -> Flatten {
        Flatten { start_dim: 1, end_dim: -1 }
    }

    /// The first dimension that is merged, default 1; negative counts from the end.
    #[must_use]
    pub fn start_dim(mut self, start_dim: isize) -> Flatten {
        self.start_dim = start_dim;
        self
    }

    /// The last dimension that is merged, default −1; negative counts from the end.
    #[must_use]
    pub fn end_dim(mut self, end_dim: isize) -> Flatten {
        self.end_dim = end_dim;
        self
    }
}

impl Default for Flatten {
    fn default() -> Self {
        Flatten::new()
    }
}

impl Layer for Flatten {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.flatten(self.start_dim, self.end_dim)
    }
}

#[cfg(test)]
cases![
    layer("Flatten", |_| Ok(Flatten::new()))
        .maps(&[2, 2, 3], &[2, 6])
        .maps(&[4, 3], &[4, 3])
        .maps(&[0, 2, 3], &[0, 6])
        .gives([[[1.0, 2.0], [3.0, 4.0]]], [[1.0, 2.0, 3.0, 4.0]])
        .refuses(&[3], "flatten: dim 1 is out of range for shape [3] (−1 to 0)"),
    layer("Flatten", |_| Ok(Flatten::new().start_dim(0).end_dim(-2))).maps(&[2, 2, 3], &[4, 3]),
];
