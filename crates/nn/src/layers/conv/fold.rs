//! Windows as columns, and columns added up to images.

use crate::layer::Layer;
use autograd_core::{PerDim, Result, Tensor, Unfold as Windows};
use wengert_derive::Module;

/// The windows of images as columns (im2col): [`Tensor::unfold_windows`] as a layer.
///
/// # Shapes
/// `[N, C, H, W] → [N, C Kh Kw, L]`, or without N.
///
/// # Errors
/// `forward` fails if the input has other dims, a number is out of range, or no window fits.
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::{Layer, Unfold};
/// let x = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
/// let y = Unfold::new([2, 2]).stride(1).padding(0).dilation(1).forward(&x)?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Module)]
pub struct Unfold {
    #[module(option)]
    windows: Windows,
}

impl Unfold {
    /// Windows of this size, one element apart.
    pub fn new(kernel_size: impl Into<PerDim>) -> Unfold {
        Unfold { windows: Windows::new(kernel_size) }
    }
}

impl Layer for Unfold {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.unfold_windows(self.windows.clone())
    }
}

/// Columns added up to images, each in the place of its window (col2im): [`Tensor::fold_windows`] as a layer.
///
/// # Shapes
/// `[N, C Kh Kw, L] → [N, C, H, W]`, or without N.
///
/// # Errors
/// `forward` fails if there are not as many columns as windows, or their elements do not fill these.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{Fold, Layer};
/// let columns = Tensor::ones(&[4, 2], DType::F32)?;
/// let y = Fold::new([2, 3], 2).stride(1).padding(0).dilation(1).forward(&columns)?;
/// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Module)]
pub struct Fold {
    #[module(option)]
    output_size: PerDim,
    #[module(option)]
    windows: Windows,
}

impl Fold {
    /// Images of this size from windows of that size, one element apart.
    pub fn new(output_size: impl Into<PerDim>, kernel_size: impl Into<PerDim>) -> Fold {
        Fold { output_size: output_size.into(), windows: Windows::new(kernel_size) }
    }
}

impl Layer for Fold {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.fold_windows(self.output_size.clone(), self.windows.clone())
    }
}

macro_rules! windows {
    ($($Name:ident)*) => {$(
        impl $Name {
            /// The distance between the elements of a window, at least 1. Default 1.
            #[must_use]
            pub fn dilation(mut self, dilation: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.dilation(dilation);
                self
            }

            /// The margin at each side, of zeros. Default 0.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.padding(padding);
                self
            }

            /// The distance between neighbouring windows, at least 1. Default 1.
            #[must_use]
            pub fn stride(mut self, stride: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.stride(stride);
                self
            }
        }
    )*};
}
windows!(Unfold Fold);

#[cfg(test)]
cases![
    layer("Unfold", |_| Ok(Unfold::new([2, 3]).stride(2).padding([1, 0]).dilation([2, 1])))
        .maps(&[1, 2, 4, 5], &[1, 12, 4])
        .maps(&[2, 4, 5], &[12, 4]),
    layer("Fold", |_| Ok(Fold::new([4, 5], [2, 3]).stride(2).padding([1, 0]).dilation([2, 1])))
        .maps(&[1, 12, 4], &[1, 2, 4, 5])
        .refuses(
            &[1, 12, 3],
            "fold_windows: 3 columns (shape [1, 12, 3]) are not the 4 of 2 × 2 windows over an image of size [4, 5]"
        ),
];
