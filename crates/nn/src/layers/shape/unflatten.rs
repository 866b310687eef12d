//! One dimension split into several.

use crate::layer::Layer;
use autograd_core::{Dim, Result, Tensor};
use wengert_derive::Module;

/// Splits a dimension into several: [`Tensor::unflatten`] as a layer.
///
/// # Shapes
/// `[.., product of the sizes, ..] → [.., the sizes, ..]`
///
/// # Errors
/// `forward` fails if the input has no such dimension, or the sizes do not multiply to its size.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Unflatten};
/// let y = Unflatten::new(1, &[1, 2, -1]).forward(&Tensor::from([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]))?;
/// assert_eq!((y.shape(), y.narrow(2, 1, 1)?.to_vec::<f32>()?), (&[1, 1, 2, 3][..], vec![4.0, 5.0, 6.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Module)]
pub struct Unflatten {
    dim: isize,
    unflattened_size: Vec<isize>,
}

impl Unflatten {
    /// A layer that splits dimension `dim`, where a negative one counts from the end; one of the sizes may be −1.
    pub fn new<D: Dim>(dim: impl Dim, unflattened_size: &[D]) -> Unflatten {
        Unflatten { dim: dim.signed(), unflattened_size: unflattened_size.iter().map(|size| size.signed()).collect() }
    }
}

impl Layer for Unflatten {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.unflatten(self.dim, &self.unflattened_size)
    }
}

#[cfg(test)]
cases![
    layer("Unflatten", |_| Ok(Unflatten::new(-1, &[3, 1]))).maps(&[2, 3], &[2, 3, 1]).maps(&[3], &[3, 1]),
    layer("Unflatten", |_| Ok(Unflatten::new(0, &[2, -1]))).maps(&[6, 2], &[2, 3, 2]),
    layer("Unflatten", |_| Ok(Unflatten::new(1, &[2, 2])))
        .refuses(&[2, 3], "unflatten: [2, 2] do not multiply to 3, the size of dim 1"),
];
