//! Pooling by windows of one size.

use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::{AvgPool, LpPool, MaxPool, PerDim, Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: method(Options), "title", input, output`, with windows of one size; `of neg` turns the
/// signs around it.
macro_rules! pools {
    ($($Name:ident: $method:ident($Options:ident)$( of $sign:ident)?, $title:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer", $(" between two of [`Tensor::", stringify!($sign), "`]",)? ".")]
        ///
        /// # Errors
        /// `forward` fails if a number is out of range, or the input is smaller than a window.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let y = ", stringify!($Name), "::new(2).forward(&Tensor::from(", $x, "))?;")]
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            windows: $Options,
        }

        impl $Name {
            /// Windows of this size, side by side.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($Name), "::new(2), ", stringify!($Name), "::new(2).ceil_mode(false));")]
            /// ```
            pub fn new(kernel_size: impl Into<PerDim>) -> $Name {
                $Name { windows: $Options::new(kernel_size) }
            }

            /// The distance between neighbouring windows, at least 1. Default: their size.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).stride(1), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn stride(mut self, stride: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.stride(stride);
                self
            }

            /// The margin at each side, at most half of a window. Default 0.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).padding(1), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn padding(mut self, padding: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.padding(padding);
                self
            }

            /// Whether there is a window for the elements at the end that do not fill one. Default false.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).ceil_mode(true), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn ceil_mode(mut self, ceil_mode: bool) -> $Name {
                self.windows = self.windows.ceil_mode(ceil_mode);
                self
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                $(
                    // The negative of an expanded input may be larger than memory.
                    let _ = stringify!($sign);
                    Check(stringify!($Name)).room(x.shape(), x.dtype())?;
                )?
                let y = x$(.$sign())?.$method(self.windows.clone());
                $(let y = y.map(|y| y.$sign());)?
                y
            }
        }
    )*};
}

pools! {
    MaxPool1d: max_pool1d(MaxPool), "The largest of each window over one dim", "[[[1.0, 3.0, 2.0, 0.0]]]", "[3.0, 2.0]";
    MaxPool2d: max_pool2d(MaxPool), "The largest of each window over two dims", "[[[[1.0, 2.0], [4.0, 3.0]]]]", "[4.0]";
    MaxPool3d: max_pool3d(MaxPool), "The largest of each window over three dims",
        "[[[[[1.0, 2.0], [4.0, 3.0]], [[5.0, 0.0], [7.0, 2.0]]]]]", "[7.0]";
    MinPool1d: max_pool1d(MaxPool) of neg, "The smallest of each window over one dim",
        "[[[1.0, 3.0, 2.0, 0.0]]]", "[1.0, 0.0]";
    MinPool2d: max_pool2d(MaxPool) of neg, "The smallest of each window over two dims",
        "[[[[1.0, 2.0], [4.0, 3.0]]]]", "[1.0]";
    MinPool3d: max_pool3d(MaxPool) of neg, "The smallest of each window over three dims",
        "[[[[[1.0, 2.0], [4.0, 3.0]], [[5.0, 0.0], [7.0, 2.0]]]]]", "[0.0]";
    AvgPool1d: avg_pool1d(AvgPool), "The mean of each window over one dim", "[[[1.0, 3.0, 2.0, 0.0]]]", "[2.0, 1.0]";
    AvgPool2d: avg_pool2d(AvgPool), "The mean of each window over two dims", "[[[[1.0, 2.0], [4.0, 3.0]]]]", "[2.5]";
    AvgPool3d: avg_pool3d(AvgPool), "The mean of each window over three dims",
        "[[[[[1.0, 2.0], [4.0, 3.0]], [[5.0, 0.0], [7.0, 2.0]]]]]", "[3.0]";
}

macro_rules! dilated {
    ($($Name:ident)*) => {$(
        impl $Name {
            /// The distance between the elements of a window, at least 1. Default 1.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).dilation(2), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn dilation(mut self, dilation: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.dilation(dilation);
                self
            }
        }
    )*};
}
dilated!(MaxPool1d MaxPool2d MaxPool3d MinPool1d MinPool2d MinPool3d);

macro_rules! with_indices {
    ($($Name:ident: $method:ident, $x:literal, $y:literal;)*) => {$(
        impl $Name {
            /// The largest of each window, and their positions in their planes, which unpooling takes.
            ///
            /// # Errors
            /// As for `forward`.
            ///
            /// # Examples
            /// ```
            /// use autograd_core::Tensor;
            #[doc = concat!("use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("let (y, positions) = ", stringify!($Name), "::new(", $x, ";")]
            #[doc = concat!("assert_eq!((y.to_vec::<f32>()?, positions.to_vec::<i64>()?), ", $y, ");")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn forward_with_indices(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
                x.$method(self.windows.clone())
            }
        }
    )*};
}
with_indices! {
    MaxPool1d: max_pool1d_with_indices, "2).forward_with_indices(&Tensor::from([[[1.0, 3.0]]]))?", "(vec![3.0], vec![1])";
    MaxPool2d: max_pool2d_with_indices, "2).forward_with_indices(&Tensor::from([[[[1.0, 2.0], [4.0, 3.0]]]]))?", "(vec![4.0], vec![2])";
    MaxPool3d: max_pool3d_with_indices, "[1, 1, 2]).forward_with_indices(&Tensor::from([[[[[1.0, 2.0]]]]]))?", "(vec![2.0], vec![1])";
}

macro_rules! counting {
    ($($Name:ident)*) => {$(
        impl $Name {
            /// Whether the margin counts in the means. Default true.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).count_include_pad(false), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn count_include_pad(mut self, count_include_pad: bool) -> $Name {
                self.windows = self.windows.count_include_pad(count_include_pad);
                self
            }

            /// What the sums are divided by, not 0. Default: how many count.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).divisor_override(3), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn divisor_override(mut self, divisor: isize) -> $Name {
                self.windows = self.windows.divisor_override(divisor);
                self
            }
        }
    )*};
}
counting!(AvgPool1d AvgPool2d AvgPool3d);

macro_rules! powers {
    ($($Name:ident: $method:ident, $title:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// # Errors
        /// `forward` fails if the input is of no float type or smaller than a window, or a number is out of range.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let pool = ", stringify!($Name), "::new(2.0, 2).stride(2).ceil_mode(false);")]
        #[doc = concat!("let y = pool.forward(&Tensor::from(", $x, "))?.item::<f32>()?;")]
        #[doc = concat!("assert!((y - ", $y, ").abs() < 1e-5);")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            windows: LpPool,
        }

        impl $Name {
            /// The `norm_type`-norm of windows of this size, side by side.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(1.0, 2), ", stringify!($Name), "::new(2.0, 2));")]
            /// ```
            pub fn new(norm_type: f64, kernel_size: impl Into<PerDim>) -> $Name {
                $Name { windows: LpPool::new(norm_type, kernel_size) }
            }

            /// The distance between neighbouring windows, at least 1. Default: their size.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2.0, 2).stride(1), ", stringify!($Name), "::new(2.0, 2));")]
            /// ```
            #[must_use]
            pub fn stride(mut self, stride: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.stride(stride);
                self
            }

            /// Whether there is a window for the elements at the end that do not fill one. Default false.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2.0, 2).ceil_mode(true), ", stringify!($Name), "::new(2.0, 2));")]
            /// ```
            #[must_use]
            pub fn ceil_mode(mut self, ceil_mode: bool) -> $Name {
                self.windows = self.windows.ceil_mode(ceil_mode);
                self
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                x.$method(self.windows.clone())
            }
        }
    )*};
}

powers! {
    LPPool1d: lp_pool1d, "The p-norm of each window over one dim", "[[[3.0, -4.0]]]", "5.0";
    LPPool2d: lp_pool2d, "The p-norm of each window over two dims", "[[[[1.0, 1.0], [3.0, 5.0]]]]", "6.0";
    LPPool3d: lp_pool3d, "The p-norm of each window over three dims",
        "[[[[[1.0, 1.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 8.0]]]]]", "10.0";
}

#[cfg(test)]
cases![
    layer("MaxPool1d", |_| Ok(MaxPool1d::new(2).padding(1))).maps(&[2, 2, 5], &[2, 2, 3]),
    layer("MaxPool2d", |_| Ok(MaxPool2d::new(2).dilation(2).stride(1))).maps(&[1, 2, 4, 3], &[1, 2, 2, 1]),
    layer("MaxPool2d", |_| Ok(MaxPool2d::new(2)))
        .runs(|pool: &MaxPool2d, x| pool.forward_with_indices(&x[0]).map(|(y, positions)| vec![y, positions]))
        .maps_all(&[&[1, 2, 4, 3]], &[&[1, 2, 2, 1], &[1, 2, 2, 1]]),
    layer("MaxPool3d", |_| Ok(MaxPool3d::new(2).ceil_mode(true))).maps(&[1, 1, 3, 2, 2], &[1, 1, 2, 1, 1]),
    layer("MinPool1d", |_| Ok(MinPool1d::new(2).padding(1)))
        .maps(&[2, 2, 5], &[2, 2, 3])
        .gives([[[3.0, 1.0, 4.0]]], [[[3.0, 1.0]]]),
    layer("MinPool2d", |_| Ok(MinPool2d::new(2).dilation(2).stride(1))).maps(&[1, 2, 4, 3], &[1, 2, 2, 1]),
    layer("MinPool3d", |_| Ok(MinPool3d::new(2).ceil_mode(true))).maps(&[1, 1, 3, 2, 2], &[1, 1, 2, 1, 1]),
    layer("AvgPool1d", |_| Ok(AvgPool1d::new(2).padding(1).count_include_pad(false))).maps(&[2, 2, 5], &[2, 2, 3]),
    layer("AvgPool2d", |_| Ok(AvgPool2d::new(2).divisor_override(3))).maps(&[1, 2, 4, 3], &[1, 2, 2, 1]),
    layer("AvgPool3d", |_| Ok(AvgPool3d::new(2))).maps(&[1, 1, 2, 2, 2], &[1, 1, 1, 1, 1]),
    layer("LPPool1d", |_| Ok(LPPool1d::new(2.0, 2))).maps(&[1, 2, 4], &[1, 2, 2]).refuses_with(
        &[],
        &[Tensor::from([[[3, 4]]])],
        "lp_pool1d: dtype is I64, expected F32 or F64; to_dtype converts",
    ),
    layer("LPPool3d", |_| Ok(LPPool3d::new(2.0, 2).ceil_mode(true)))
        .maps(&[1, 1, 3, 2, 2], &[1, 1, 2, 1, 1])
        .refuses_with(
            &[],
            &[Tensor::from([[[[[3, 4], [1, 2]], [[3, 4], [1, 2]]]]])],
            "lp_pool3d: dtype is I64, expected F32 or F64; to_dtype converts",
        ),
    layer("LPPool2d", |_| Ok(LPPool2d::new(2.0, [2, 1]).stride(2))).maps(&[1, 2, 4, 2], &[1, 2, 2, 1]).refuses_with(
        &[],
        &[Tensor::from([[[[3], [4]]]])],
        "lp_pool2d: dtype is I64, expected F32 or F64; to_dtype converts",
    ),
];
