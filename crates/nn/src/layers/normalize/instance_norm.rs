//! Instance normalisation.

use super::affine::{ones, zeros};
use super::running::Running;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Param};
use autograd_core::{Error, Result, Tensor, no_grad};
use wengert_derive::Module;

/// The options of [`InstanceNorm1d`], [`InstanceNorm2d`] and [`InstanceNorm3d`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{InstanceNorm1d, InstanceNormOptions};
/// let options = InstanceNormOptions::new().eps(1e-3).momentum(0.2).affine(true).bias(false);
/// let norm = InstanceNorm1d::with(3, options.track_running_stats(true))?;
/// assert_eq!(norm.state_dict().len(), 4);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceNormOptions {
    eps: f64,
    momentum: f64,
    affine: bool,
    bias: bool,
    track_running_stats: bool,
}

impl Default for InstanceNormOptions {
    fn default() -> Self {
        InstanceNormOptions { eps: 1e-5, momentum: 0.1, affine: false, bias: true, track_running_stats: false }
    }
}

impl InstanceNormOptions {
    /// The defaults.
    pub fn new() -> InstanceNormOptions {
        InstanceNormOptions::default()
    }

    /// What is added to the variance, any number. Default 1e-5.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> InstanceNormOptions {
        self.eps = eps;
        self
    }

    /// The weight of a batch in the running statistics, any number. Default 0.1.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> InstanceNormOptions {
        self.momentum = momentum;
        self
    }

    /// Whether there are weights and biases. Default false.
    #[must_use]
    pub fn affine(mut self, affine: bool) -> InstanceNormOptions {
        self.affine = affine;
        self
    }

    /// Whether there are biases beside the weights. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> InstanceNormOptions {
        self.bias = bias;
        self
    }

    /// Whether there are running statistics, to evaluate by; without, evaluation takes those of its input, too. Default
    /// false.
    #[must_use]
    pub fn track_running_stats(mut self, track_running_stats: bool) -> InstanceNormOptions {
        self.track_running_stats = track_running_stats;
        self
    }
}

macro_rules! instance_norms {
    ($($Name:ident, $rank:literal, $expected:literal, $shape:literal;)*) => {$(
        #[doc = concat!("Instance normalisation of `", $expected, "`: [`Tensor::instance_norm`] as a layer.")]
        ///
        /// With running statistics, training averages the means and the unbiased variances of the samples into them,
        /// with the momentum as in [`BatchNorm1d`](crate::BatchNorm1d), and evaluation normalises by them. As in
        /// PyTorch, the batches are not counted. Weights start as 1, biases as 0.
        ///
        /// # Shapes
        #[doc = concat!("`", $expected, "`, result as the input.")]
        ///
        /// # Errors
        /// The constructors fail if `num_features` is 0 or the momentum is not finite; `forward` if the input has other
        /// dims or channels, or a channel of a sample has one value where its own statistics are used: in training, and
        /// without running ones.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, seeded};
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer};")]
        #[doc = concat!("let x = Tensor::randn(&", $shape, ", DType::F32, &mut seeded(7))?.add_scalar(10.0);")]
        #[doc = concat!("let y = ", stringify!($Name), "::new(2)?.forward(&x)?;")]
        /// assert!(y.mean()?.item::<f32>()?.abs() < 1e-5);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # References
        /// Ulyanov, Vedaldi, Lempitsky, Instance Normalization, 2016.
        ///
        /// # Differs from
        /// PyTorch, where a layer without weights and statistics takes any number of channels, with a warning.
        #[derive(Clone, Debug, Module)]
        pub struct $Name {
            /// The weights, `[C]`, if there are any.
            pub weight: Option<Param>,
            /// The biases, `[C]`, if there are any.
            pub bias: Option<Param>,
            #[module(flatten)]
            running: Option<Running>,
            mode: Mode,
            num_features: usize,
            #[module(option)]
            options: InstanceNormOptions,
        }

        impl $Name {
            /// A layer for `num_features` channels, with the default options.
            ///
            /// # Errors
            /// If `num_features` is 0.
            pub fn new(num_features: usize) -> Result<$Name> {
                $Name::with(num_features, InstanceNormOptions::new())
            }

            /// A layer for `num_features` channels.
            ///
            /// # Errors
            /// If `num_features` is 0 or the momentum is not finite.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::{InstanceNormOptions, ", stringify!($Name), "};")]
            #[doc = concat!("let norm = ", stringify!($Name), "::with(2, InstanceNormOptions::new().affine(true))?;")]
            /// assert_eq!(norm.weight.expect("affine").to_vec::<f32>()?, [1.0, 1.0]);
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(num_features: usize, options: InstanceNormOptions) -> Result<$Name> {
                let check = Check(stringify!($Name));
                check.require(num_features > 0, "num_features", num_features, "at least 1")?;
                check.require(options.momentum.is_finite(), "momentum", options.momentum, "finite")?;
                Ok($Name {
                    weight: ones(options.affine, &[num_features])?,
                    bias: zeros(options.affine && options.bias, &[num_features])?,
                    running: options.track_running_stats.then(|| Running::new(num_features)).transpose()?,
                    mode: Mode::default(),
                    num_features,
                    options,
                })
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let alone = x.rank() + 1 == $rank;
                if !(alone || x.rank() == $rank) || x.shape()[usize::from(!alone)] != self.num_features {
                    let expected = $expected.replace('C', &self.num_features.to_string());
                    return Err(Error::shape(stringify!($Name), "the input", x.shape(), expected));
                }
                let of_batch = |x: &Tensor| {
                    let affine = [self.weight.as_deref(), self.bias.as_deref()];
                    normalise(x, affine, self.running.as_ref(), self.mode.is_training(), self.options)
                };
                if alone { of_batch(&x.unsqueeze(0)?)?.squeeze(&[0]) } else { of_batch(x) }
            }
        }
    )*};
}

instance_norms! {
    InstanceNorm1d, 3, "[N, C, L] or [C, L]", "[2, 2, 5]";
    InstanceNorm2d, 4, "[N, C, H, W] or [C, H, W]", "[2, 2, 3, 4]";
    InstanceNorm3d, 5, "[N, C, D, H, W] or [C, D, H, W]", "[2, 2, 3, 2, 2]";
}

fn normalise(
    x: &Tensor,
    [weight, bias]: [Option<&Tensor>; 2],
    running: Option<&Running>,
    training: bool,
    options: InstanceNormOptions,
) -> Result<Tensor> {
    let Some(running) = running else { return x.instance_norm(weight, bias, options.eps) };
    if !training {
        let [mean, var] = running.get();
        return x.batch_norm_eval(&mean, &var, weight, bias, options.eps);
    }
    let y = x.instance_norm(weight, bias, options.eps)?;
    if x.numel() > 0 {
        let space: Vec<isize> = (2..x.rank() as isize).collect();
        let [mean, var] = no_grad(|| {
            let (var, mean) = x.var_mean(&space[..], 1.0)?;
            Ok::<_, Error>([mean.mean_dim(0)?, var.mean_dim(0)?])
        })?;
        running.update([&mean, &var], Some(options.momentum))?;
    }
    Ok(y)
}

#[cfg(test)]
cases![
    layer("InstanceNorm1d", |_| InstanceNorm1d::new(2))
        .maps(&[3, 2, 4], &[3, 2, 4])
        .maps(&[2, 4], &[2, 4])
        .gives([[[1.0, 3.0], [10.0, 10.0]]], [[[-1.0 / 1.00001f32.sqrt(), 1.0 / 1.00001f32.sqrt()], [0.0, 0.0]]])
        .refuses(&[3, 4, 2], "InstanceNorm1d: the input has shape [3, 4, 2], expected [N, 2, L] or [2, L]")
        .refuses(&[2], "InstanceNorm1d: the input has shape [2], expected [N, 2, L] or [2, L]")
        .refuses(&[3, 2, 1], "instance_norm: needs more than 1 value for each channel, the input has shape [3, 2, 1]"),
    layer("InstanceNorm2d", |_| InstanceNorm2d::with(2, InstanceNormOptions::new().affine(true)))
        .state(&["weight", "bias"])
        .maps(&[2, 2, 3, 2], &[2, 2, 3, 2]),
    layer("InstanceNorm3d", |_| InstanceNorm3d::with(2, InstanceNormOptions::new().track_running_stats(true)))
        .state(&["running_mean", "running_var", "num_batches_tracked"])
        .maps(&[2, 2, 1, 2, 2], &[2, 2, 1, 2, 2]),
    layer("InstanceNorm1d", |_| {
        let options = InstanceNormOptions::new().track_running_stats(true).affine(true).bias(false);
        let mut norm = InstanceNorm1d::with(2, options)?;
        autograd_core::module::Module::eval(&mut norm);
        Ok(norm)
    })
    .state(&["weight", "running_mean", "running_var", "num_batches_tracked"])
    .maps(&[2, 2, 3], &[2, 2, 3])
    .gives([[[1.0], [-2.0]]], [[[1.0 / 1.00001f32.sqrt()], [-2.0 / 1.00001f32.sqrt()]]]),
    layer("InstanceNorm1d", |_| InstanceNorm1d::new(0))
        .cannot_be("InstanceNorm1d: num_features is 0, it must be at least 1"),
    layer("InstanceNorm1d", |_| InstanceNorm1d::with(3, InstanceNormOptions::new().momentum(f64::NAN)))
        .cannot_be("InstanceNorm1d: momentum is NaN, it must be finite"),
];
