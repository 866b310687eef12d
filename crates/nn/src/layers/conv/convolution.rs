//! Convolutions as layers.

use super::{ConvOptions, Sizes, start};
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::Param;
use autograd_core::{Conv, Error, ErrorKind, Padding, PerDim, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

#[cfg(test)]
use autograd_core::PadMode;

macro_rules! convolutions {
    ($($Name:ident, $D:literal, $method:ident, $shapes:literal;)*) => {$(
        #[doc = concat!("Convolution over ", stringify!($D), " dim(s): [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// Weight and bias start uniform in `±1/√(C/groups · taps)` by default.
        ///
        /// # Shapes
        #[doc = $shapes]
        ///
        /// # Errors
        /// The constructors fail if a size is 0, the groups do not divide the channels, or [`Padding::Same`] meets a
        /// stride that is not 1; `forward` if the input does not fit.
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
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("let conv = ", stringify!($Name), "::new(3, 8, 1, &mut autograd_core::seeded(7))?;")]
            /// assert_eq!(conv.weight.shape()[..2], [8, 3]);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn new(
                in_channels: usize,
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                $Name::with(in_channels, out_channels, kernel_size, ConvOptions::new(), rng)
            }

            /// A layer from `in_channels` (C) to `out_channels` (O).
            ///
            /// # Errors
            /// If a size is 0, the groups do not divide the channels, [`Padding::Same`] meets a stride that is not 1,
            /// or an initialiser fails or gives values of another shape or dtype.
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
                kernel_size: impl Into<PerDim>,
                mut options: ConvOptions,
                rng: &mut dyn Rng,
            ) -> Result<$Name> {
                const NAME: &str = stringify!($Name);
                let kernel = kernel_size.into();
                options.check_same(NAME, $D)?;
                let (channels, groups) = ([in_channels, out_channels], options.groups);
                let sizes = Sizes { name: NAME, channels, kernel: &kernel, dims: $D, groups };
                let shape = sizes.checked(|[inputs, outputs]| [outputs, inputs])?;
                let starts = std::mem::take(&mut options.starts);
                let (weight, bias) = start(NAME, &starts, &shape, options.bias.then_some(out_channels), rng)?;
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

impl ConvOptions {
    /// An error if outputs of the size of the input are wanted of strides that leave some out.
    pub(super) fn check_same(&self, name: &'static str, dims: usize) -> Result<()> {
        let strides = self.stride.each(dims).unwrap_or_default();
        if self.padding == Padding::Same && strides.iter().any(|stride| *stride != 1) {
            let text =
                format!("{name}: padding Same gives outputs of the size of the input, and needs a stride of 1, not");
            return Err(Error::new(ErrorKind::Argument, format!("{text} {:?}", self.stride)));
        }
        Ok(())
    }

    /// The input with the margins that are not zeros, and the options for the rest.
    fn padded(&self, name: &'static str, x: &Tensor, weight: &[usize]) -> Result<(Tensor, Conv)> {
        let conv = Conv::new().stride(self.stride.clone()).dilation(self.dilation.clone()).groups(self.groups);
        let Some(mode) = self.padding_mode else {
            return Ok((x.clone(), conv.padding(self.padding.clone())));
        };
        let kernel = weight.get(2..).unwrap_or_default();
        if ![kernel.len() + 1, kernel.len() + 2].contains(&x.rank()) {
            // The operation refuses it.
            return Ok((x.clone(), conv));
        }
        let each = |what: &str, numbers: &PerDim| {
            let must = format!("one number or {}", kernel.len());
            numbers.each(kernel.len()).ok_or_else(|| Error::argument(name, what, numbers, must))
        };
        let from = |least: isize, what: &str, numbers: &PerDim| {
            let each = each(what, numbers)?;
            Check(name).require(
                each.iter().all(|one| *one >= least),
                what,
                numbers,
                format_args!("at least {least}"),
            )?;
            Ok::<_, Error>(each)
        };
        // The last dim comes first; where margins are odd, one more at the end.
        let sides: Vec<[isize; 2]> = match &self.padding {
            Padding::Valid => Vec::new(),
            Padding::Sides(sides) => from(0, "padding", sides)?.into_iter().map(|side| [side; 2]).collect(),
            Padding::Each { before, behind } => {
                let (before, behind) = (from(0, "padding before", before)?, from(0, "padding behind", behind)?);
                before.into_iter().zip(behind).map(|(before, behind)| [before, behind]).collect()
            }
            Padding::Same => {
                self.check_same(name, kernel.len())?;
                let spans = from(1, "dilation", &self.dilation)?.into_iter().zip(kernel);
                // Saturated numbers are too large for any margin.
                let margins = spans.map(|(dilation, taps)| dilation.saturating_mul((*taps as isize - 1).max(0)));
                margins.map(|margin| [margin / 2, margin - margin / 2]).collect()
            }
        };
        let margins: Vec<isize> = sides.into_iter().rev().flatten().collect();
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
    .maps(&[1, 1, 4, 5], &[1, 1, 2, 3])
    .refuses(&[5], "conv2d: the input has shape [5], expected [N, C, H, W] or [C, H, W]"),
    layer("Conv3d", |rng| Conv3d::with(1, 2, 2, ConvOptions::new().padding(Padding::Same), rng))
        .state(&["weight", "bias"])
        .maps(&[1, 1, 2, 3, 2], &[1, 2, 2, 3, 2]),
    layer("Conv1d", |rng| {
        let options = ConvOptions::new().weight(crate::init::constant(2.0)).bias_init(crate::init::ones());
        Conv1d::with(1, 1, 2, options, rng)
    })
    .state(&["weight", "bias"])
    .gives([[[1.0, 2.0, 0.0]]], [[[7.0, 5.0]]]),
    layer("Conv1d", |rng| Conv1d::with(1, 1, 2, ConvOptions::new().weight(crate::init::uniform(1.0, 0.0)), rng))
        .cannot_be("uniform: b is 0.0, it must be finite and not below a"),
    layer("Conv1d", |rng| Conv1d::new(2, 0, 2, rng)).cannot_be("Conv1d: out_channels is 0, it must be at least 1"),
    layer("Conv1d", |rng| Conv1d::with(1, 1, 2, ConvOptions::new().padding(Padding::Same).stride(2), rng))
        .cannot_be("Conv1d: padding Same gives outputs of the size of the input, and needs a stride of 1, not 2"),
    layer("Conv2d", |rng| Conv2d::with(1, 1, 2, ConvOptions::new().padding(Padding::Same).stride([1, 2]), rng))
        .cannot_be("Conv2d: padding Same gives outputs of the size of the input, and needs a stride of 1, not [1, 2]"),
    layer("Conv1d", |rng| Conv1d::new(2, 3, 0, rng))
        .cannot_be("Conv1d: kernel_size is 0, it must be at least 1, one number or 1"),
    layer("Conv2d", |rng| {
        let options = ConvOptions::new().padding(Padding::Same).dilation([1, 2]).padding_mode(PadMode::Circular);
        Conv2d::with(1, 1, [2, 3], options, rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 1, 4, 5], &[1, 1, 4, 5]),
    layer("Conv2d", |rng| {
        let options = ConvOptions::new().padding([1, 2, 3]).padding_mode(PadMode::Circular);
        Conv2d::with(1, 1, 3, options, rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 4, 5], "Conv2d: padding is [1, 2, 3], it must be one number or 2"),
    layer("Conv1d", |rng| Conv1d::with(2, 2, 3, ConvOptions::new().padding([[2, 0]]), rng))
        .state(&["weight", "bias"])
        .maps(&[2, 2, 4], &[2, 2, 4])
        .maps(&[2, 1], &[2, 1]),
    layer("Conv2d", |rng| {
        let options = ConvOptions::new().padding([[1, 2], [0, 3]]).stride([2, 1]).padding_mode(PadMode::Circular);
        Conv2d::with(1, 2, [2, 3], options, rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 1, 3, 3], &[1, 2, 3, 4]),
    layer("Conv3d", |rng| {
        Conv3d::with(1, 1, 2, ConvOptions::new().padding([[1, 0], [0, 2], [2, 1]]).dilation([1, 2, 1]), rng)
    })
    .state(&["weight", "bias"])
    .maps(&[1, 1, 1, 2, 1], &[1, 1, 1, 2, 3]),
    layer("Conv2d", |rng| Conv2d::with(1, 1, 3, ConvOptions::new().padding([[1, 1], [1, 1], [1, 1]]), rng))
        .state(&["weight", "bias"])
        .refuses(&[1, 1, 4, 5], "conv2d: padding before is [1, 1, 1], it must be one number or 2"),
    layer("Conv2d", |rng| {
        let options = ConvOptions::new().padding([[1, 1], [1, 1], [1, 1]]).padding_mode(PadMode::Reflect);
        Conv2d::with(1, 1, 3, options, rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 4, 5], "Conv2d: padding before is [1, 1, 1], it must be one number or 2"),
    layer("Conv1d", |rng| {
        Conv1d::with(1, 1, 3, ConvOptions::new().padding([[0, -1]]).padding_mode(PadMode::Replicate), rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 5], "Conv1d: padding behind is -1, it must be at least 0"),
    layer("Conv1d", |rng| {
        Conv1d::with(1, 1, 3, ConvOptions::new().padding([[0, 5]]).padding_mode(PadMode::Reflect), rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 5], "pad: a margin of 5 around dim 2 of size 5; a reflected one must be smaller"),
    layer("Conv1d", |rng| {
        let options = ConvOptions::new().padding(Padding::Same).dilation(isize::MAX).padding_mode(PadMode::Reflect);
        Conv1d::with(1, 1, 3, options, rng)
    })
    .state(&["weight", "bias"])
    .refuses(
        &[1, 1, 5],
        "pad: shape [1, 1, 5] is too large (at most 64 dimensions, and no more bytes than memory holds)",
    ),
    layer("Conv1d", |rng| {
        let options = ConvOptions::new().padding(Padding::Same).dilation(0).padding_mode(PadMode::Replicate);
        Conv1d::with(1, 1, 3, options, rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 5], "Conv1d: dilation is 0, it must be at least 1"),
    layer("Conv1d", |rng| {
        Conv1d::with(1, 1, 3, ConvOptions::new().padding(-1).padding_mode(PadMode::Circular), rng)
    })
    .state(&["weight", "bias"])
    .refuses(&[1, 1, 5], "Conv1d: padding is -1, it must be at least 0"),
    layer("Conv2d", |rng| Conv2d::with(3, 4, 1, ConvOptions::new().groups(2), rng))
        .cannot_be("Conv2d: groups is 2, it must be a divisor of 3 and 4, the channels"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::module::Module;
    use autograd_core::{DType, seeded};

    /// What stands in the margins is what `pad` puts there, and the rest a convolution without any.
    #[test]
    fn margins_of_every_mode_are_those_of_pad() -> Result<()> {
        let x = Tensor::randn(&[2, 1, 4, 5], DType::F64, &mut seeded(1))?;
        let padding = [[1, 3], [2, 0]];
        let modes = [PadMode::Constant(0.0), PadMode::Constant(1.5), PadMode::Reflect, PadMode::Replicate];
        for mode in modes.into_iter().chain([PadMode::Circular]) {
            let mut rng = seeded(2);
            let options = ConvOptions::new().padding(padding).padding_mode(mode);
            let mut conv = Conv2d::with(1, 2, [3, 2], options, &mut rng)?;
            conv.to_dtype(DType::F64)?;
            let want = x.pad(&[2, 0, 1, 3], mode)?.conv2d(&conv.weight, conv.bias.as_deref(), Conv::new())?;
            assert_eq!(conv.forward(&x)?.to_vec::<f64>()?, want.to_vec::<f64>()?, "{mode:?}");
        }
        let zeros = Conv2d::with(1, 2, [3, 2], ConvOptions::new().padding(padding), &mut seeded(2))?;
        let x = x.to_dtype(DType::F32);
        let want =
            x.pad(&[2, 0, 1, 3], PadMode::Constant(0.0))?.conv2d(&zeros.weight, zeros.bias.as_deref(), Conv::new())?;
        assert!(zeros.forward(&x)?.try_sub(&want)?.abs().max()?.item::<f32>()? < 1e-5);
        Ok(())
    }
}
