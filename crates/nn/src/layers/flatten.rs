//! Merging dimensions into one.

use crate::error::Result;
use crate::layer::Layer;
use autograd_core::Tensor;
use wengert_derive::Module;

/// Merges dimensions `start_dim` to `end_dim`, both included, into one; by default all but the first.
///
/// # Shapes
/// By default `[N, ..] → [N, product of the rest]`.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{Flatten, Layer};
/// let images = Tensor::zeros(&[2, 1, 28, 28], DType::F32)?;
/// assert_eq!(Flatten::default().forward(&images)?.shape(), [2, 784]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Flatten {
    /// The first dimension merged; negative counts from the end.
    #[module(skip)]
    pub start_dim: isize,
    /// The last dimension merged; negative counts from the end.
    #[module(skip)]
    pub end_dim: isize,
}

impl Flatten {
    /// Merges dimensions `start_dim` to `end_dim`, both included.
    pub fn new(start_dim: isize, end_dim: isize) -> Flatten {
        Flatten { start_dim, end_dim }
    }
}

impl Default for Flatten {
    fn default() -> Self {
        Flatten::new(1, -1)
    }
}

impl Layer for Flatten {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.flatten(self.start_dim, self.end_dim)?)
    }
}
