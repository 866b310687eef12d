//! Dimensions in another order.

use crate::layer::Layer;
use autograd_core::{Dim, Result, Tensor};
use wengert_derive::Module;

/// Dimensions in another order: [`Tensor::permute`] as a layer.
///
/// # Errors
/// `forward` fails if the input has not as many dimensions as are named.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Permute};
/// // One image of 1 × 2 pixels and three channels.
/// let y = Permute::new(&[0, 3, 1, 2]).forward(&Tensor::from([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]))?;
/// assert_eq!((y.shape(), y.to_vec::<f32>()?), (&[1, 3, 1, 2][..], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras, which does not name the dimension of samples, and counts the others from 1.
#[derive(Clone, Debug, PartialEq, Eq, Module)]
pub struct Permute {
    dims: Vec<isize>,
}

impl Permute {
    /// A layer whose result has dimension `dims[i]` of the input as its dimension i.
    pub fn new<D: Dim>(dims: &[D]) -> Permute {
        Permute { dims: dims.iter().map(|dim| dim.signed()).collect() }
    }
}

impl Layer for Permute {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.permute(&self.dims)
    }
}

#[cfg(test)]
cases![
    layer("Permute", |_| Ok(Permute::new(&[0, -1, 1])))
        .maps(&[2, 3, 4], &[2, 4, 3])
        .maps(&[0, 3, 4], &[0, 4, 3])
        .gives([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0, 3.0], [2.0, 4.0]]])
        .refuses(
            &[2, 3],
            "permute: the tensor has shape [2, 3], expected 3 dimensions, one for each of the dims [0, -1, 1]"
        ),
];
