//! Samples in another shape.

use crate::layer::Layer;
use autograd_core::{Dim, Error, Result, Tensor};
use wengert_derive::Module;

/// Gives each sample another shape: [`Tensor::reshape`] of all dimensions but the first.
///
/// # Shapes
/// `[N, ..] → [N, target shape]`
///
/// # Errors
/// `forward` fails if the input is a scalar, or the elements of a sample do not fit the target.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Reshape};
/// let y = Reshape::new(&[3, -1]).forward(&Tensor::from([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]))?;
/// assert_eq!((y.shape(), y.narrow(1, 1, 1)?.to_vec::<f32>()?), (&[1, 3, 2][..], vec![3.0, 4.0]));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Module)]
pub struct Reshape {
    target_shape: Vec<isize>,
}

impl Reshape {
    /// A layer to this shape of a sample, in which one size may be −1.
    pub fn new<D: Dim>(target_shape: &[D]) -> Reshape {
        Reshape { target_shape: target_shape.iter().map(|size| size.signed()).collect() }
    }
}

impl Layer for Reshape {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [_, sample @ ..] = x.shape() else {
            return Err(Error::shape("Reshape", "the input", x.shape(), "[N, ..]"));
        };
        // Through one dim, so −1 is known of no samples, too.
        let flat = if sample.is_empty() { x.unsqueeze(1)? } else { x.flatten(1, -1)? };
        match self.target_shape[..] {
            [] if flat.shape()[1] == 1 => flat.squeeze(&[1]),
            [] => Err(Error::shape("Reshape", "the input", x.shape(), "one element in each sample")),
            ref sizes => flat.unflatten(1, sizes),
        }
    }
}

#[cfg(test)]
cases![
    layer("Reshape", |_| Ok(Reshape::new(&[3, -1])))
        .maps(&[2, 6], &[2, 3, 2])
        .maps(&[2, 2, 3], &[2, 3, 2])
        .maps(&[0, 6], &[0, 3, 2])
        .refuses(&[2, 4], "unflatten: [3, -1] do not multiply to 4, the size of dim 1")
        .refuses(&[], "Reshape: the input has shape [], expected [N, ..]"),
    layer("Reshape", |_| Ok(Reshape::new::<isize>(&[])))
        .maps(&[2, 1, 1], &[2])
        .refuses(&[2, 3], "Reshape: the input has shape [2, 3], expected one element in each sample"),
    layer("Reshape", |_| Ok(Reshape::new(&[1, 1]))).maps(&[2], &[2, 1, 1]),
];
