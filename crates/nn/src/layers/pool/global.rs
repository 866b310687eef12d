//! Pooling of whole planes.

use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{Error, ReduceDims, Result, Tensor, keep};
use wengert_derive::Module;

/// Layers from lines `Name: method over dims, shapes, "title"`.
macro_rules! global {
    ($($Name:ident: $method:ident over $D:literal, $expected:literal, $title:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] over the spatial dims as a layer.")]
        ///
        /// # Shapes
        #[doc = concat!("`x: ", $expected, "`; the spatial dims are left out of the result.")]
        ///
        /// # Errors
        /// `forward` fails if the input has another number of dims, or planes without elements.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor};
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let x = Tensor::arange(0.0, 8.0, 1.0, DType::F32)?.reshape(&[1, 2, 4, 1, 1][..2 + ", stringify!($D), "])?;")]
        #[doc = concat!("assert_eq!(", stringify!($Name), "::new().forward(&x)?.to_vec::<f32>()?, ", $y, ");")]
        #[doc = concat!("assert_eq!(", stringify!($Name), "::new().keepdim(true).forward(&x)?.rank(), ", stringify!($D), " + 2);")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
        pub struct $Name {
            keepdim: bool,
        }

        impl $Name {
            /// A layer that leaves the spatial dims out.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(), ", stringify!($Name), "::new().keepdim(false));")]
            /// ```
            pub fn new() -> $Name {
                $Name::default()
            }

            /// Whether the spatial dims stay, with size one. Default false.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new().keepdim(true), ", stringify!($Name), "::new());")]
            /// ```
            #[must_use]
            pub fn keepdim(mut self, keepdim: bool) -> $Name {
                self.keepdim = keepdim;
                self
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                x.$method(spatial(stringify!($Name), x, $D, $expected, self.keepdim)?)
            }
        }
    )*};
}

/// The last `dims` dims, behind one or two.
fn spatial(name: &'static str, x: &Tensor, dims: usize, expected: &str, keepdim: bool) -> Result<ReduceDims> {
    Check(name).float(x)?;
    let ahead = x.rank().checked_sub(dims).filter(|ahead| [1, 2].contains(ahead));
    if ahead.is_none_or(|ahead| x.shape()[ahead..].contains(&0)) {
        return Err(Error::shape(name, "the input", x.shape(), format!("{expected} with elements in a plane")));
    }
    let dims: Vec<isize> = (1..=dims as isize).map(|d| -d).collect();
    Ok(if keepdim { keep(&dims[..]) } else { dims[..].into() })
}

global! {
    GlobalAvgPool1d: mean_dim over 1, "[N, C, L] or [C, L]", "The mean of each row", "[1.5, 5.5]";
    GlobalAvgPool2d: mean_dim over 2, "[N, C, H, W] or [C, H, W]", "The mean of each plane", "[1.5, 5.5]";
    GlobalAvgPool3d: mean_dim over 3, "[N, C, D, H, W] or [C, D, H, W]", "The mean of each volume", "[1.5, 5.5]";
    GlobalMaxPool1d: amax over 1, "[N, C, L] or [C, L]", "The largest of each row", "[3.0, 7.0]";
    GlobalMaxPool2d: amax over 2, "[N, C, H, W] or [C, H, W]", "The largest of each plane", "[3.0, 7.0]";
    GlobalMaxPool3d: amax over 3, "[N, C, D, H, W] or [C, D, H, W]", "The largest of each volume", "[3.0, 7.0]";
    GlobalMinPool1d: amin over 1, "[N, C, L] or [C, L]", "The smallest of each row", "[0.0, 4.0]";
    GlobalMinPool2d: amin over 2, "[N, C, H, W] or [C, H, W]", "The smallest of each plane", "[0.0, 4.0]";
    GlobalMinPool3d: amin over 3, "[N, C, D, H, W] or [C, D, H, W]", "The smallest of each volume", "[0.0, 4.0]";
}

#[cfg(test)]
cases![
    layer("GlobalAvgPool1d", |_| Ok(GlobalAvgPool1d::new()))
        .maps(&[2, 3, 4], &[2, 3])
        .maps(&[3, 4], &[3])
        .maps(&[0, 3, 4], &[0, 3])
        .refuses(
            &[3],
            "GlobalAvgPool1d: the input has shape [3], expected [N, C, L] or [C, L] with elements in a plane"
        ),
    layer("GlobalAvgPool2d", |_| Ok(GlobalAvgPool2d::new().keepdim(true))).maps(&[2, 3, 2, 2], &[2, 3, 1, 1]),
    layer("GlobalAvgPool3d", |_| Ok(GlobalAvgPool3d::new())).maps(&[1, 2, 2, 1, 2], &[1, 2]),
    layer("GlobalMaxPool1d", |_| Ok(GlobalMaxPool1d::new())).maps(&[2, 3, 4], &[2, 3]).refuses(
        &[2, 3, 0],
        "GlobalMaxPool1d: the input has shape [2, 3, 0], expected [N, C, L] or [C, L] with elements in a plane"
    ),
    layer("GlobalMaxPool2d", |_| Ok(GlobalMaxPool2d::new()))
        .maps(&[2, 3, 2, 2], &[2, 3])
        .gives([[[1.0, 5.0], [2.0, 3.0]]], [5.0]),
    layer("GlobalMaxPool3d", |_| Ok(GlobalMaxPool3d::new().keepdim(true))).maps(&[2, 2, 1, 2], &[2, 1, 1, 1]),
    layer("GlobalMinPool1d", |_| Ok(GlobalMinPool1d::new().keepdim(true))).maps(&[2, 3, 4], &[2, 3, 1]),
    layer("GlobalMinPool2d", |_| Ok(GlobalMinPool2d::new()))
        .maps(&[2, 3, 2, 2], &[2, 3])
        .gives([[[1.0, 5.0], [2.0, 3.0]]], [1.0]),
    layer("GlobalMinPool3d", |_| Ok(GlobalMinPool3d::new())).maps(&[1, 2, 2, 1, 2], &[1, 2]),
];
