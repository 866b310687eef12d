//! Lazy forms of layers.

use super::Lazy;
use crate::layers::{
    Conv1d, Conv2d, Conv3d, ConvOptions, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, ConvTransposeOptions,
    Linear, LinearOptions,
};
use autograd_core::check::Check;
use autograd_core::{Error, PerDim, Result, Tensor};
use rand::Rng;

/// A [`Linear`] whose `in_features` are the size of the last dim of an example; see [`Lazy`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_nn::{Layer, LazyLinear, LinearOptions, init, materialize};
/// let options = LinearOptions::new().weight(init::constant(2.0)).bias(false);
/// let mut linear = LazyLinear::with(3, options, &mut seeded(7));
/// let x = Tensor::from([1.0, 4.0]);
/// materialize(&mut linear, &x)?;
/// assert_eq!(linear.forward(&x)?.to_vec::<f32>()?, [10.0; 3]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub type LazyLinear = Lazy<Linear>;

impl Lazy<Linear> {
    /// A layer to `out_features` values, with the default options.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::LazyLinear;
    /// assert!(LazyLinear::new(3, &mut autograd_core::seeded(7)).get().is_none());
    /// ```
    pub fn new(out_features: usize, rng: &mut dyn Rng) -> LazyLinear {
        LazyLinear::with(out_features, LinearOptions::new(), rng)
    }

    /// A layer to `out_features` values.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Module, seeded};
    /// # use wengert_nn::{LazyLinear, LinearOptions, materialize};
    /// let mut linear = LazyLinear::with(3, LinearOptions::new().bias(false), &mut seeded(7));
    /// materialize(&mut linear, &Tensor::from([1.0, 2.0]))?;
    /// assert_eq!(linear.num_parameters(), 6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn with(out_features: usize, options: LinearOptions, rng: &mut dyn Rng) -> LazyLinear {
        let make = move |x: &Tensor, rng: &mut dyn Rng| {
            let [features] = Check("LazyLinear").last("the input", x, "[.., D]")?;
            Linear::with(features, out_features, options.clone(), rng)
        };
        Lazy::named("LazyLinear", make, rng)
    }
}

/// The size of the dim ahead of the spatial ones.
pub(super) fn channels(name: &'static str, x: &Tensor, dims: usize) -> Result<usize> {
    let at = x.rank().checked_sub(dims + 1).and_then(|d| x.shape().get(d));
    let expected = || format!("channels ahead of {dims} spatial dims");
    at.copied().ok_or_else(|| Error::shape(name, "the input", x.shape(), expected()))
}

macro_rules! lazy {
    ($($Name:ident of $Layer:ident with $Options:ident over $D:literal;)*) => {$(
        #[doc = concat!("A [`", stringify!($Layer), "`] whose `in_channels` are those of an example; see [`Lazy`].")]
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, seeded};
        #[doc = concat!("use wengert_nn::{", stringify!($Options), ", ", stringify!($Name), "};")]
        /// use wengert_nn::{Layer, init, materialize};
        #[doc = concat!("let options = ", stringify!($Options), "::new().weight(init::constant(3.0)).bias(false);")]
        #[doc = concat!("let mut conv = ", stringify!($Name), "::with(5, 1, options, &mut seeded(7));")]
        #[doc = concat!("let x = Tensor::ones(&[1, 2, 4, 4, 4][..2 + ", stringify!($D), "], DType::F32)?;")]
        /// materialize(&mut conv, &x)?;
        /// // Two channels of ones, times 3, for each of the five.
        #[doc = concat!("assert_eq!(conv.forward(&x)?.to_vec::<f32>()?, vec![6.0; 5 << (2 * ", stringify!($D), ")]);")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        pub type $Name = Lazy<$Layer>;

        impl Lazy<$Layer> {
            /// A layer to `out_channels`, with the default options.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("# use wengert_nn::", stringify!($Name), ";")]
            #[doc = concat!("assert!(", stringify!($Name), "::new(3, 1, &mut autograd_core::seeded(7)).get().is_none());")]
            /// ```
            pub fn new(out_channels: usize, kernel_size: impl Into<PerDim>, rng: &mut dyn Rng) -> $Name {
                $Name::with(out_channels, kernel_size, $Options::new(), rng)
            }

            /// A layer to `out_channels`.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::seeded;
            #[doc = concat!("# use wengert_nn::{", stringify!($Name), ", ", stringify!($Options), "};")]
            #[doc = concat!("let conv = ", stringify!($Name), "::with(3, 1, ", stringify!($Options), "::new().bias(false), &mut seeded(7));")]
            #[doc = concat!("assert_eq!(format!(\"{conv:?}\"), \"", stringify!($Name), "\");")]
            /// ```
            pub fn with(
                out_channels: usize,
                kernel_size: impl Into<PerDim>,
                options: $Options,
                rng: &mut dyn Rng,
            ) -> $Name {
                let kernel_size = kernel_size.into();
                let make = move |x: &Tensor, rng: &mut dyn Rng| {
                    let channels = channels(stringify!($Name), x, $D)?;
                    $Layer::with(channels, out_channels, kernel_size.clone(), options.clone(), rng)
                };
                Lazy::named(stringify!($Name), make, rng)
            }
        }
    )*};
}

lazy! {
    LazyConv1d of Conv1d with ConvOptions over 1;
    LazyConv2d of Conv2d with ConvOptions over 2;
    LazyConv3d of Conv3d with ConvOptions over 3;
    LazyConvTranspose1d of ConvTranspose1d with ConvTransposeOptions over 1;
    LazyConvTranspose2d of ConvTranspose2d with ConvTransposeOptions over 2;
    LazyConvTranspose3d of ConvTranspose3d with ConvTransposeOptions over 3;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Layer;
    use crate::layers::{materialize, materialize_with};
    use crate::sequential;
    use autograd_core::module::Mode;
    use autograd_core::{DType, seeded};
    use wengert_derive::Module;

    fn materialized<L: Layer>(mut layer: L, example: &[usize]) -> Result<L> {
        materialize(&mut layer, &Tensor::zeros(example, DType::F32)?)?;
        Ok(layer)
    }

    /// A user's layer that has a mode and nothing else, as one that is not made.
    #[derive(Clone, Module)]
    struct LazyGate {
        mode: Mode,
    }

    impl Layer for LazyGate {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            Ok(if self.mode.is_training() { x.clone() } else { x.sigmoid() })
        }
    }

    #[test]
    fn a_layer_of_another_type_is_not_lazy_whatever_its_name() -> Result<()> {
        let rng = &mut seeded(7);
        let mut model = sequential![LazyGate { mode: Mode::default() }, LazyLinear::new(2, rng)];
        let x = Tensor::zeros(&[1, 3], DType::F32)?;
        materialize(&mut model, &x)?;
        assert_eq!(model.forward(&x)?.shape(), [1, 2]);
        let mut unused = (model, Lazy::from_fn(|_, _| Ok(LazyGate { mode: Mode::default() }), rng));
        let error = materialize_with(&mut unused, |both| both.0.forward(&x)).expect_err("one is left").to_string();
        assert!(error.starts_with("materialize: the Lazy at \"1\" has not run"), "{error}");
        Ok(())
    }

    cases![
        layer("Conv1d", |rng| materialized(LazyConv1d::new(3, 2, rng), &[2, 4]))
            .state(&["weight", "bias"])
            .maps(&[1, 2, 4], &[1, 3, 3]),
        layer("Conv2d", |rng| materialized(LazyConv2d::with(3, 2, ConvOptions::new().bias(false), rng), &[1, 2, 4, 4]))
            .state(&["weight"])
            .maps(&[1, 2, 2, 3], &[1, 3, 1, 2]),
        layer("Conv3d", |rng| materialized(LazyConv3d::new(1, 1, rng), &[1, 1, 1, 2, 2]))
            .state(&["weight", "bias"])
            .maps(&[1, 1, 1, 2, 2], &[1, 1, 1, 2, 2]),
        layer("ConvTranspose1d", |rng| {
            materialized(LazyConvTranspose1d::with(3, 2, ConvTransposeOptions::new().stride(2), rng), &[2, 4])
        })
        .state(&["weight", "bias"])
        .maps(&[1, 2, 2], &[1, 3, 4]),
        layer("ConvTranspose2d", |rng| materialized(LazyConvTranspose2d::new(1, 2, rng), &[2, 4, 4]))
            .state(&["weight", "bias"])
            .maps(&[2, 2, 1], &[1, 3, 2]),
        layer("ConvTranspose3d", |rng| materialized(LazyConvTranspose3d::new(1, 1, rng), &[1, 1, 1, 2, 2]))
            .state(&["weight", "bias"])
            .maps(&[1, 1, 1, 2, 2], &[1, 1, 1, 2, 2]),
        layer("LazyConv2d", |rng| Ok(LazyConv2d::new(3, 2, rng))).refuses(
            &[1, 2, 2, 2],
            "LazyConv2d: has no parameters yet; materialize(&mut model, &example) makes them from an example of its input"
        ),
        layer("Conv2d", |rng| materialized(LazyConv2d::new(0, 2, rng), &[2, 4, 4]))
            .cannot_become("Conv2d: out_channels is 0, it must be at least 1"),
    ];
}
