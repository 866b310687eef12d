//! A number added to each channel.

use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{DType, Dim, Error, Result, Tensor};
use wengert_derive::Module;

/// A number for each channel is added: `y = x + b`, b along one dimension.
///
/// The bias starts at 0.
///
/// # Shapes
/// `x: [.., C, ..]`, `bias: [C]`, the result like x.
///
/// # Errors
/// `forward` fails if the input has no such dimension, or not as many channels.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Bias, Layer};
/// let mut bias = Bias::new(2)?.dim(0);
/// bias.bias.set(Tensor::from([10.0, 20.0]))?;
/// let y = bias.forward(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
/// assert_eq!(y.to_vec::<f32>()?, [11.0, 12.0, 23.0, 24.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct Bias {
    /// The numbers, `[C]`.
    pub bias: Param,
    dim: isize,
}

impl Bias {
    /// A layer for this many channels, C, which are the last dimension.
    ///
    /// # Errors
    /// If `channels` is 0.
    pub fn new(channels: usize) -> Result<Bias> {
        Check("Bias").require(channels > 0, "channels", channels, "at least 1")?;
        Ok(Bias { bias: Param::new(Tensor::zeros(&[channels], DType::F32)?)?, dim: -1 })
    }

    /// The dimension of the channels: −3 for those of images. Default −1.
    #[must_use]
    pub fn dim(mut self, dim: impl Dim) -> Bias {
        self.dim = dim.signed();
        self
    }
}

impl Layer for Bias {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let channels = self.bias.numel();
        if x.rank() == 0 {
            return Err(Error::shape(
                "Bias",
                "the input",
                x.shape(),
                format!("{channels} channels in dim {}", self.dim),
            ));
        }
        let (d, size) = Check("Bias").sized_dim(self.dim, x.shape())?;
        if size != channels {
            return Err(Error::shape("Bias", "the input", x.shape(), format!("{channels} channels in dim {d}")));
        }
        let mut shape = vec![1; x.rank() - d];
        shape[0] = channels;
        x.try_add(&self.bias.reshape(&shape)?)
    }
}

#[cfg(test)]
cases![
    layer("Bias", |_| Bias::new(3))
        .state(&["bias"])
        .maps(&[2, 3], &[2, 3])
        .maps(&[3], &[3])
        .maps(&[0, 3], &[0, 3])
        .refuses(&[2, 4], "Bias: the input has shape [2, 4], expected 3 channels in dim 1")
        .refuses(&[], "Bias: the input has shape [], expected 3 channels in dim -1"),
    layer("Bias", |_| Ok(Bias::new(2)?.dim(1)))
        .state(&["bias"])
        .maps(&[3, 2, 2], &[3, 2, 2])
        .refuses(&[2], "Bias: dim 1 is out of range for shape [2] (−1 to 0)"),
    layer("Bias", |_| Ok(Bias::new(2)?.dim(-3))).state(&["bias"]).maps(&[2, 2, 3, 2], &[2, 2, 3, 2]),
    layer("Bias", |_| Bias::new(0)).cannot_be("Bias: channels is 0, it must be at least 1"),
];
