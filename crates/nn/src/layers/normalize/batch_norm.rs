//! Batch normalisation.

use super::affine::{ones, zeros};
use super::running::Running;
use crate::layer::Layer;
use autograd_core::check::Check;
use autograd_core::module::{Mode, Param};
use autograd_core::{Error, Result, Tensor};
use wengert_derive::Module;

/// The options of [`BatchNorm1d`], [`BatchNorm2d`] and [`BatchNorm3d`].
///
/// # Examples
/// ```
/// use autograd_core::module::Module;
/// use wengert_nn::{BatchNorm1d, BatchNormOptions};
/// let options = BatchNormOptions::new().eps(1e-3).momentum(None).bias(false).track_running_stats(true);
/// let norm = BatchNorm1d::with(3, options)?;
/// let state = norm.state_dict();
/// let names: Vec<&str> = state.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["weight", "running_mean", "running_var", "num_batches_tracked"]);
/// assert!(BatchNorm1d::with(3, options.affine(false))?.weight.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormOptions {
    eps: f64,
    momentum: Option<f64>,
    affine: bool,
    bias: bool,
    track_running_stats: bool,
}

impl Default for BatchNormOptions {
    fn default() -> Self {
        BatchNormOptions { eps: 1e-5, momentum: Some(0.1), affine: true, bias: true, track_running_stats: true }
    }
}

impl BatchNormOptions {
    /// The defaults.
    pub fn new() -> BatchNormOptions {
        BatchNormOptions::default()
    }

    /// What is added to the variance, any number. Default 1e-5.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> BatchNormOptions {
        self.eps = eps;
        self
    }

    /// The weight of a batch in the running statistics, any number; `None` weighs all batches alike. Default 0.1.
    #[must_use]
    pub fn momentum(mut self, momentum: impl Into<Option<f64>>) -> BatchNormOptions {
        self.momentum = momentum.into();
        self
    }

    /// Whether there are weights and biases. Default true.
    #[must_use]
    pub fn affine(mut self, affine: bool) -> BatchNormOptions {
        self.affine = affine;
        self
    }

    /// Whether there are biases beside the weights. Default true.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> BatchNormOptions {
        self.bias = bias;
        self
    }

    /// Whether there are running statistics, to evaluate by; without, evaluation takes those of its batch, too. Default
    /// true.
    #[must_use]
    pub fn track_running_stats(mut self, track_running_stats: bool) -> BatchNormOptions {
        self.track_running_stats = track_running_stats;
        self
    }
}

/// Layers from lines `Name, ranks, shape: "shapes"`.
macro_rules! batch_norms {
    ($($Name:ident, $ranks:pat, $expected:literal, $shape:literal;)*) => {$(
        #[doc = concat!("Batch normalisation of `", $expected, "`: in training [`Tensor::batch_norm`], by mean and variance")]
        /// of the batch, which go into the running statistics; in evaluation [`Tensor::batch_norm_eval`], by these.
        ///
        /// ```text
        /// running ← (1 − momentum) running + momentum batch
        /// ```
        ///
        /// The variance that goes there is the unbiased one. A batch without elements is counted, and changes nothing
        /// else. What is held in evaluation ([`Module::hold_eval`](autograd_core::module::Module::hold_eval)) keeps its
        /// statistics while the rest is trained. Weights start as 1, biases as 0.
        ///
        /// # Shapes
        #[doc = concat!("`", $expected, "`, result as the input.")]
        ///
        /// # Errors
        /// The constructors fail if `num_features` is 0 or the momentum is not finite; `forward` if the input has other
        /// dims or channels, or a channel has one value where its own statistics are used: in training, and without
        /// running ones.
        ///
        /// # Examples
        /// ```
        /// use autograd_core::{DType, Tensor, module::Module, seeded};
        #[doc = concat!("use wengert_nn::{", stringify!($Name), ", Layer};")]
        #[doc = concat!("let mut norm = ", stringify!($Name), "::new(2)?;")]
        #[doc = concat!("let x = Tensor::randn(&", $shape, ", DType::F32, &mut seeded(7))?.add_scalar(10.0);")]
        /// assert!(norm.forward(&x)?.mean()?.item::<f32>()?.abs() < 1e-5);
        /// let [mean, _] = norm.running_stats().expect("tracked");
        /// assert!((mean.mean()?.item::<f32>()? - 0.1 * x.mean()?.item::<f32>()?).abs() < 1e-5);
        /// norm.eval();
        /// assert!(norm.forward(&x)?.mean()?.item::<f32>()? > 5.0);
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # References
        /// Ioffe, Szegedy, Batch Normalization, 2015.
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
            options: BatchNormOptions,
        }

        impl $Name {
            /// A layer for `num_features` channels, with the default options.
            ///
            /// # Errors
            /// If `num_features` is 0.
            pub fn new(num_features: usize) -> Result<$Name> {
                $Name::with(num_features, BatchNormOptions::new())
            }

            /// A layer for `num_features` channels.
            ///
            /// # Errors
            /// If `num_features` is 0 or the momentum is not finite.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use wengert_nn::{BatchNormOptions, ", stringify!($Name), "};")]
            #[doc = concat!("let norm = ", stringify!($Name), "::with(2, BatchNormOptions::new().track_running_stats(false))?;")]
            /// assert!(norm.running_stats().is_none());
            /// # Ok::<(), wengert_nn::Error>(())
            /// ```
            pub fn with(num_features: usize, options: BatchNormOptions) -> Result<$Name> {
                let check = Check(stringify!($Name));
                check.require(num_features > 0, "num_features", num_features, "at least 1")?;
                if let Some(momentum) = options.momentum {
                    check.require(momentum.is_finite(), "momentum", momentum, "finite")?;
                }
                Ok($Name {
                    weight: ones(options.affine, &[num_features])?,
                    bias: zeros(options.affine && options.bias, &[num_features])?,
                    running: options.track_running_stats.then(|| Running::new(num_features)).transpose()?,
                    mode: Mode::default(),
                    num_features,
                    options,
                })
            }

            /// The running mean and variance, if they are tracked.
            pub fn running_stats(&self) -> Option<[Tensor; 2]> {
                self.running.as_ref().map(Running::get)
            }
        }

        impl Layer for $Name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let fits = matches!(x.shape().len(), $ranks) && x.shape()[1] == self.num_features;
                if !fits {
                    let expected = $expected.replace('C', &self.num_features.to_string());
                    return Err(Error::shape(stringify!($Name), "the input", x.shape(), expected));
                }
                let state = State { running: self.running.as_ref(), training: self.mode.is_training() };
                state.normalise(x, [self.weight.as_deref(), self.bias.as_deref()], self.options)
            }
        }
    )*};
}

batch_norms! {
    BatchNorm1d, 2 | 3, "[N, C] or [N, C, L]", "[6, 2]";
    BatchNorm2d, 4, "[N, C, H, W]", "[2, 2, 3, 4]";
    BatchNorm3d, 5, "[N, C, D, H, W]", "[2, 2, 3, 2, 2]";
}

/// What decides by which statistics is normalised.
struct State<'a> {
    running: Option<&'a Running>,
    training: bool,
}

impl State<'_> {
    fn normalise(self, x: &Tensor, [weight, bias]: [Option<&Tensor>; 2], options: BatchNormOptions) -> Result<Tensor> {
        match self.running {
            Some(running) if !self.training => {
                let [mean, var] = running.get();
                x.batch_norm_eval(&mean, &var, weight, bias, options.eps)
            }
            running => {
                let (y, mean, var) = x.batch_norm(weight, bias, options.eps)?;
                if let Some(running) = running {
                    running.fits([&mean, &var])?;
                    running.count();
                    if x.numel() > 0 {
                        running.update([&mean, &var], options.momentum)?;
                    }
                }
                Ok(y)
            }
        }
    }
}

#[cfg(test)]
fn evaluating<L: autograd_core::module::Module>(mut layer: L) -> L {
    layer.eval();
    layer
}

#[cfg(test)]
cases![
    layer("BatchNorm1d", |_| BatchNorm1d::new(3))
        .state(&["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
        .maps(&[4, 3], &[4, 3])
        .maps(&[2, 3, 4], &[2, 3, 4])
        .maps(&[0, 3], &[0, 3])
        .refuses(&[1, 3], "batch_norm: needs more than 1 value for each channel, the input has shape [1, 3]")
        .refuses(&[2, 4], "BatchNorm1d: the input has shape [2, 4], expected [N, 3] or [N, 3, L]")
        .refuses(&[3], "BatchNorm1d: the input has shape [3], expected [N, 3] or [N, 3, L]"),
    layer("BatchNorm1d", |_| Ok(evaluating(BatchNorm1d::with(3, BatchNormOptions::new().eps(0.5))?)))
        .state(&["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
        .gives([[1.5f32.sqrt(), 0.0, -2.0 * 1.5f32.sqrt()]], [[1.0, 0.0, -2.0]])
        .maps(&[2, 3, 4], &[2, 3, 4]),
    layer("BatchNorm1d", |_| BatchNorm1d::with(2, BatchNormOptions::new().track_running_stats(false).eps(0.0)))
        .state(&["weight", "bias"])
        .gives([[1.0, 10.0], [3.0, 30.0]], [[-1.0, -1.0], [1.0, 1.0]]),
    layer("BatchNorm2d", |_| BatchNorm2d::with(2, BatchNormOptions::new().affine(false).momentum(None)))
        .state(&["running_mean", "running_var", "num_batches_tracked"])
        .maps(&[2, 2, 3, 2], &[2, 2, 3, 2])
        .refuses(&[2, 2, 3], "BatchNorm2d: the input has shape [2, 2, 3], expected [N, 2, H, W]"),
    layer("BatchNorm3d", |_| BatchNorm3d::with(2, BatchNormOptions::new().bias(false)))
        .state(&["weight", "running_mean", "running_var", "num_batches_tracked"])
        .maps(&[2, 2, 1, 2, 2], &[2, 2, 1, 2, 2]),
    layer("BatchNorm1d", |_| BatchNorm1d::new(0)).cannot_be("BatchNorm1d: num_features is 0, it must be at least 1"),
    layer("BatchNorm1d", |_| BatchNorm1d::with(3, BatchNormOptions::new().momentum(f64::NAN)))
        .cannot_be("BatchNorm1d: momentum is NaN, it must be finite"),
];
