//! Transposed convolutions as layers.

use super::{Sizes, start};
use crate::init::{Initializer, Starts};
use crate::layer::Layer;
use autograd_core::module::Param;
use autograd_core::{ConvTranspose, Error, ErrorKind, PerDim, Result, Tensor};
use rand::Rng;
use std::fmt;
use std::sync::Arc;
use wengert_derive::Module;

/// The options of [`ConvTranspose1d`], [`ConvTranspose2d`] and [`ConvTranspose3d`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{ConvTranspose1d, ConvTransposeOptions, Layer};
/// let options = ConvTransposeOptions::new().stride(2).padding(1).dilation(1).groups(2).bias(false);
/// let up = ConvTranspose1d::with(2, 4, 3, options.output_padding(1), &mut autograd_core::seeded(7))?;
/// assert_eq!((up.weight.shape(), up.bias.is_none()), (&[2, 2, 3][..], true));
/// assert_eq!(up.forward(&Tensor::ones(&[1, 2, 8], DType::F32)?)?.shape(), [1, 4, 16]);
///
/// use wengert_nn::init;
/// let options = ConvTransposeOptions::new().weight(init::kaiming_normal()).bias_init(init::zeros());
/// let up = ConvTranspose1d::with(2, 4, 3, options, &mut autograd_core::seeded(7))?;
/// assert_eq!(up.bias.expect("a bias").to_vec::<f32>()?, [0.0; 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct ConvTransposeOptions {
    stride: PerDim,
    padding: PerDim,
    end: End,
    dilation: PerDim,
    groups: usize,
    bias: bool,
    /// A layer that is made keeps none.
    starts: Starts,
}

/// A layer is described by this text: initialisers, which it does not keep, are in it only if there are some.
impl fmt::Debug for ConvTransposeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConvTransposeOptions { stride, padding, end, dilation, groups, bias, starts } = self;
        let mut all = f.debug_struct("ConvTransposeOptions");
        all.field("stride", stride).field("padding", padding).field("end", end).field("dilation", dilation);
        all.field("groups", groups).field("bias", bias);
        starts.show(&mut all);
        all.finish()
    }
}

/// Where the output ends.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Padding(PerDim),
    Size(PerDim),
}

impl Default for ConvTransposeOptions {
    fn default() -> Self {
        let (zero, one) = (PerDim::from(0), PerDim::from(1));
        let (stride, dilation, end) = (one.clone(), one, End::Padding(zero.clone()));
        let starts = Starts::default();
        ConvTransposeOptions { stride, padding: zero, end, dilation, groups: 1, bias: true, starts }
    }
}

impl ConvTransposeOptions {
    /// The defaults.
    pub fn new() -> ConvTransposeOptions {
        ConvTransposeOptions::default()
    }

    /// The distance in the output between neighbouring inputs, at least 1. Default 1.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerDim>) -> ConvTransposeOptions {
        self.stride = stride.into();
        self
    }

    /// The elements that are left out at each side of the output, at least 0. Default 0.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<PerDim>) -> ConvTransposeOptions {
        self.padding = padding.into();
        self
    }

    /// The elements that are added at the end of the output, at least 0 and less than the stride or the dilation, the
    /// larger one. Default 0. Takes the place of an [`output_size`](ConvTransposeOptions::output_size).
    #[must_use]
    pub fn output_padding(mut self, output_padding: impl Into<PerDim>) -> ConvTransposeOptions {
        self.end = End::Padding(output_padding.into());
        self
    }

    /// The size of the output, from the smallest that the kernels cover to less than a stride more. Takes the place of
    /// an [`output_padding`](ConvTransposeOptions::output_padding).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{ConvTranspose1d, ConvTransposeOptions, Layer};
    /// let options = ConvTransposeOptions::new().stride(2).padding(1).output_size(6);
    /// let up = ConvTranspose1d::with(1, 1, 3, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(up.forward(&Tensor::ones(&[1, 1, 3], DType::F32)?)?.shape(), [1, 1, 6]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn output_size(mut self, output_size: impl Into<PerDim>) -> ConvTransposeOptions {
        self.end = End::Size(output_size.into());
        self
    }

    /// The distance between the taps of a kernel, at least 1. Default 1.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerDim>) -> ConvTransposeOptions {
        self.dilation = dilation.into();
        self
    }

    /// The number of groups of channels that do not see each other, at least 1. Default 1.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> ConvTransposeOptions {
        self.groups = groups;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> ConvTransposeOptions {
        self.bias = bias;
        self
    }

    /// The values the weight starts from. Default: uniform in `±1/√(O/groups · taps)`.
    #[must_use]
    pub fn weight(mut self, start: impl Initializer + 'static) -> ConvTransposeOptions {
        self.starts.weight = Some(Arc::new(start));
        self
    }

    /// The values the bias starts from. Default: uniform in `±1/√(O/groups · taps)`.
    #[must_use]
    pub fn bias_init(mut self, start: impl Initializer + 'static) -> ConvTransposeOptions {
        self.starts.bias = Some(Arc::new(start));
        self
    }

    fn over(&self, name: &'static str, x: &Tensor, kernel: &[usize], end: &End) -> Result<ConvTranspose> {
        let added = match end {
            End::Padding(padding) => padding.clone(),
            End::Size(size) => self.added(name, x, kernel, size)?,
        };
        let options = ConvTranspose::new().stride(self.stride.clone()).padding(self.padding.clone());
        Ok(options.output_padding(added).dilation(self.dilation.clone()).groups(self.groups))
    }

    /// The elements that must be added for an output of this size.
    fn added(&self, name: &'static str, x: &Tensor, kernel: &[usize], size: &PerDim) -> Result<PerDim> {
        let dims = kernel.len();
        let each = |what: &str, numbers: &PerDim| {
            let must = format!("one number or {dims}");
            numbers.each(dims).ok_or_else(|| Error::argument(name, what, numbers, must))
        };
        let (stride, padding) = (each("stride", &self.stride)?, each("padding", &self.padding)?);
        let (dilation, sizes) = (each("dilation", &self.dilation)?, each("output_size", size)?);
        let Some(input) = x.rank().checked_sub(dims).map(|ahead| &x.shape()[ahead..]) else {
            // The operation refuses it.
            return Ok(0.into());
        };
        let mut added = Vec::with_capacity(dims);
        for d in 0..dims {
            // Saturated numbers are out of every range.
            let inner = (input[d] as isize - 1).saturating_mul(stride[d]);
            let span = dilation[d].saturating_mul(kernel[d] as isize - 1).saturating_add(1);
            let least = inner.saturating_add(span).saturating_sub(padding[d].saturating_mul(2));
            let more = sizes[d].saturating_sub(least);
            if !(0..stride[d].max(1)).contains(&more) {
                let range = format!("from {least} to {}", least.saturating_add(stride[d].max(1) - 1));
                let at = d as isize - dims as isize;
                let text = format!("{name}: output_size is {} in dim {at}, it must be {range}", sizes[d]);
                return Err(Error::new(ErrorKind::Argument, text));
            }
            added.push(more);
        }
        Ok(PerDim::from(&added[..]))
    }
}

macro_rules! transposes {
    ($($Name:ident, $D:literal, $method:ident, $x:literal, $shapes:literal;)*) => {$(
        #[doc = concat!("Transposed convolution over ", stringify!($D), " dim(s): [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// Weight and bias start uniform in `±1/√(O/groups · taps)` by default.
        ///
        /// # Shapes
        #[doc = $shapes]
        ///
        /// # Errors
        /// The constructors fail if a size is 0 or the groups do not divide the channels; `forward` if the input does
        /// not fit.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", ConvTransposeOptions, Layer, init};")]
        /// let options = ConvTransposeOptions::new().stride(2).weight(init::constant(3.0)).bias_init(init::ones());
        #[doc = concat!("let up = ", stringify!($Name), "::with(1, 1, 2, options, &mut autograd_core::seeded(7))?;")]
        #[doc = concat!("let y = up.forward(&Tensor::from(", $x, "))?;")]
        #[doc = concat!("let lines = 1 << (", stringify!($D), " - 1);")]
        /// assert_eq!(y.to_vec::<f32>()?, [4.0, 4.0, 7.0, 7.0].repeat(lines));
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            /// The weight, `[C, O / groups, K..]`.
            pub weight: Param,
            /// The bias, `[O]`, if there is one.
            pub bias: Option<Param>,
            #[module(option)]
            options: ConvTransposeOptions,
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
                $Name::with(in_channels, out_channels, kernel_size, ConvTransposeOptions::new(), rng)
            }

            /// A layer from `in_channels` (C) to `out_channels` (O).
            ///
            /// # Errors
            /// If a size is 0, the groups do not divide the channels, or an initialiser fails or gives values of
            /// another shape or dtype.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::{ConvTransposeOptions, ", stringify!($Name), "};")]
            #[doc = concat!("let options = ConvTransposeOptions::new().bias(false);")]
            #[doc = concat!("let up = ", stringify!($Name), "::with(3, 8, 5, options, &mut autograd_core::seeded(7))?;")]
            /// assert!(up.bias.is_none());
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                mut options: ConvTransposeOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                const NAME: &str = stringify!($Name);
                let (channels, groups) = ([in_channels, out_channels], options.groups);
                let kernel = &kernel_size.into();
                let sizes = Sizes { name: NAME, channels, kernel, dims: $D, groups };
                let (shape, starts) = (sizes.checked(|channels| channels)?, std::mem::take(&mut options.starts));
                let (weight, bias) = start(NAME, &starts, &shape, options.bias.then_some(out_channels), rng)?;
                Ok($Name { weight, bias, options })
            }

            /// The output in a size of the spatial dims that is not the layer's own, such as that of another tensor.
            ///
            /// # Errors
            /// If the size is less than the kernels cover, or a stride more; else as for `forward`.
            ///
            /// # Examples
            /// ```
            /// use autograd_core::{DType, Tensor};
            #[doc = concat!("use wengert_nn::{ConvTransposeOptions, ", stringify!($Name), "};")]
            /// let options = ConvTransposeOptions::new().stride(2);
            #[doc = concat!("let up = ", stringify!($Name), "::with(1, 1, 2, options, &mut autograd_core::seeded(7))?;")]
            #[doc = concat!("let x = Tensor::ones(&[1, 1, 3, 3, 3][..2 + ", stringify!($D), "], DType::F32)?;")]
            /// let sizes = |size| Ok::<_, wengert_nn::Error>(up.forward_to(&x, size)?.shape()[2]);
            /// assert_eq!((sizes(6)?, sizes(7)?), (6, 7));
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn forward_to(&self, x: &Tensor, output_size: impl Into<PerDim>) -> Result<Tensor> {
                self.ending(x, &End::Size(output_size.into()))
            }

            fn ending(&self, x: &Tensor, end: &End) -> Result<Tensor> {
                let kernel = self.weight.shape().get(2..).unwrap_or_default();
                let options = self.options.over(stringify!($Name), x, kernel, end)?;
                x.$method(&self.weight, self.bias.as_deref(), options)
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.ending(x, &self.options.end)
            }
        }
    )*};
}

transposes! {
    ConvTranspose1d, 1, conv_transpose1d, "[[[1.0, 2.0]]]",
        "`x: [N, C, L]` or `[C, L]` → `[N, O, L′]` or `[O, L′]`.";
    ConvTranspose2d, 2, conv_transpose2d, "[[[[1.0, 2.0]]]]",
        "`x: [N, C, H, W]` or `[C, H, W]` → `[N, O, H′, W′]` or `[O, H′, W′]`.";
    ConvTranspose3d, 3, conv_transpose3d, "[[[[[1.0, 2.0]]]]]",
        "`x: [N, C, D, H, W]` or `[C, D, H, W]` → `[N, O, D′, H′, W′]` or `[O, D′, H′, W′]`.";
}

#[cfg(test)]
cases![
    layer("ConvTranspose1d", |rng| ConvTranspose1d::new(2, 3, 2, rng))
        .state(&["weight", "bias"])
        .maps(&[2, 2, 3], &[2, 3, 4])
        .maps(&[2, 3], &[3, 4]),
    layer("ConvTranspose1d", |rng| {
        ConvTranspose1d::with(1, 1, 3, ConvTransposeOptions::new().stride(2).padding(1).output_size(6), rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 1, 3], &[1, 1, 6])
    .refuses(&[1, 1, 4], "ConvTranspose1d: output_size is 6 in dim -1, it must be from 7 to 8")
    .refuses(&[], "conv_transpose1d: the input has shape [], expected [N, C, L] or [C, L]"),
    layer("ConvTranspose1d", |rng| {
        ConvTranspose1d::with(1, 1, 3, ConvTransposeOptions::new().output_size([6, 6]), rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 4], "ConvTranspose1d: output_size is [6, 6], it must be one number or 1"),
    layer("ConvTranspose1d", |rng| {
        let options = ConvTransposeOptions::new().weight(crate::init::constant(2.0)).bias_init(crate::init::ones());
        ConvTranspose1d::with(1, 1, 2, options, rng)
    })
    .state(&["weight", "bias"])
    .gives([[[1.0, 2.0]]], [[[3.0, 7.0, 5.0]]]),
    layer("ConvTranspose2d", |rng| {
        let options = ConvTransposeOptions::new().stride([2, 1]).padding([0, 1]).dilation([1, 2]).groups(2);
        ConvTranspose2d::with(2, 4, [2, 3], options.output_padding([1, 0]).bias(false), rng)
    })
    .state(&["weight"])
    .maps(&[1, 2, 2, 3], &[1, 4, 5, 5]),
    layer("ConvTranspose3d", |rng| {
        ConvTranspose3d::with(1, 2, 2, ConvTransposeOptions::new().stride([1, 2, 1]), rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 1, 1, 2, 2], &[1, 2, 2, 4, 3]),
    layer("ConvTranspose1d", |rng| ConvTranspose1d::new(0, 3, 2, rng))
        .cannot_be("ConvTranspose1d: in_channels is 0, it must be at least 1"),
    layer("ConvTranspose2d", |rng| ConvTranspose2d::new(1, 3, [2, 2, 2], rng))
        .cannot_be("ConvTranspose2d: kernel_size is [2, 2, 2], it must be at least 1, one number or 2"),
    layer("ConvTranspose3d", |rng| ConvTranspose3d::with(3, 4, 1, ConvTransposeOptions::new().groups(2), rng))
        .cannot_be("ConvTranspose3d: groups is 2, it must be a divisor of 3 and 4, the channels"),
];
