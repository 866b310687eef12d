//! Planes in another size.

use crate::layer::Layer;
use autograd_core::{Interpolate, InterpolateMode, PerDim, Result, ScaleFactor, Tensor};
use wengert_derive::Module;

/// Planes in another size: [`Tensor::interpolate`] as a layer.
///
/// # Shapes
/// `[N, C, L] → [N, C, L′]`, `[N, C, H, W] → [N, C, H′, W′]` or `[N, C, D, H, W] → [N, C, D′, H′, W′]`
///
/// # Errors
/// `forward` fails if the input has other dims, or the mode does not go with them or with an option.
///
/// # Examples
/// ```
/// use autograd_core::{InterpolateMode, Tensor};
/// use wengert_nn::{Layer, Upsample};
/// let x = Tensor::from([[[1.0, 2.0]]]);
/// assert_eq!(Upsample::scale_factor(2.0).forward(&x)?.to_vec::<f32>()?, [1.0, 1.0, 2.0, 2.0]);
/// let lines = Upsample::size(3).mode(InterpolateMode::Linear).align_corners(true);
/// assert_eq!(lines.forward(&x)?.to_vec::<f32>()?, [1.0, 1.5, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Module)]
pub struct Upsample {
    #[module(option)]
    to: Interpolate,
}

impl Upsample {
    /// To planes of this size.
    pub fn size(size: impl Into<PerDim>) -> Upsample {
        Upsample { to: Interpolate::size(size) }
    }

    /// To planes of this many times the size, rounded down.
    pub fn scale_factor(scale_factor: impl Into<ScaleFactor>) -> Upsample {
        Upsample { to: Interpolate::scale_factor(scale_factor) }
    }

    /// The way in which elements are made. Default [`InterpolateMode::Nearest`].
    #[must_use]
    pub fn mode(mut self, mode: InterpolateMode) -> Upsample {
        self.to = self.to.mode(mode);
        self
    }

    /// Whether the centers of the corner elements stay where they are; for lines and cubics alone. Default false.
    #[must_use]
    pub fn align_corners(mut self, align_corners: bool) -> Upsample {
        self.to = self.to.align_corners(align_corners);
        self
    }

    /// Whether the scale is that of the sizes, and not the factor that they were computed from. Default false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Upsample;
    /// assert_ne!(Upsample::scale_factor(1.5).recompute_scale_factor(true), Upsample::scale_factor(1.5));
    /// ```
    #[must_use]
    pub fn recompute_scale_factor(mut self, recompute_scale_factor: bool) -> Upsample {
        self.to = self.to.recompute_scale_factor(recompute_scale_factor);
        self
    }

    /// Whether all elements that one covers take part where planes shrink; for bilinear and bicubic alone. Default
    /// false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::Upsample;
    /// assert_ne!(Upsample::size(2).antialias(true), Upsample::size(2));
    /// ```
    #[must_use]
    pub fn antialias(mut self, antialias: bool) -> Upsample {
        self.to = self.to.antialias(antialias);
        self
    }
}

impl Layer for Upsample {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.interpolate(self.to.clone())
    }
}

macro_rules! upsampling {
    ($($Name:ident: $title:literal, |$to:ident| $with:expr, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::interpolate`] over two dims as a layer.")]
        ///
        /// # Shapes
        /// `[N, C, H, W] → [N, C, H′, W′]`
        ///
        /// # Errors
        /// `forward` fails if the input has other dims, or a new size is not positive.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        /// let x = Tensor::from([[[[1.0, 2.0]]]]);
        #[doc = concat!("let (to_size, by_factor) = (", stringify!($Name), "::size([1, 4]), ", stringify!($Name), "::scale_factor([1.0, 2.0]));")]
        #[doc = concat!("assert_eq!(to_size.forward(&x)?.mul_scalar(3.0).to_vec::<f32>()?, ", $y, ");")]
        #[doc = concat!("assert_eq!(by_factor.forward(&x)?.mul_scalar(3.0).to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            to: Interpolate,
        }

        impl $Name {
            /// To planes of this size.
            pub fn size(size: impl Into<PerDim>) -> $Name {
                let $to = Interpolate::size(size);
                $Name { to: $with }
            }

            /// To planes of this many times the size, rounded down.
            pub fn scale_factor(scale_factor: impl Into<ScaleFactor>) -> $Name {
                let $to = Interpolate::scale_factor(scale_factor);
                $Name { to: $with }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                autograd_core::check::Check(stringify!($Name)).shape::<4>("the input", x, "[N, C, H, W]")?;
                x.interpolate(self.to.clone())
            }
        }
    )*};
}

upsampling! {
    UpsamplingNearest2d: "Planes of repeated elements", |to| to, "[3.0, 3.0, 6.0, 6.0]";
    UpsamplingBilinear2d: "Planes of lines between the corners, which stay where they are",
        |to| to.mode(InterpolateMode::Bilinear).align_corners(true), "[3.0, 4.0, 5.0, 6.0]";
}

#[cfg(test)]
cases![
    layer("Upsample", |_| Ok(Upsample::scale_factor(2.0)))
        .maps(&[1, 2, 3], &[1, 2, 6])
        .maps(&[1, 2, 2, 2], &[1, 2, 4, 4]),
    layer("Upsample", |_| Ok(Upsample::size(5).mode(InterpolateMode::NearestExact))).maps(&[1, 2, 3], &[1, 2, 5]),
    layer("Upsample", |_| Ok(Upsample::size(5).mode(InterpolateMode::Linear))).maps(&[1, 2, 3], &[1, 2, 5]),
    layer("Upsample", |_| Ok(Upsample::size([3, 5]).mode(InterpolateMode::Bilinear)))
        .maps(&[1, 2, 2, 3], &[1, 2, 3, 5])
        .refuses(&[1, 2, 3], "interpolate: mode is Bilinear, it must be one for 1 spatial dims"),
    layer("Upsample", |_| Ok(Upsample::size(2).mode(InterpolateMode::Bilinear).antialias(true)))
        .maps(&[1, 2, 5, 4], &[1, 2, 2, 2]),
    layer("Upsample", |_| Ok(Upsample::size([3, 5]).mode(InterpolateMode::Bicubic).align_corners(true)))
        .maps(&[1, 1, 2, 3], &[1, 1, 3, 5]),
    layer("Upsample", |_| Ok(Upsample::scale_factor([1.5, 1.0, 2.0]).mode(InterpolateMode::Trilinear)))
        .maps(&[1, 1, 2, 2, 2], &[1, 1, 3, 2, 4]),
    layer("Upsample", |_| Ok(Upsample::scale_factor(1.6).recompute_scale_factor(true).mode(InterpolateMode::Linear)))
        .maps(&[1, 1, 3], &[1, 1, 4]),
    layer("Upsample", |_| Ok(Upsample::size(2).mode(InterpolateMode::Area))).maps(&[1, 2, 5], &[1, 2, 2]),
    layer("UpsamplingNearest2d", |_| Ok(UpsamplingNearest2d::scale_factor(2.0)))
        .maps(&[1, 2, 2, 3], &[1, 2, 4, 6])
        .refuses(&[1, 2, 3], "UpsamplingNearest2d: the input has shape [1, 2, 3], expected [N, C, H, W]"),
    layer("UpsamplingBilinear2d", |_| Ok(UpsamplingBilinear2d::size([4, 3]))).maps(&[1, 2, 2, 3], &[1, 2, 4, 3]),
];
