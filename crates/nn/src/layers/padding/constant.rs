//! Margins of one number.

use super::padded;
use crate::layer::Layer;
use autograd_core::{PadMode, PerDim, Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name over dims, "title"`, with margins of 0; and of any number from `Name of value over dims`.
macro_rules! pads {
    ($($Name:ident$( of $value:ident)? over $D:literal, $title:literal, ($first:literal $args:literal), $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::pad`] by [`PadMode::Constant`] as a layer.")]
        ///
        /// # Errors
        /// `forward` fails if the margins are not one number or two for each dim, or do not fit the input.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let y = ", stringify!($Name), "::new(", $args, ").forward(&Tensor::from(", $x, "))?;")]
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            padding: PerDim,
            $($value: f64,)?
        }

        impl $Name {
            /// One margin for all sides, or two for each dim: before and behind, the last dim first. A negative one
            /// takes elements away.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("let pad = ", stringify!($Name), "::new(", $args, ");")]
            #[doc = concat!("assert!(format!(\"{pad:?}\").contains(\"padding: [", $first, ",\"));")]
            /// ```
            pub fn new(padding: impl Into<PerDim>$(, $value: f64)?) -> $Name {
                $Name { padding: padding.into()$(, $value)? }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                // 0, or the layer's own.
                let [.., number] = [0.0 $(, self.$value)?];
                padded(stringify!($Name), x, &self.padding, $D, PadMode::Constant(number))
            }
        }
    )*};
}

pads! {
    ZeroPad1d over 1, "Rows with zeros at both ends", ("0" "[0, 1]"), "[[1.0, 2.0]]", "[1.0, 2.0, 0.0]";
    ZeroPad2d over 2, "Planes with zeros around them", ("1" "[1, 0, 0, 1]"), "[[[1.0, 2.0]]]", "[0.0, 1.0, 2.0, 0.0, 0.0, 0.0]";
    ZeroPad3d over 3, "Volumes with zeros around them", ("1" "[1, 0, 0, 0, 1, 0]"), "[[[[1.0, 2.0]]]]", "[0.0, 0.0, 0.0, 0.0, 1.0, 2.0]";
    ConstantPad1d of value over 1, "Rows with a number at both ends", ("0" "[0, 1], 5.0"), "[[1.0, 2.0]]", "[1.0, 2.0, 5.0]";
    ConstantPad2d of value over 2, "Planes with a number around them", ("1" "[1, 0, 0, 1], 5.0"), "[[[1.0, 2.0]]]", "[5.0, 1.0, 2.0, 5.0, 5.0, 5.0]";
    ConstantPad3d of value over 3, "Volumes with a number around them", ("1" "[1, 0, 0, 0, 1, 0], 5.0"), "[[[[1.0, 2.0]]]]", "[5.0, 5.0, 5.0, 5.0, 1.0, 2.0]";
}

#[cfg(test)]
cases![
    layer("ZeroPad1d", |_| Ok(ZeroPad1d::new([2, 0])))
        .maps(&[2, 2, 3], &[2, 2, 5])
        .maps(&[3], &[5])
        .refuses(&[], "pad: 1 pairs of margins for 0 dims (shape [])"),
    layer("ZeroPad1d", |_| Ok(ZeroPad1d::new([-1, -1]))).maps(&[2, 3], &[2, 1]),
    layer("ZeroPad2d", |_| Ok(ZeroPad2d::new(1))).maps(&[2, 2, 3], &[2, 4, 5]).maps(&[0, 2, 3], &[0, 4, 5]),
    layer("ZeroPad2d", |_| Ok(ZeroPad2d::new([1, 2])))
        .refuses(&[1, 1, 9], "ZeroPad2d: padding is [1, 2], it must be one number or 4"),
    layer("ZeroPad3d", |_| Ok(ZeroPad3d::new(1))).maps(&[1, 1, 2, 1, 2], &[1, 1, 4, 3, 4]),
    layer("ConstantPad1d", |_| Ok(ConstantPad1d::new(1, -0.5)))
        .maps(&[2, 2, 3], &[2, 2, 5])
        .gives([1.0], [-0.5, 1.0, -0.5]),
    layer("ConstantPad2d", |_| Ok(ConstantPad2d::new([1, 0, 1, 2], 0.5))).maps(&[2, 2, 3], &[2, 5, 4]),
    layer("ConstantPad3d", |_| Ok(ConstantPad3d::new(1, 0.5))).maps(&[1, 1, 2, 1, 2], &[1, 1, 4, 3, 4]),
];
