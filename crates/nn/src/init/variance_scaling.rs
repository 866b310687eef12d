//! Variance scaling, and the initialisers of Keras that are forms of it.

use super::{Distribution, FanMode, Initializer, Law, fans};
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;

/// The initialiser of [`variance_scaling`] and of the names that Keras gives its forms; the setters are the options of
/// all of them.
///
/// # Examples
/// ```
/// use wengert_nn::init::{FanMode, Law, VarianceScaling, variance_scaling};
/// let start: VarianceScaling = variance_scaling().scale(4.0).mode(FanMode::FanOut).law(Law::Normal);
/// assert_eq!(start.distribution(&[16, 3])?.std(), 0.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceScaling {
    name: &'static str,
    scale: f64,
    mode: FanMode,
    law: Law,
}

/// Mean 0 and a variance that goes with the size of the weight.
///
/// ```text
/// σ = √(scale / fan)          fan: by mode
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::variance_scaling;
/// assert!((variance_scaling().distribution(&[3, 100])?.std() - 0.1).abs() < 1e-15);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras, whose weights are `[.., D, K]`; here they are `[K, D, ..]`, as in all layers, so the fans are those of
/// [`fans`](super::fans). Its argument `distribution` is called [`law`](VarianceScaling::law).
pub fn variance_scaling() -> VarianceScaling {
    VarianceScaling { name: "variance_scaling", scale: 1.0, mode: FanMode::FanIn, law: Law::TruncatedNormal }
}

macro_rules! forms {
    ($($name:ident, $scale:literal, $mode:ident, $law:ident, $formula:literal, $paper:literal;)*) => {$(
        #[doc = concat!("Keras's ", stringify!($name), ": [`variance_scaling`] with scale ", stringify!($scale), ", [`FanMode::",
            stringify!($mode), "`] and [`Law::", stringify!($law), "`].")]
        ///
        /// ```text
        #[doc = $formula]
        /// ```
        ///
        /// # Examples
        /// ```
        #[doc = concat!("use wengert_nn::init::", stringify!($name), ";")]
        #[doc = concat!("let start = ", stringify!($name), "().distribution(&[50, 50])?;")]
        #[doc = concat!("assert!((start.std() - (", stringify!($scale), "f64 / 50.0).sqrt()).abs() < 1e-15);")]
        /// # Ok::<(), wengert_nn::Error>(())
        /// ```
        ///
        /// # References
        #[doc = $paper]
        pub fn $name() -> VarianceScaling {
            VarianceScaling { name: stringify!($name), scale: $scale, mode: FanMode::$mode, law: Law::$law }
        }
    )*};
}

forms! {
    lecun_uniform, 1.0, FanIn, Uniform, "uniform in ±√(3 / fan_in)", "LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998.";
    lecun_normal, 1.0, FanIn, TruncatedNormal, "σ = √(1 / fan_in)", "LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998.";
    glorot_uniform, 1.0, FanAvg, Uniform, "uniform in ±√(6 / (fan_in + fan_out))",
        "Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.";
    glorot_normal, 1.0, FanAvg, TruncatedNormal, "σ = √(2 / (fan_in + fan_out))",
        "Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.";
    he_uniform, 2.0, FanIn, Uniform, "uniform in ±√(6 / fan_in)", "He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015.";
    he_normal, 2.0, FanIn, TruncatedNormal, "σ = √(2 / fan_in)", "He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015.";
}

impl VarianceScaling {
    /// The variance of weights of fan 1, above 0. Default 1.
    #[must_use]
    pub fn scale(mut self, scale: f64) -> VarianceScaling {
        self.scale = scale;
        self
    }

    /// The fan that the variance is divided by. Default [`FanMode::FanIn`].
    #[must_use]
    pub fn mode(mut self, mode: FanMode) -> VarianceScaling {
        self.mode = mode;
        self
    }

    /// The kind of distribution. Default [`Law::TruncatedNormal`].
    #[must_use]
    pub fn law(mut self, law: Law) -> VarianceScaling {
        self.law = law;
        self
    }

    /// The distribution that the values of a weight of this shape are drawn from.
    ///
    /// # Errors
    /// If there are fewer than two dimensions or no elements, or the scale is not above 0 and finite.
    pub fn distribution(&self, shape: &[usize]) -> Result<Distribution> {
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return Err(Error::argument(self.name, "scale", self.scale, "finite and above 0"));
        }
        let fans = fans(shape)?;
        fans.not_empty(shape)?;
        Ok(self.law.of_std((self.scale / self.mode.fan(fans)).sqrt()))
    }
}

impl Initializer for VarianceScaling {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        self.distribution(shape)?.tensor(shape, dtype, rng)
    }
}

#[cfg(test)]
cases![
    start("variance_scaling", variance_scaling().law(Law::Normal).scale(3.0), VarianceScaling::distribution)
        .draws(&[80, 100], 0.0, 0.03f64.sqrt())
        .refuses(&[3], "fans: the weight has shape [3], expected at least two dimensions")
        .refuses(&[0, 3], "fans: the weight has shape [0, 3], expected sizes of at least 1"),
    start("variance_scaling", variance_scaling().mode(FanMode::FanOut), VarianceScaling::distribution).draws(
        &[48, 3, 5, 5],
        0.0,
        (1.0 / 1200f64).sqrt()
    ),
    start("lecun_uniform", lecun_uniform(), VarianceScaling::distribution).draws(&[80, 100], 0.0, 0.1),
    start("lecun_normal", lecun_normal(), VarianceScaling::distribution).draws(&[80, 100], 0.0, 0.1),
    start("glorot_uniform", glorot_uniform(), VarianceScaling::distribution).draws(&[80, 120], 0.0, 0.1),
    start("glorot_normal", glorot_normal(), VarianceScaling::distribution).draws(&[80, 120], 0.0, 0.1),
    start("he_uniform", he_uniform(), VarianceScaling::distribution).draws(&[40, 200], 0.0, 0.1),
    start("he_normal", he_normal(), VarianceScaling::distribution).draws(&[40, 200], 0.0, 0.1),
    start("he_normal", he_normal().scale(0.0), VarianceScaling::distribution)
        .refuses(&[2, 3], "he_normal: scale is 0.0, it must be finite and above 0"),
];
