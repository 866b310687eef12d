//! Convolutions of each channel by itself, and of all channels of each element.

use super::{Conv1d, Conv2d, ConvOptions};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{Error, PadMode, Padding, PerDim, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The options of [`DepthwiseConv2d`], [`SeparableConv2d`] and theirs over one dim.
///
/// # Examples
/// ```
/// use autograd_core::{DType, PadMode, Tensor};
/// use wengert_nn::{DepthwiseConv1d, Layer, SeparableConvOptions};
/// let options = SeparableConvOptions::new().depth_multiplier(2).stride(2).padding(1).dilation(1).bias(false);
/// let options = options.padding_mode(PadMode::Circular);
/// let conv = DepthwiseConv1d::with(3, 3, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(conv.forward(&Tensor::ones(&[1, 3, 8], DType::F32)?)?.shape(), [1, 6, 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SeparableConvOptions {
    depth_multiplier: usize,
    conv: ConvOptions,
    bias: bool,
}

impl Default for SeparableConvOptions {
    fn default() -> Self {
        SeparableConvOptions { depth_multiplier: 1, conv: ConvOptions::new(), bias: true }
    }
}

impl SeparableConvOptions {
    /// The defaults.
    pub fn new() -> SeparableConvOptions {
        SeparableConvOptions::default()
    }

    /// The number of kernels for each channel, at least 1. Default 1.
    #[must_use]
    pub fn depth_multiplier(mut self, depth_multiplier: usize) -> SeparableConvOptions {
        self.depth_multiplier = depth_multiplier;
        self
    }

    /// The distance between neighbouring outputs, at least 1. Default 1.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerDim>) -> SeparableConvOptions {
        self.conv = self.conv.stride(stride);
        self
    }

    /// The margins of the input, as for [`ConvOptions::padding`]. Default [`Padding::Valid`]: none.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> SeparableConvOptions {
        self.conv = self.conv.padding(padding);
        self
    }

    /// The distance between the taps of a kernel, at least 1. Default 1.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerDim>) -> SeparableConvOptions {
        self.conv = self.conv.dilation(dilation);
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> SeparableConvOptions {
        self.bias = bias;
        self
    }

    /// What stands in the margins. Default: zeros.
    #[must_use]
    pub fn padding_mode(mut self, padding_mode: PadMode) -> SeparableConvOptions {
        self.conv = self.conv.padding_mode(padding_mode);
        self
    }

    /// The number of channels between, and the convolution that makes them.
    fn depthwise(&self, name: &'static str, dims: usize, channels: usize, bias: bool) -> Result<(usize, ConvOptions)> {
        self.conv.check_same(name, dims)?;
        let check = Check(name);
        check.require(channels > 0, "in_channels", channels, "at least 1")?;
        check.require(self.depth_multiplier > 0, "depth_multiplier", self.depth_multiplier, "at least 1")?;
        let between = channels.checked_mul(self.depth_multiplier);
        let must = format!("countable for {channels} channels");
        let between = between.ok_or_else(|| Error::argument(name, "depth_multiplier", self.depth_multiplier, must))?;
        Ok((between, self.conv.clone().groups(channels).bias(bias)))
    }
}

macro_rules! depthwise {
    ($($Name:ident, $Conv:ident, $D:literal, $x:literal, $shapes:literal;)*) => {$(
        /// Convolution of each channel by itself, with `depth_multiplier` (M) kernels for each:
        /// output channel `c M + m` is that of input channel c and its kernel m.
        ///
        /// It is a convolution of as many groups as channels, and starts like one.
        ///
        /// # Shapes
        #[doc = $shapes]
        ///
        /// # Errors
        /// The constructors fail if a size is 0, or [`Padding::Same`] meets a stride that is not 1; `forward` if the
        /// input does not fit.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer, SeparableConvOptions};")]
        /// let options = SeparableConvOptions::new().bias(false);
        #[doc = concat!("let mut conv = ", stringify!($Name), "::with(2, 2, options, &mut autograd_core::seeded(7))?;")]
        /// conv.conv.weight.set(conv.conv.weight.ones_like())?;
        #[doc = concat!("let y = conv.forward(&Tensor::from(", $x, "))?;")]
        /// assert_eq!(y.to_vec::<f32>()?, [3.0, 8.0]);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # Differs from
        /// Keras in the layouts, which are PyTorch's, and in the values the weight starts from.
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            /// The convolution, whose weight is `[C M, 1, K..]`.
            #[module(flatten)]
            pub conv: $Conv,
        }

        impl $Name {
            /// A layer for `in_channels` (C), with the default options.
            ///
            /// # Errors
            /// If a size is 0.
            pub fn new(in_channels: usize, kernel_size: impl Into<PerDim>, rng: &mut dyn Rng) -> Result<$Name> {
                $Name::with(in_channels, kernel_size, SeparableConvOptions::new(), rng)
            }

            /// A layer for `in_channels` (C).
            ///
            /// # Errors
            /// If a size is 0, or [`Padding::Same`] meets a stride that is not 1.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::{", stringify!($Name), ", SeparableConvOptions};")]
            /// let options = SeparableConvOptions::new().depth_multiplier(2);
            #[doc = concat!("let conv = ", stringify!($Name), "::with(3, 5, options, &mut autograd_core::seeded(7))?;")]
            /// assert_eq!(conv.conv.weight.shape()[..2], [6, 1]);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(
                in_channels: usize,
                kernel_size: impl Into<PerDim>,
                options: SeparableConvOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                let (outputs, conv) = options.depthwise(stringify!($Name), $D, in_channels, options.bias)?;
                Ok($Name { conv: $Conv::with(in_channels, outputs, kernel_size, conv, rng)? })
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                // Not `call`: the flattened convolution has the place of this layer, under which its caller has called
                // it.
                self.conv.forward(x)
            }
        }
    )*};
}

depthwise! {
    DepthwiseConv1d, Conv1d, 1, "[[[1.0, 2.0], [3.0, 5.0]]]",
        "`x: [N, C, L]` or `[C, L]` → `[N, C M, L′]` or `[C M, L′]`.";
    DepthwiseConv2d, Conv2d, 2, "[[[[1.0, 0.0], [0.0, 2.0]], [[1.0, 2.0], [3.0, 2.0]]]]",
        "`x: [N, C, H, W]` or `[C, H, W]` → `[N, C M, H′, W′]` or `[C M, H′, W′]`.";
}

macro_rules! separable {
    ($($Name:ident, $Depthwise:ident, $Conv:ident, $D:literal, $x:literal, $shapes:literal;)*) => {$(
        /// Convolution in two steps: of each channel by itself, without a bias, and then of all channels of each
        /// element.
        ///
        #[doc = concat!("The steps are [`", stringify!($Depthwise), "`] and a [`", stringify!($Conv), "`] of kernel size 1.")]
        ///
        /// # Shapes
        #[doc = $shapes]
        ///
        /// # Errors
        /// The constructors fail if a size is 0, or [`Padding::Same`] meets a stride that is not 1; `forward` if the
        /// input does not fit.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer, SeparableConvOptions};")]
        /// let options = SeparableConvOptions::new().bias(false);
        #[doc = concat!("let mut conv = ", stringify!($Name), "::with(2, 1, 2, options, &mut autograd_core::seeded(7))?;")]
        /// for weight in [&mut conv.depthwise.conv.weight, &mut conv.pointwise.weight] {
        ///     weight.set(weight.ones_like())?;
        /// }
        /// // 3 of the first channel and 8 of the second.
        #[doc = concat!("let y = conv.forward(&Tensor::from(", $x, "))?;")]
        /// assert_eq!(y.to_vec::<f32>()?, [11.0]);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # Differs from
        /// Keras in the layouts, which are PyTorch's, and in the values the weights start from.
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            /// The first step, whose weight is `[C M, 1, K..]`.
            pub depthwise: $Depthwise,
            /// The second step, whose weight is `[O, C M, 1..]`.
            pub pointwise: $Conv,
        }

        impl $Name {
            /// A layer from `in_channels` (C) to `out_channels` (O), with the default options.
            ///
            /// # Errors
            /// If a size is 0.
            pub fn new(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                $Name::with(in_channels, out_channels, kernel_size, SeparableConvOptions::new(), rng)
            }

            /// A layer from `in_channels` (C) to `out_channels` (O).
            ///
            /// # Errors
            /// If a size is 0, or [`Padding::Same`] meets a stride that is not 1.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::{", stringify!($Name), ", SeparableConvOptions};")]
            /// let options = SeparableConvOptions::new().bias(false);
            #[doc = concat!("let conv = ", stringify!($Name), "::with(3, 8, 5, options, &mut autograd_core::seeded(7))?;")]
            /// assert!(conv.pointwise.bias.is_none());
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                options: SeparableConvOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                Check(stringify!($Conv)).require(out_channels > 0, "out_channels", out_channels, "at least 1")?;
                let (between, first) = options.depthwise(stringify!($Name), $D, in_channels, false)?;
                let conv = $Conv::with(in_channels, between, kernel_size, first, rng)?;
                let second = ConvOptions::new().bias(options.bias);
                let pointwise = $Conv::with(between, out_channels, 1, second, rng)?;
                Ok($Name { depthwise: $Depthwise { conv }, pointwise })
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.pointwise.call("pointwise", &self.depthwise.call("depthwise", x)?)
            }
        }
    )*};
}

separable! {
    SeparableConv1d, DepthwiseConv1d, Conv1d, 1, "[[[1.0, 2.0], [3.0, 5.0]]]",
        "`x: [N, C, L]` or `[C, L]` → `[N, O, L′]` or `[O, L′]`.";
    SeparableConv2d, DepthwiseConv2d, Conv2d, 2, "[[[[1.0, 0.0], [0.0, 2.0]], [[1.0, 2.0], [3.0, 2.0]]]]",
        "`x: [N, C, H, W]` or `[C, H, W]` → `[N, O, H′, W′]` or `[O, H′, W′]`.";
}

#[cfg(test)]
cases![
    layer("DepthwiseConv1d", |rng| DepthwiseConv1d::new(2, 3, rng))
        .state(&["weight", "bias"])
        .maps(&[2, 2, 4], &[2, 2, 2])
        .refuses(
            &[1, 3, 4],
            "conv1d: the input has 3 channels (shape [1, 3, 4]), expected 1 for each of 2 groups (weight has shape [2, 1, 3])"
        ),
    layer("DepthwiseConv2d", |rng| {
        let options = SeparableConvOptions::new().depth_multiplier(2).padding(Padding::Same).dilation(2).bias(false);
        DepthwiseConv2d::with(2, [2, 3], options, rng)
    })
    .state(&["weight"])
    .maps(&[1, 2, 3, 4], &[1, 4, 3, 4]),
    layer("DepthwiseConv1d", |rng| DepthwiseConv1d::new(0, 3, rng))
        .cannot_be("DepthwiseConv1d: in_channels is 0, it must be at least 1"),
    layer("DepthwiseConv1d", |rng| {
        DepthwiseConv1d::with(1, 3, SeparableConvOptions::new().depth_multiplier(0), rng)
    })
    .cannot_be("DepthwiseConv1d: depth_multiplier is 0, it must be at least 1"),
    layer("SeparableConv1d", |rng| SeparableConv1d::new(2, 3, 2, rng))
        .state(&["depthwise.weight", "pointwise.weight", "pointwise.bias"])
        .maps(&[2, 2, 4], &[2, 3, 3]),
    layer("SeparableConv2d", |rng| {
        let options =
            SeparableConvOptions::new().depth_multiplier(2).stride(2).padding(1).padding_mode(PadMode::Reflect);
        SeparableConv2d::with(2, 3, 2, options.bias(false), rng)
    })
    .state(&["depthwise.weight", "pointwise.weight"])
    .maps(&[1, 2, 3, 4], &[1, 3, 2, 3]),
    layer("DepthwiseConv2d", |rng| {
        DepthwiseConv2d::with(2, 2, SeparableConvOptions::new().padding([[1, 0], [0, 2]]), rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 2, 2, 2], &[1, 2, 2, 3]),
    layer("SeparableConv1d", |rng| {
        let options = SeparableConvOptions::new().padding([[2, 0]]).padding_mode(PadMode::Replicate);
        SeparableConv1d::with(2, 1, 3, options, rng)
    })
    .state(&["depthwise.weight", "pointwise.weight", "pointwise.bias"])
    .maps(&[1, 2, 3], &[1, 1, 3])
    .maps(&[2, 1], &[1, 1]),
    layer("SeparableConv2d", |rng| SeparableConv2d::new(1, 0, 3, rng))
        .cannot_be("Conv2d: out_channels is 0, it must be at least 1"),
    layer("DepthwiseConv1d", |rng| {
        DepthwiseConv1d::with(1, 3, SeparableConvOptions::new().padding(Padding::Same).stride(2), rng)
    })
    .cannot_be(
        "DepthwiseConv1d: padding Same gives outputs of the size of the input, and needs a stride of 1, not 2"
    ),
    layer("SeparableConv2d", |rng| {
        SeparableConv2d::with(1, 1, 3, SeparableConvOptions::new().padding(Padding::Same).stride([1, 2]), rng)
    })
    .cannot_be(
        "SeparableConv2d: padding Same gives outputs of the size of the input, and needs a stride of 1, not [1, 2]"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Channel c M + m is channel c under its kernel m.
    #[test]
    fn kernels_of_a_channel_stand_side_by_side() -> Result<()> {
        let options = SeparableConvOptions::new().depth_multiplier(2).bias(false);
        let mut conv = DepthwiseConv1d::with(2, 1, options, &mut autograd_core::seeded(7))?;
        conv.conv.weight.set(Tensor::from([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]))?;
        let y = conv.forward(&Tensor::from([[10.0], [100.0]]))?;
        assert_eq!(y.to_vec::<f32>()?, [10.0, 20.0, 300.0, 400.0]);
        Ok(())
    }
}
