//! Pooling by windows that lie at random.

use crate::layer::{Layer, inputs};
use crate::layers::drawn;
use autograd_core::module::{Mode, Stream};
use autograd_core::{DType, FractionalMaxPool, PerDim, Result, ScaleFactor, Tensor};
use rand::Rng;
use wengert_derive::Module;

macro_rules! fractional {
    ($(
        $Name:ident: $method:ident, $seeded:ident over $D:literal, $shape:literal, $result:literal,
        $first:literal, $last:literal;
    )*) => {$(
        #[doc = concat!("The largest of each of windows that lie at random: [`Tensor::", stringify!($method), "`] as a layer.")]
        ///
        /// In training the samples come from a stream of the layer's own, seeded from the generator it is built with;
        /// in evaluation each is ½. With a second input, for [`Layer::forward_all`], they are that tensor.
        ///
        /// # Errors
        /// `forward` fails if there are more windows than places, or the input does not have the dims.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, module::Module, seeded};
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
        #[doc = concat!("let x = Tensor::arange(0.0, ", $last, " + 1.0, 1.0, DType::F32)?.reshape(&", $shape, ")?;")]
        #[doc = concat!("let mut to_size = ", stringify!($Name), "::size(2, 3, &mut seeded(7));")]
        #[doc = concat!("assert_eq!(to_size.forward(&x)?.shape(), ", $result, ");")]
        #[doc = concat!("let to_ratio = ", stringify!($Name), "::ratio(2, 0.6, &mut seeded(7));")]
        #[doc = concat!("assert_eq!(to_ratio.forward(&x)?.shape(), ", $result, ");")]
        ///
        /// // Windows begin at 0, 2 and 4 of each dim.
        /// to_size.eval();
        /// let y = to_size.forward(&x)?.to_vec::<f32>()?;
        #[doc = concat!("assert_eq!((&y[..3], y.last()), (", $first, ", Some(&", $last, ")));")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # References
        /// Graham, Fractional max-pooling, 2014.
        ///
        /// # Differs from
        /// PyTorch, whose layer draws samples in evaluation, too.
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            #[module(option)]
            windows: FractionalMaxPool,
            stream: Stream,
            mode: Mode,
        }

        impl $Name {
            /// Windows of this size, and as many as `output_size` says.
            ///
            /// # Examples
            /// ```
            /// use autograd_core::{DType, Tensor, seeded};
            #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
            #[doc = concat!("let pool = ", stringify!($Name), "::size(1, 1, &mut seeded(7));")]
            #[doc = concat!("assert_eq!(pool.forward(&Tensor::ones(&", $shape, ", DType::F32)?)?.numel(), 2);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn size(
                kernel_size: impl Into<PerDim>,
                output_size: impl Into<PerDim>,
                rng: &mut dyn Rng,
            ) -> $Name {
                let windows = FractionalMaxPool::size(kernel_size, output_size);
                $Name { windows, stream: Stream::new(rng), mode: Mode::default() }
            }

            /// Windows of this size, and this many times as many as there are elements.
            ///
            /// # Examples
            /// ```
            /// use autograd_core::{DType, Tensor, seeded};
            #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), "};")]
            #[doc = concat!("let pool = ", stringify!($Name), "::ratio(1, 0.2, &mut seeded(7));")]
            #[doc = concat!("assert_eq!(pool.forward(&Tensor::ones(&", $shape, ", DType::F32)?)?.numel(), 2);")]
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn ratio(
                kernel_size: impl Into<PerDim>,
                output_ratio: impl Into<ScaleFactor>,
                rng: &mut dyn Rng,
            ) -> $Name {
                let windows = FractionalMaxPool::ratio(kernel_size, output_ratio);
                $Name { windows, stream: Stream::new(rng), mode: Mode::default() }
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                if self.mode.is_training() {
                    return Ok(drawn(&self.stream, |seed| x.$seeded(self.windows.clone(), seed))?.0);
                }
                Ok(x.$method(self.windows.clone(), &halves(x, $D)?)?.0)
            }
            fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
                if let [x] = all {
                    return self.forward(x);
                }
                let [x, samples] = inputs(stringify!($Name), all)?;
                Ok(x.$method(self.windows.clone(), samples)?.0)
            }
        }
    )*};
}

fractional! {
    FractionalMaxPool2d: fractional_max_pool2d, fractional_max_pool2d_seeded over 2, "[1, 2, 6, 6]", "[1, 2, 3, 3]",
        "&[7.0, 9.0, 11.0][..]", "71.0";
    FractionalMaxPool3d: fractional_max_pool3d, fractional_max_pool3d_seeded over 3, "[1, 2, 6, 6, 6]",
        "[1, 2, 3, 3, 3]", "&[43.0, 45.0, 47.0][..]", "431.0";
}

/// A sample of ½ for each of so many dims of each plane.
fn halves(x: &Tensor, dims: usize) -> Result<Tensor> {
    // What is no batch of planes is refused by the operation.
    let planes = match x.shape() {
        [n, c, rest @ ..] if rest.len() == dims => [*n, *c],
        [c, ..] => [1, *c],
        [] => [1, 1],
    };
    let dtype = if x.dtype().is_float() { x.dtype() } else { DType::F32 };
    Tensor::full(&[planes[0], planes[1], dims], 0.5, dtype)
}

#[cfg(test)]
cases![
    layer("FractionalMaxPool2d", |rng| Ok(FractionalMaxPool2d::size([2, 1], [2, 3], rng)))
        .maps(&[2, 3, 4, 5], &[2, 3, 2, 3])
        .maps(&[3, 4, 5], &[3, 2, 3])
        .refuses_all(
            &[&[1, 1, 4, 3], &[1, 2, 2]],
            "fractional_max_pool2d: samples has shape [1, 2, 2], expected [1, 1, 2]"
        )
        .refuses(
            &[1, 1, 1, 3],
            "fractional_max_pool2d: 2 windows of size 2 in dim -2 need 3 elements, there are 1 (shape [1, 1, 1, 3])"
        ),
    layer("FractionalMaxPool2d", |rng| Ok(FractionalMaxPool2d::ratio(2, [0.5, 0.75], rng)))
        .maps(&[1, 2, 4, 4], &[1, 2, 2, 3]),
    layer("FractionalMaxPool3d", |rng| Ok(FractionalMaxPool3d::size(1, 2, rng)))
        .maps(&[1, 2, 3, 4, 2], &[1, 2, 2, 2, 2])
        .maps(&[2, 3, 4, 2], &[2, 2, 2, 2]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::module::Module;

    #[test]
    fn samples_are_drawn_given_or_halves() -> Result<()> {
        let x = Tensor::arange(0.0, 100.0, 1.0, DType::F32)?.reshape(&[1, 1, 10, 10])?;
        let mut pool = FractionalMaxPool2d::size(1, 5, &mut autograd_core::seeded(7));
        let mut seen: Vec<Vec<f32>> = Vec::new();
        for _ in 0..20 {
            seen.push(pool.forward(&x)?.to_vec()?);
        }
        assert!(seen.iter().any(|y| *y != seen[0]));
        pool.eval();
        let half = Tensor::full(&[1, 1, 2], 0.5, DType::F32)?;
        // α = 2.25, so ⌊(i + ½) α⌋ − 1 is 0, 2, 4 and 6; the last one is at the end.
        let at = [0.0, 2.0, 4.0, 6.0, 9.0];
        let want: Vec<f32> = (0..25).map(|i| at[i / 5] * 10.0 + at[i % 5]).collect();
        assert_eq!(pool.forward(&x)?.to_vec::<f32>()?, want);
        assert_eq!(pool.forward_all(&[x.clone(), half])?.to_vec::<f32>()?, want);
        let error = pool.forward_all(&[]).expect_err("no input").to_string();
        assert_eq!(error, "FractionalMaxPool2d: takes 2 inputs, got 0");
        Ok(())
    }
}
