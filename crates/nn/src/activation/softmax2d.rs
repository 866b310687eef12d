//! Exponentials over the channels of each pixel.

use crate::layer::Layer;
use autograd_core::{Error, Result, Tensor};
use wengert_derive::Module;

/// Exponentials that sum to one over the channels of each pixel: [`Tensor::softmax`] of dimension −3 as a layer.
///
/// # Shapes
/// `x: [N, C, H, W]` or `[C, H, W]`, the result like x.
///
/// # Errors
/// `forward` fails if the input has other dims.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Softmax2d};
/// let y = Softmax2d.forward(&Tensor::from([[[3.0, 1.0]], [[3.0, 1.0]]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [0.5; 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct Softmax2d;

impl Layer for Softmax2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if ![3, 4].contains(&x.rank()) {
            return Err(Error::shape("Softmax2d", "the input", x.shape(), "[N, C, H, W] or [C, H, W]"));
        }
        x.softmax(-3)
    }
}

#[cfg(test)]
cases![
    layer("Softmax2d", |_| Ok(Softmax2d))
        .maps(&[2, 3, 2, 2], &[2, 3, 2, 2])
        .maps(&[3, 2, 2], &[3, 2, 2])
        .maps(&[0, 3, 2, 2], &[0, 3, 2, 2])
        .gives([[[0.0]], [[3f64.ln()]]], [[[0.25]], [[0.75]]])
        .refuses(&[2, 3], "Softmax2d: the input has shape [2, 3], expected [N, C, H, W] or [C, H, W]"),
];
