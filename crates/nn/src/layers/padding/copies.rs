//! Margins of copies of the elements.

use super::padded;
use crate::layer::Layer;
use autograd_core::{PadMode, PerDim, Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: mode over dims, "title", example, its result`.
macro_rules! pads {
    ($($Name:ident: $Mode:ident over $D:literal, $title:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::pad`] by [`PadMode::", stringify!($Mode), "`] as a layer.")]
        ///
        /// # Errors
        /// `forward` fails if the margins are not one number or two for each dim or do not fit the input, or if the
        /// input is not those dims of channels, with or without a batch.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let y = ", stringify!($Name), "::new(1).forward(&Tensor::from(", $x, "))?;")]
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            padding: PerDim,
        }

        impl $Name {
            /// One margin for all sides, or two for each dim: before and behind, the last dim first. A negative one
            /// takes elements away.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(1), ", stringify!($Name), "::new(2));")]
            /// ```
            pub fn new(padding: impl Into<PerDim>) -> $Name {
                $Name { padding: padding.into() }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                padded(stringify!($Name), x, &self.padding, $D, PadMode::$Mode)
            }
        }
    )*};
}

pads! {
    ReflectionPad1d: Reflect over 1, "Rows with their mirror images at both ends", "[[1.0, 2.0]]", "[2.0, 1.0, 2.0, 1.0]";
    ReflectionPad2d: Reflect over 2, "Planes with their mirror images around them", "[[[1.0, 2.0], [3.0, 4.0]]]",
        "[4.0, 3.0, 4.0, 3.0, 2.0, 1.0, 2.0, 1.0, 4.0, 3.0, 4.0, 3.0, 2.0, 1.0, 2.0, 1.0]";
    ReflectionPad3d: Reflect over 3, "Volumes with their mirror images around them", "[[[[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]]]]",
        "[2.0, 1.0].repeat(32)";
    ReplicationPad1d: Replicate over 1, "Rows with copies of their ends", "[[1.0, 2.0]]", "[1.0, 1.0, 2.0, 2.0]";
    ReplicationPad2d: Replicate over 2, "Planes with copies of their edges", "[[[1.0, 2.0]]]",
        "[1.0, 1.0, 2.0, 2.0].repeat(3)";
    ReplicationPad3d: Replicate over 3, "Volumes with copies of their faces", "[[[[1.0, 2.0]]]]",
        "[1.0, 1.0, 2.0, 2.0].repeat(9)";
    CircularPad1d: Circular over 1, "Rows as if they were rings", "[[1.0, 2.0]]", "[2.0, 1.0, 2.0, 1.0]";
    CircularPad2d: Circular over 2, "Planes as if opposite edges met", "[[[1.0, 2.0]]]",
        "[2.0, 1.0, 2.0, 1.0].repeat(3)";
    CircularPad3d: Circular over 3, "Volumes as if opposite faces met", "[[[[1.0, 2.0]]]]",
        "[2.0, 1.0, 2.0, 1.0].repeat(9)";
}

#[cfg(test)]
cases![
    layer("ReflectionPad1d", |_| Ok(ReflectionPad1d::new([1, 2])))
        .maps(&[2, 2, 3], &[2, 2, 6])
        .gives([[1.0, 2.0, 3.0]], [[2.0, 1.0, 2.0, 3.0, 2.0, 1.0]])
        .refuses(&[1, 1, 2], "pad: a margin of 2 around dim 2 of size 2; a reflected one must be smaller"),
    layer("ReflectionPad1d", |_| Ok(ReflectionPad1d::new([1, 2, 3])))
        .refuses(&[1, 1, 9], "ReflectionPad1d: padding is [1, 2, 3], it must be one number or 2"),
    layer("ReflectionPad2d", |_| Ok(ReflectionPad2d::new(1)))
        .refuses(&[3, 3], "ReflectionPad2d: the input has shape [3, 3], expected [N, C, H, W] or [C, H, W]"),
    layer("ReplicationPad1d", |_| Ok(ReplicationPad1d::new(1)))
        .refuses(&[1, 1, 3, 3], "ReplicationPad1d: the input has shape [1, 1, 3, 3], expected [N, C, L] or [C, L]"),
    layer("CircularPad3d", |_| Ok(CircularPad3d::new(1)))
        .refuses(&[2, 2, 2], "CircularPad3d: the input has shape [2, 2, 2], expected [N, C, D, H, W] or [C, D, H, W]"),
    layer("ReflectionPad2d", |_| Ok(ReflectionPad2d::new([1, 0, 0, -1]))).maps(&[1, 2, 3, 2], &[1, 2, 2, 3]),
    layer("ReflectionPad3d", |_| Ok(ReflectionPad3d::new(1))).maps(&[1, 1, 2, 2, 2], &[1, 1, 4, 4, 4]),
    layer("ReplicationPad1d", |_| Ok(ReplicationPad1d::new(2))).maps(&[2, 2, 1], &[2, 2, 5]),
    layer("ReplicationPad2d", |_| Ok(ReplicationPad2d::new([2, 0, 1, 1]))).maps(&[1, 2, 1, 2], &[1, 2, 3, 4]),
    layer("ReplicationPad3d", |_| Ok(ReplicationPad3d::new(1))).maps(&[1, 1, 1, 2, 1], &[1, 1, 3, 4, 3]),
    layer("CircularPad1d", |_| Ok(CircularPad1d::new([0, 2])))
        .maps(&[2, 2, 3], &[2, 2, 5])
        .gives([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0, 1.0, 2.0]]),
    layer("CircularPad2d", |_| Ok(CircularPad2d::new(1))).maps(&[1, 2, 2, 3], &[1, 2, 4, 5]),
    layer("CircularPad3d", |_| Ok(CircularPad3d::new([1, 0, 0, 1, 1, 1]))).maps(&[1, 1, 2, 2, 2], &[1, 1, 4, 3, 3]),
];
