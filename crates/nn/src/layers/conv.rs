//! Convolutions as layers.

use crate::init::{Initializer, uniform};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Conv, DType, PadMode, Padding, PerDim, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// The options of [`Conv1d`], [`Conv2d`] and [`Conv3d`].
///
/// # Examples
/// ```
/// use autograd_core::{DType, PadMode, Tensor};
/// use wengert_nn::{Conv1d, ConvOptions, Layer};
/// let options = ConvOptions::new().stride(2).padding(1).dilation(1).groups(2).bias(false);
/// let conv = Conv1d::with(2, 4, 3, options.padding_mode(PadMode::Circular), &mut autograd_core::seeded(7))?;
/// assert_eq!((conv.weight.shape(), conv.bias.is_none()), (&[4, 1, 3][..], true));
/// assert_eq!(conv.forward(&Tensor::ones(&[1, 2, 8], DType::F32)?)?.shape(), [1, 4, 4]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConvOptions {
    stride: PerDim,
    padding: Margins,
    dilation: PerDim,
    groups: usize,
    bias: bool,
    padding_mode: Option<PadMode>,
}

/// The margins of the input.
#[derive(Clone, Debug, PartialEq)]
enum Margins {
    Sides(Vec<usize>),
    Same,
}

impl Default for ConvOptions {
    fn default() -> Self {
        let (stride, dilation) = (PerDim::from(1), PerDim::from(1));
        ConvOptions { stride, padding: Margins::Sides(vec![0]), dilation, groups: 1, bias: true, padding_mode: None }
    }
}

impl ConvOptions {
    /// The defaults.
    pub fn new() -> ConvOptions {
        ConvOptions::default()
    }

    /// The distance between neighbouring outputs, at least 1. Default 1.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerDim>) -> ConvOptions {
        self.stride = stride.into();
        self
    }

    /// The margin at each side of the input, one number for all dims. Default 0.
    #[must_use]
    pub fn padding(mut self, padding: usize) -> ConvOptions {
        self.padding = Margins::Sides(vec![padding]);
        self
    }

    /// The margin at each side of each dim.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{Conv2d, ConvOptions, Layer};
    /// let options = ConvOptions::new().paddings(&[1, 0]);
    /// let conv = Conv2d::with(1, 1, 3, options, &mut autograd_core::seeded(7))?;
    /// assert_eq!(conv.forward(&Tensor::ones(&[1, 1, 5, 5], DType::F32)?)?.shape(), [1, 1, 5, 3]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn paddings(mut self, paddings: &[usize]) -> ConvOptions {
        self.padding = Margins::Sides(paddings.to_vec());
        self
    }

    /// Margins that give the output the size of the input; the stride must be 1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{Conv2d, ConvOptions, Layer};
    /// let conv = Conv2d::with(1, 1, 3, ConvOptions::new().padding_same(), &mut autograd_core::seeded(7))?;
    /// assert_eq!(conv.forward(&Tensor::ones(&[1, 1, 5, 5], DType::F32)?)?.shape(), [1, 1, 5, 5]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[must_use]
    pub fn padding_same(mut self) -> ConvOptions {
        self.padding = Margins::Same;
        self
    }

    /// The distance between the taps of a kernel, at least 1. Default 1.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerDim>) -> ConvOptions {
        self.dilation = dilation.into();
        self
    }

    /// The number of groups of channels that do not see each other, at least 1. Default 1.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> ConvOptions {
        self.groups = groups;
        self
    }

    /// Whether there is a bias. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> ConvOptions {
        self.bias = bias;
        self
    }

    /// What stands in the margins, which [`ConvOptions::padding`] names. Default: zeros.
    #[must_use]
    pub fn padding_mode(mut self, padding_mode: PadMode) -> ConvOptions {
        self.padding_mode = Some(padding_mode);
        self
    }
}

/// The sizes of a kernel, one for each dim, or one for all.
///
/// # Examples
/// ```
/// use wengert_nn::KernelSize;
/// assert_eq!(KernelSize::<2>::from(3), KernelSize::from([3, 3]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelSize<const D: usize>([usize; D]);

impl<const D: usize> From<usize> for KernelSize<D> {
    fn from(size: usize) -> Self {
        KernelSize([size; D])
    }
}

// A literal without a type is an `i32`. What is negative is refused like 0.
impl<const D: usize> From<i32> for KernelSize<D> {
    fn from(size: i32) -> Self {
        KernelSize([usize::try_from(size).unwrap_or(0); D])
    }
}

impl<const D: usize> From<[usize; D]> for KernelSize<D> {
    fn from(sizes: [usize; D]) -> Self {
        KernelSize(sizes)
    }
}

macro_rules! convolutions {
    ($($Name:ident, $D:literal, $method:ident, $shapes:literal;)*) => {$(
        #[doc = concat!("Convolution over ", stringify!($D), " dim(s): [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// Weight and bias start uniform in `±1/√(C/groups · taps)`.
        ///
        /// # Shapes
        #[doc = $shapes]
        ///
        /// # Errors
        /// The constructors fail if a size is 0 or the groups do not divide the channels; `forward` if the input does not
        /// fit.
        ///
        /// # Examples
        /// ```
        #[doc = concat!("use wengert_nn::", stringify!($Name), ";")]
        #[doc = concat!("let conv = ", stringify!($Name), "::new(3, 8, 5, &mut autograd_core::seeded(7))?;")]
        #[doc = concat!("assert_eq!(conv.weight.numel(), 8 * 3 * 5usize.pow(", stringify!($D), "));")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            /// The weight, `[O, C / groups, K..]`.
            pub weight: Param,
            /// The bias, `[O]`, if there is one.
            pub bias: Option<Param>,
            #[module(option)]
            options: ConvOptions,
        }

        impl $Name {
            /// A layer from `in_channels` (C) to `out_channels` (O), with the default options.
            ///
            /// # Errors
            /// If a size is 0.
            pub fn new(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<KernelSize<$D>>,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                $Name::with(in_channels, out_channels, kernel_size, ConvOptions::new(), rng)
            }

            /// A layer from `in_channels` (C) to `out_channels` (O).
            ///
            /// # Errors
            /// If a size is 0, or the groups do not divide the channels.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::{ConvOptions, ", stringify!($Name), "};")]
            #[doc = concat!("let options = ConvOptions::new().bias(false);")]
            #[doc = concat!("let conv = ", stringify!($Name), "::with(3, 8, 5, options, &mut autograd_core::seeded(7))?;")]
            /// assert!(conv.bias.is_none());
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<KernelSize<$D>>,
                options: ConvOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                const NAME: &str = stringify!($Name);
                let kernel = kernel_size.into().0;
                let (weight, bias) = start(NAME, in_channels, out_channels, &kernel, &options, rng)?;
                Ok($Name { weight, bias, options })
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let (x, conv) = self.options.padded(stringify!($Name), x, self.weight.shape())?;
                x.$method(&self.weight, self.bias.as_deref(), conv)
            }
        }
    )*};
}

convolutions! {
    Conv1d, 1, conv1d, "`x: [N, C, L]` or `[C, L]` → `[N, O, L′]` or `[O, L′]`.";
    Conv2d, 2, conv2d, "`x: [N, C, H, W]` or `[C, H, W]` → `[N, O, H′, W′]` or `[O, H′, W′]`.";
    Conv3d, 3, conv3d, "`x: [N, C, D, H, W]` or `[C, D, H, W]` → `[N, O, D′, H′, W′]` or `[O, D′, H′, W′]`.";
}

/// Weight and bias as they start.
fn start(
    name: &'static str,
    inputs: usize,
    outputs: usize,
    kernel: &[usize],
    options: &ConvOptions,
    rng: &mut dyn Rng,
) -> Result<(Param, Option<Param>)> {
    let check = Check(name);
    for (what, size) in [("in_channels", inputs), ("out_channels", outputs), ("groups", options.groups)] {
        check.require(size > 0, what, size, "at least 1")?;
    }
    check.require(kernel.iter().all(|size| *size > 0), "kernel_size", kernel, "at least 1 in each dim")?;
    let groups = options.groups;
    let divides = inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups);
    check.require(divides, "groups", groups, format!("a divisor of {inputs} and {outputs}, the channels"))?;
    let fan_in = inputs / groups * kernel.iter().product::<usize>();
    let bound = 1.0 / (fan_in as f64).sqrt();
    let shape: Vec<usize> = [outputs, inputs / groups].iter().chain(kernel).copied().collect();
    let weight = Param::new(uniform(-bound, bound).tensor(&shape, DType::F32, rng)?)?;
    let bias = match options.bias {
        true => Some(Param::new(uniform(-bound, bound).tensor(&[outputs], DType::F32, rng)?)?),
        false => None,
    };
    Ok((weight, bias))
}

impl ConvOptions {
    /// The input with the margins that are not zeros, and the options for the rest.
    fn padded(&self, name: &'static str, x: &Tensor, weight: &[usize]) -> Result<(Tensor, Conv)> {
        let conv = Conv::new().stride(self.stride.clone()).dilation(self.dilation.clone()).groups(self.groups);
        let Some(mode) = self.padding_mode else {
            let padding = match &self.padding {
                Margins::Same => Padding::Same,
                Margins::Sides(sides) => Padding::Sides(PerDim::from(&sides[..])),
            };
            return Ok((x.clone(), conv.padding(padding)));
        };
        let dims = weight.len() - 2;
        let Margins::Sides(sides) = &self.padding else {
            let must = "zeros where the padding is `same`: name the margins";
            return Err(autograd_core::Error::argument(name, "padding_mode", mode, must));
        };
        let each = match &sides[..] {
            [one] => vec![*one; dims],
            sides => sides.to_vec(),
        };
        Check(name).require(each.len() == dims, "padding", &each, format!("one number, or {dims}"))?;
        // The last dim comes first.
        let margins: Vec<isize> = each.iter().rev().flat_map(|side| [*side as isize; 2]).collect();
        Ok((x.pad(&margins, mode)?, conv))
    }
}

#[cfg(test)]
cases![
    layer("Conv1d", |rng| Conv1d::new(2, 3, 2, rng))
        .state(&["weight", "bias"])
        .maps(&[2, 2, 5], &[2, 3, 4])
        .maps(&[2, 4], &[3, 3]),
    layer("Conv2d", |rng| Conv2d::with(2, 4, [3, 2], ConvOptions::new().groups(2).padding(1).bias(false), rng))
        .state(&["weight"])
        .maps(&[1, 2, 4, 3], &[1, 4, 4, 4]),
    layer("Conv2d", |rng| {
        Conv2d::with(1, 1, 3, ConvOptions::new().padding(1).stride(2).padding_mode(PadMode::Reflect), rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 1, 4, 5], &[1, 1, 2, 3]),
    layer("Conv3d", |rng| Conv3d::with(1, 2, 2, ConvOptions::new().padding_same(), rng))
        .state(&["weight", "bias"])
        .maps(&[1, 1, 2, 3, 2], &[1, 2, 2, 3, 2]),
    layer("Conv1d", |rng| Conv1d::new(2, 0, 2, rng)).cannot_be("Conv1d: out_channels is 0, it must be at least 1"),
    layer("Conv1d", |rng| Conv1d::new(2, 3, 0, rng))
        .cannot_be("Conv1d: kernel_size is [0], it must be at least 1 in each dim"),
    layer("Conv2d", |rng| Conv2d::with(3, 4, 1, ConvOptions::new().groups(2), rng))
        .cannot_be("Conv2d: groups is 2, it must be a divisor of 3 and 4, the channels"),
];
