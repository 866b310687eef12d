//! What an initialiser is.

use crate::error::Result;
use autograd_core::{DType, Tensor};
use rand::Rng;

/// A way to make the values a parameter starts from.
pub trait Initializer {
    /// A tensor of this shape. Random values are drawn from `rng` in row-major order.
    ///
    /// # Errors
    /// If the initialiser's numbers are out of range, the shape does not suit it, or `dtype` is not a float type.
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut (impl Rng + ?Sized)) -> Result<Tensor>;
}
