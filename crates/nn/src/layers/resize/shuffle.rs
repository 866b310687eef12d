//! Elements moved between channels and space.

use crate::layer::Layer;
use autograd_core::{Dim, Result, Tensor};
use wengert_derive::Module;

macro_rules! shuffles {
    ($($Name:ident: $method:ident($factor:ident), $title:literal, $shapes:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// # Shapes
        #[doc = $shapes]
        ///
        /// # Errors
        /// `forward` fails if the input has too few dims, or sizes that the number does not divide.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let y = ", stringify!($Name), "::new(2).forward(&Tensor::from(", $x, "))?;")]
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
        pub struct $Name {
            $factor: isize,
        }

        impl $Name {
            #[doc = concat!("A layer with this `", stringify!($factor), "`, at least 1.")]
            pub fn new($factor: impl Dim) -> $Name {
                $Name { $factor: $factor.signed() }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                x.$method(self.$factor)
            }
        }
    )*};
}

shuffles! {
    PixelShuffle: pixel_shuffle(upscale_factor), "Channels moved into space", "`[.., C r², H, W] → [.., C, H r, W r]`",
        "[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]", "[1.0, 2.0, 3.0, 4.0]";
    PixelUnshuffle: pixel_unshuffle(downscale_factor), "Space moved into channels", "`[.., C, H r, W r] → [.., C r², H, W]`",
        "[[[1.0, 2.0], [3.0, 4.0]]]", "[1.0, 2.0, 3.0, 4.0]";
    ChannelShuffle: channel_shuffle(groups), "Channels dealt out", "`[N, C, ..] → [N, C, ..]`",
        "[[[1.0], [2.0], [3.0], [4.0]]]", "[1.0, 3.0, 2.0, 4.0]";
}

#[cfg(test)]
cases![
    layer("PixelShuffle", |_| Ok(PixelShuffle::new(2)))
        .maps(&[1, 4, 2, 1], &[1, 1, 4, 2])
        .refuses(&[3, 2, 2], "pixel_shuffle: 3 channels (shape [3, 2, 2]) are not a multiple of 2 · 2"),
    layer("PixelShuffle", |_| Ok(PixelShuffle::new(-1)))
        .refuses(&[4, 2, 2], "pixel_shuffle: upscale_factor is -1, it must be at least 1"),
    layer("PixelUnshuffle", |_| Ok(PixelUnshuffle::new(2))).maps(&[1, 1, 2, 4], &[1, 4, 1, 2]),
    layer("ChannelShuffle", |_| Ok(ChannelShuffle::new(3))).maps(&[2, 6, 2], &[2, 6, 2]),
];
