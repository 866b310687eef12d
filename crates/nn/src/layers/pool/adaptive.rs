//! Pooling to outputs of a given size.

use crate::layer::Layer;
use autograd_core::{OutputSize, Result, Tensor};
use wengert_derive::Module;

/// Layers from lines `Name: method(values), "title", input, output`, where `values` takes what is wanted of the result.
macro_rules! adaptive {
    ($($Name:ident: $method:ident($values:expr), $title:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer.")]
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
            output_size: OutputSize,
        }

        impl $Name {
            /// Outputs of this size, one number for all dims or one for each.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(1), ", stringify!($Name), "::new(2));")]
            /// ```
            pub fn new(output_size: impl Into<OutputSize>) -> $Name {
                $Name { output_size: output_size.into() }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                x.$method(self.output_size.clone()).map($values)
            }
        }
    )*};
}

adaptive! {
    AdaptiveAvgPool1d: adaptive_avg_pool1d(|y| y), "Means to a given size over one dim",
        "[[[1.0, 3.0, 5.0, 8.0]]]", "[2.0, 6.5]";
    AdaptiveAvgPool2d: adaptive_avg_pool2d(|y| y), "Means to a given size over two dims",
        "[[[[1.0, 3.0, 5.0, 8.0], [0.0, 2.0, 4.0, 6.0]]]]", "[2.0, 6.5, 1.0, 5.0]";
    AdaptiveAvgPool3d: adaptive_avg_pool3d(|y| y), "Means to a given size over three dims",
        "[[[[[1.0, 3.0, 5.0, 8.0], [0.0, 2.0, 4.0, 6.0]], [[1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]]]]]",
        "[2.0, 6.5, 1.0, 5.0, 1.0, 2.0, 3.0, 4.0]";
    AdaptiveMaxPool1d: adaptive_max_pool1d(|(y, _)| y), "The largest, to a given size over one dim",
        "[[[1.0, 3.0, 5.0, 8.0]]]", "[3.0, 8.0]";
    AdaptiveMaxPool2d: adaptive_max_pool2d(|(y, _)| y), "The largest, to a given size over two dims",
        "[[[[1.0, 3.0, 5.0, 8.0], [0.0, 2.0, 4.0, 6.0]]]]", "[3.0, 8.0, 2.0, 6.0]";
    AdaptiveMaxPool3d: adaptive_max_pool3d(|(y, _)| y), "The largest, to a given size over three dims",
        "[[[[[1.0, 3.0, 5.0, 8.0], [0.0, 2.0, 4.0, 6.0]], [[1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]]]]]",
        "[3.0, 8.0, 2.0, 6.0, 1.0, 2.0, 3.0, 4.0]";
}

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
            #[doc = concat!("let x = Tensor::from(", $x, ");")]
            #[doc = concat!("let (y, positions) = ", stringify!($Name), "::new(1).forward_with_indices(&x)?;")]
            #[doc = concat!("assert_eq!((y.to_vec::<f32>()?, positions.to_vec::<i64>()?), ", $y, ");")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn forward_with_indices(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
                x.$method(self.output_size.clone())
            }
        }
    )*};
}
with_indices! {
    AdaptiveMaxPool1d: adaptive_max_pool1d, "[[[1.0, 3.0, 2.0]]]", "(vec![3.0], vec![1])";
    AdaptiveMaxPool2d: adaptive_max_pool2d, "[[[[1.0, 2.0], [4.0, 3.0]]]]", "(vec![4.0], vec![2])";
    AdaptiveMaxPool3d: adaptive_max_pool3d, "[[[[[1.0, 2.0], [4.0, 3.0]]]]]", "(vec![4.0], vec![2])";
}

#[cfg(test)]
cases![
    layer("AdaptiveAvgPool1d", |_| Ok(AdaptiveAvgPool1d::new(2))).maps(&[1, 2, 5], &[1, 2, 2]),
    layer("AdaptiveAvgPool2d", |_| Ok(AdaptiveAvgPool2d::new([2, 1]))).maps(&[1, 2, 5, 3], &[1, 2, 2, 1]),
    layer("AdaptiveAvgPool3d", |_| Ok(AdaptiveAvgPool3d::new(1))).maps(&[1, 1, 2, 2, 2], &[1, 1, 1, 1, 1]),
    layer("AdaptiveMaxPool1d", |_| Ok(AdaptiveMaxPool1d::new(2))).maps(&[1, 2, 5], &[1, 2, 2]),
    layer("AdaptiveMaxPool2d", |_| Ok(AdaptiveMaxPool2d::new(2))).maps(&[1, 2, 5, 3], &[1, 2, 2, 2]),
    layer("AdaptiveMaxPool2d", |_| Ok(AdaptiveMaxPool2d::new([2, 1])))
        .runs(|pool: &AdaptiveMaxPool2d, x| pool.forward_with_indices(&x[0]).map(|(y, positions)| vec![y, positions]))
        .maps_all(&[&[1, 2, 5, 3]], &[&[1, 2, 2, 1], &[1, 2, 2, 1]]),
    layer("AdaptiveMaxPool3d", |_| Ok(AdaptiveMaxPool3d::new(1))).maps(&[1, 1, 2, 2, 2], &[1, 1, 1, 1, 1]),
];
