//! The `Initializer` trait: a way to make the values a parameter starts from.

use autograd_core::{DType, Result, Tensor};
use rand::Rng;
use std::fmt::Debug;

/// A way to make the values a parameter starts from. Layers take one as an option.
///
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::init::{Initializer, ones, xavier_uniform};
/// let starts: [Box<dyn Initializer>; 2] = [Box::new(ones()), Box::new(xavier_uniform().gain(2.0))];
/// for start in &starts {
///     assert_eq!(start.tensor(&[3, 2], DType::F32, &mut seeded(7))?.shape(), [3, 2]);
/// }
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait Initializer: Debug + Send + Sync {
    /// A tensor of this shape. Random values are drawn from `rng` in row-major order.
    ///
    /// # Errors
    /// If the initialiser's numbers are out of range, the shape does not suit it, or `dtype` is not a float type.
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor>;
}

impl<I: Initializer + ?Sized> Initializer for Box<I> {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        (**self).tensor(shape, dtype, rng)
    }
}
