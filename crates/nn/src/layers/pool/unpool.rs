//! Pooled elements put back into their places.

use crate::layer::{Layer, inputs};
use autograd_core::{MaxUnpool, PerDim, Result, Tensor};
use wengert_derive::Module;

macro_rules! unpools {
    ($($Name:ident: $method:ident of $Pool:ident, $title:literal, $kernel:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, ": [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// It has two inputs, for [`Layer::forward_all`]: the elements and their positions, as
        #[doc = concat!("[`", stringify!($Pool), "::forward_with_indices`](crate::", stringify!($Pool), "::forward_with_indices) gives them.")]
        ///
        /// # Errors
        /// `forward_all` fails if there are not two inputs, or they do not fit the windows; `forward` always.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Pool), ", ", stringify!($Name), "};")]
        #[doc = concat!("let x = Tensor::from(", $x, ");")]
        #[doc = concat!("let (y, positions) = ", stringify!($Pool), "::new(", $kernel, ").forward_with_indices(&x)?;")]
        #[doc = concat!("let z = ", stringify!($Name), "::new(", $kernel, ").forward_all(&[y, positions])?;")]
        #[doc = concat!("assert_eq!(z.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            windows: MaxUnpool,
        }

        impl $Name {
            /// Windows of this size, side by side.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2), ", stringify!($Name), "::new(3));")]
            /// ```
            pub fn new(kernel_size: impl Into<PerDim>) -> $Name {
                $Name { windows: MaxUnpool::new(kernel_size) }
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

            /// The margin that there was, at least 0. Default 0.
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

            /// The size of the planes, less than a stride away from the default, which is the smallest that the windows
            /// cover.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(2).output_size(5), ", stringify!($Name), "::new(2));")]
            /// ```
            #[must_use]
            pub fn output_size(mut self, output_size: impl Into<PerDim>) -> $Name {
                self.windows = self.windows.output_size(output_size);
                self
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                self.forward_all(std::slice::from_ref(x))
            }
            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                let [x, positions] = inputs(stringify!($Name), all)?;
                x.$method(positions, self.windows.clone())
            }
        }
    )*};
}

unpools! {
    MaxUnpool1d: max_unpool1d of MaxPool1d, "Elements put back along one dim", "2", "[[1.0, 2.0, 4.0, 3.0]]", "[0.0, 2.0, 4.0, 0.0]";
    MaxUnpool2d: max_unpool2d of MaxPool2d, "Elements put back into planes", "[1, 2]", "[[[1.0, 2.0], [4.0, 3.0]]]", "[0.0, 2.0, 4.0, 0.0]";
    MaxUnpool3d: max_unpool3d of MaxPool3d, "Elements put back into volumes", "[1, 1, 2]", "[[[[1.0, 2.0], [4.0, 3.0]]]]", "[0.0, 2.0, 4.0, 0.0]";
}

#[cfg(test)]
cases![
    layer("MaxUnpool1d", |_| Ok(MaxUnpool1d::new(2)))
        .maps_with(&[&[1, 2, 2]], &[Tensor::from([[[1, 2], [0, 3]]])], &[&[1, 2, 4]])
        .maps_with(&[&[1, 2]], &[Tensor::from([[1, 2]])], &[&[1, 4]])
        .refuses(&[1, 2], "MaxUnpool1d: takes 2 inputs, got 1")
        .refuses_with(
            &[&[1, 2]],
            &[Tensor::from([[1, 4]])],
            "max_unpool1d: index 4 at position 1 is outside of a plane of 4 elements, [4]"
        ),
    layer("MaxUnpool2d", |_| Ok(MaxUnpool2d::new([2, 1]).stride(2).padding([1, 0]).output_size([3, 4]))).maps_with(
        &[&[1, 1, 2, 2]],
        &[Tensor::from([[[[1, 2], [8, 11]]]])],
        &[&[1, 1, 3, 4]]
    ),
    layer("MaxUnpool3d", |_| Ok(MaxUnpool3d::new([1, 1, 2]))).maps_with(
        &[&[1, 1, 2, 2]],
        &[Tensor::from([[[[1, 2], [7, 4]]]])],
        &[&[1, 1, 2, 4]]
    ),
];
