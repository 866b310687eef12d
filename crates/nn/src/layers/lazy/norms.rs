//! Lazy forms of norms over channels.

use super::Lazy;
use super::named::channels;
use crate::layers::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormOptions, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d,
    InstanceNormOptions,
};
use autograd_core::{Error, Result, Tensor, seeded};
use rand::Rng;

/// The size of the dim behind the samples.
fn behind_samples(name: &'static str, x: &Tensor) -> Result<usize> {
    let expected = || "channels behind the samples".to_owned();
    x.shape().get(1).copied().ok_or_else(|| Error::shape(name, "the input", x.shape(), expected()))
}

macro_rules! lazy {
    ($($Name:ident of $Layer:ident with $Options:ident, $find:expr, $shape:literal;)*) => {$(
        #[doc = concat!("A [`", stringify!($Layer), "`] whose `num_features` are the channels of an example; see [`Lazy`].")]
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, module::Module, seeded};
        #[doc = concat!("use wengert_nn::{Layer, ", stringify!($Name), ", materialize};")]
        #[doc = concat!("let mut norm = ", stringify!($Name), "::new();")]
        #[doc = concat!("let x = Tensor::randn(&", $shape, ", DType::F32, &mut seeded(7))?.add_scalar(10.0);")]
        /// materialize(&mut norm, &x)?;
        #[doc = concat!("assert_eq!(norm.kind(), \"", stringify!($Layer), "\");")]
        /// assert!(norm.forward(&x)?.mean()?.item::<f32>()?.abs() < 1e-5);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        pub type $Name = Lazy<$Layer>;

        impl Lazy<$Layer> {
            /// A layer with the defaults of PyTorch's lazy layer: it scales and shifts, and keeps running statistics.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::{DType, Tensor, module::Module};
            #[doc = concat!("# use wengert_nn::{", stringify!($Name), ", materialize};")]
            #[doc = concat!("let mut norm = ", stringify!($Name), "::new();")]
            /// assert!(norm.get().is_none());
            #[doc = concat!("materialize(&mut norm, &Tensor::ones(&", $shape, ", DType::F32)?)?;")]
            /// let names: Vec<String> = norm.state_dict().iter().map(|(name, _)| name.to_string()).collect();
            /// assert_eq!(names, ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn new() -> $Name {
                $Name::with($Options::new().affine(true).track_running_stats(true))
            }

            /// A layer with options, whose defaults are those of the layer that is made.
            ///
            /// # Examples
            /// ```
            /// # use autograd_core::{DType, Tensor, module::Module};
            #[doc = concat!("# use wengert_nn::{", stringify!($Name), ", ", stringify!($Options), ", materialize};")]
            #[doc = concat!("let mut norm = ", stringify!($Name), "::with(", stringify!($Options), "::new().affine(true).bias(false));")]
            #[doc = concat!("materialize(&mut norm, &Tensor::ones(&", $shape, ", DType::F32)?)?;")]
            /// assert_eq!(norm.num_parameters(), 2);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(options: $Options) -> $Name {
                let make = move |x: &Tensor, _: &mut dyn Rng| {
                    let find: fn(&'static str, &Tensor) -> Result<usize> = $find;
                    $Layer::with(find(stringify!($Name), x)?, options)
                };
                // A norm draws nothing, whatever the seed.
                Lazy::named(stringify!($Name), make, &mut seeded(0))
            }
        }

        impl Default for Lazy<$Layer> {
            fn default() -> Self {
                $Name::new()
            }
        }
    )*};
}

lazy! {
    LazyBatchNorm1d of BatchNorm1d with BatchNormOptions, behind_samples, "[6, 2]";
    LazyBatchNorm2d of BatchNorm2d with BatchNormOptions, behind_samples, "[2, 2, 3, 4]";
    LazyBatchNorm3d of BatchNorm3d with BatchNormOptions, behind_samples, "[2, 2, 3, 2, 2]";
    LazyInstanceNorm1d of InstanceNorm1d with InstanceNormOptions, |name, x| channels(name, x, 1), "[2, 2, 5]";
    LazyInstanceNorm2d of InstanceNorm2d with InstanceNormOptions, |name, x| channels(name, x, 2), "[2, 2, 3, 4]";
    LazyInstanceNorm3d of InstanceNorm3d with InstanceNormOptions, |name, x| channels(name, x, 3), "[2, 2, 3, 2, 2]";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Layer;
    use crate::layers::materialize;
    use autograd_core::DType;

    fn materialized<L: Layer>(mut layer: L, example: &[usize]) -> Result<L> {
        materialize(&mut layer, &Tensor::zeros(example, DType::F32)?)?;
        Ok(layer)
    }

    /// The example changes no statistics.
    #[test]
    fn running_statistics_start_as_those_of_a_new_layer() -> Result<()> {
        let mut norm = LazyBatchNorm1d::new();
        materialize(&mut norm, &Tensor::from([[1.0, 10.0], [3.0, 30.0]]))?;
        let [mean, var] = norm.get().and_then(BatchNorm1d::running_stats).expect("made, and tracked");
        assert_eq!((mean.to_f64s(), var.to_f64s()), (vec![0.0; 2], vec![1.0; 2]));
        Ok(())
    }

    cases![
        layer("BatchNorm1d", |_| materialized(LazyBatchNorm1d::new(), &[4, 3]))
            .state(&["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
            .maps(&[4, 3], &[4, 3])
            .maps(&[2, 3, 4], &[2, 3, 4])
            .refuses(&[2, 4], "BatchNorm1d: the input has shape [2, 4], expected [N, 3] or [N, 3, L]"),
        layer("BatchNorm2d", |_| {
            materialized(LazyBatchNorm2d::with(BatchNormOptions::new().affine(false)), &[2, 2, 3, 2])
        })
        .state(&["running_mean", "running_var", "num_batches_tracked"])
        .maps(&[2, 2, 3, 2], &[2, 2, 3, 2]),
        layer("BatchNorm3d", |_| {
            materialized(LazyBatchNorm3d::with(BatchNormOptions::new().track_running_stats(false)), &[2, 2, 1, 2, 2])
        })
        .state(&["weight", "bias"])
        .maps(&[2, 2, 1, 2, 2], &[2, 2, 1, 2, 2]),
        layer("InstanceNorm1d", |_| {
            materialized(LazyInstanceNorm1d::with(InstanceNormOptions::new().affine(true)), &[2, 4])
        })
        .state(&["weight", "bias"])
        .maps(&[3, 2, 4], &[3, 2, 4])
        .maps(&[2, 4], &[2, 4]),
        layer("InstanceNorm2d", |_| {
            materialized(LazyInstanceNorm2d::with(InstanceNormOptions::new()), &[3, 2, 2, 3])
        })
        .state(&[])
        .maps(&[2, 2, 3], &[2, 2, 3]),
        layer("InstanceNorm2d", |_| materialized(LazyInstanceNorm2d::new(), &[3, 2, 2, 3]))
            .state(&["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
            .maps(&[2, 2, 3], &[2, 2, 3]),
        layer("InstanceNorm3d", |_| {
            let options = InstanceNormOptions::new().track_running_stats(true);
            materialized(LazyInstanceNorm3d::with(options), &[2, 2, 1, 2, 2])
        })
        .state(&["running_mean", "running_var", "num_batches_tracked"])
        .maps(&[2, 2, 1, 2, 2], &[2, 2, 1, 2, 2]),
        layer("BatchNorm1d", |_| materialized(LazyBatchNorm1d::new(), &[3]))
            .cannot_be("LazyBatchNorm1d: the input has shape [3], expected channels behind the samples"),
        layer("BatchNorm2d", |_| materialized(LazyBatchNorm2d::new(), &[2, 3]))
            .cannot_be("BatchNorm2d: the input has shape [2, 3], expected [N, 3, H, W]"),
        layer("InstanceNorm2d", |_| materialized(LazyInstanceNorm2d::new(), &[2, 3]))
            .cannot_be("LazyInstanceNorm2d: the input has shape [2, 3], expected channels ahead of 2 spatial dims"),
        layer("LazyBatchNorm2d", |_| Ok(LazyBatchNorm2d::new())).refuses(
            &[1, 2, 2, 2],
            "LazyBatchNorm2d: has no parameters yet; materialize(&mut model, &example) makes them from an example of its input"
        ),
    ];
}
