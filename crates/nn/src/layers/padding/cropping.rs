//! Margins taken away.

use crate::layer::Layer;
use autograd_core::{Error, PadMode, PerDim, Result, Tensor};
use wengert_derive::Module;

macro_rules! crops {
    ($($Name:ident over $D:literal, $title:literal, $args:literal, $x:literal, $y:literal;)*) => {$(
        #[doc = concat!($title, " without their margins.")]
        ///
        /// # Errors
        /// `forward` fails if the margins are not one number or two for each dim, at least 0, or do not leave an
        /// element.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::Tensor;
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let y = ", stringify!($Name), "::new(", $args, ").forward(&Tensor::from(", $x, "))?;")]
        #[doc = concat!("assert_eq!(y.to_vec::<f32>()?, ", $y, ");")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # Differs from
        /// Keras, whose first dim comes first: here the order is that of [`ZeroPad2d`](crate::ZeroPad2d).
        #[derive(Clone, Debug, PartialEq, Module)]
        pub struct $Name {
            #[module(option)]
            cropping: PerDim,
        }

        impl $Name {
            /// One margin for all sides, or two for each dim: before and behind, the last dim first.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert_ne!(", stringify!($Name), "::new(1), ", stringify!($Name), "::new(2));")]
            /// ```
            pub fn new(cropping: impl Into<PerDim>) -> $Name {
                $Name { cropping: cropping.into() }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                cropped(stringify!($Name), x, &self.cropping, $D)
            }
        }
    )*};
}

crops! {
    Cropping1d over 1, "Rows", "[1, 0]", "[[1.0, 2.0]]", "[2.0]";
    Cropping2d over 2, "Planes", "[1, 0, 0, 1]", "[[[1.0, 2.0], [3.0, 4.0]]]", "[2.0]";
    Cropping3d over 3, "Volumes", "[1, 0, 0, 0, 0, 0]", "[[[[1.0, 2.0]]]]", "[2.0]";
}

fn cropped(name: &'static str, x: &Tensor, cropping: &PerDim, dims: usize) -> Result<Tensor> {
    let margins = cropping.each(2 * dims).filter(|margins| margins.iter().all(|margin| *margin >= 0));
    let must = format!("at least 0, one number or {}", 2 * dims);
    let margins = margins.ok_or_else(|| Error::argument(name, "cropping", cropping, must))?;
    let (pairs, _) = margins.as_chunks::<2>();
    let sizes = x.shape().iter().rev();
    let leaves = |(size, [before, behind]): (&usize, &[isize; 2])| {
        before.checked_add(*behind).is_some_and(|taken| taken.unsigned_abs() < *size)
    };
    if x.rank() < dims || !sizes.zip(pairs).all(leaves) {
        let expected = format!("{dims} last dims with more elements than are taken away, {cropping}");
        return Err(Error::shape(name, "the input", x.shape(), expected));
    }
    x.pad(&margins.iter().map(|margin| -margin).collect::<Vec<_>>(), PadMode::Constant(0.0))
}

#[cfg(test)]
cases![
    layer("Cropping1d", |_| Ok(Cropping1d::new([1, 2])))
        .maps(&[2, 2, 4], &[2, 2, 1])
        .gives([1.0, 2.0, 3.0, 4.0], [2.0])
        .refuses(
            &[3],
            "Cropping1d: the input has shape [3], expected 1 last dims with more elements than are taken away, [1, 2]"
        )
        .refuses(
            &[],
            "Cropping1d: the input has shape [], expected 1 last dims with more elements than are taken away, [1, 2]"
        ),
    layer("Cropping1d", |_| Ok(Cropping1d::new(-1)))
        .refuses(&[9], "Cropping1d: cropping is -1, it must be at least 0, one number or 2"),
    layer("Cropping2d", |_| Ok(Cropping2d::new(1))).maps(&[1, 2, 3, 4], &[1, 2, 1, 2]).maps(&[0, 3, 4], &[0, 1, 2]),
    layer("Cropping3d", |_| Ok(Cropping3d::new([1, 0, 0, 1, 0, 0]))).maps(&[1, 2, 3, 4], &[1, 2, 2, 3]),
];
