//! Kaiming's (He's) initialisation: the variance stays the same through a rectifier.

use super::{Distribution, FanMode, Initializer, Law, Nonlinearity, calculate_gain, fans};
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;

/// The initialiser of [`kaiming_uniform`] and [`kaiming_normal`]; the setters are the options of both.
///
/// # Examples
/// ```
/// use wengert_nn::init::{FanMode, Kaiming, Nonlinearity, kaiming_normal};
/// let start: Kaiming = kaiming_normal().mode(FanMode::FanOut).nonlinearity(Nonlinearity::Linear);
/// assert_eq!(start.distribution(&[4, 100])?.std(), 0.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kaiming {
    mode: FanMode,
    nonlinearity: Nonlinearity,
    law: Law,
}

/// Uniform in ±a.
///
/// ```text
/// a = gain √(3 / fan)          gain: calculate_gain(nonlinearity), fan: by mode
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::kaiming_uniform;
/// let (_, high) = kaiming_uniform().distribution(&[64, 24])?.bounds().expect("uniform");
/// assert!((high - 0.5).abs() < 1e-15);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, section 2.2.
///
/// # Differs from
/// PyTorch: the slope `a` of a leaky rectifier is part of the nonlinearity, because nothing else uses it. The default
/// nonlinearity is [`Nonlinearity::Relu`]: PyTorch's, a leaky rectifier of slope 0, has the same gain.
pub fn kaiming_uniform() -> Kaiming {
    Kaiming { mode: FanMode::FanIn, nonlinearity: Nonlinearity::Relu, law: Law::Uniform }
}

/// Normal with mean 0.
///
/// ```text
/// σ = gain / √fan              gain: calculate_gain(nonlinearity), fan: by mode
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::{FanMode, kaiming_normal};
/// let start = kaiming_normal().mode(FanMode::FanOut);
/// assert!((start.distribution(&[8, 100])?.std() - 0.5).abs() < 1e-15);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, equations 10 and 14.
///
/// # Differs from
/// PyTorch: the slope `a` of a leaky rectifier is part of the nonlinearity, because nothing else uses it. The default
/// nonlinearity is [`Nonlinearity::Relu`]: PyTorch's, a leaky rectifier of slope 0, has the same gain.
pub fn kaiming_normal() -> Kaiming {
    Kaiming { mode: FanMode::FanIn, nonlinearity: Nonlinearity::Relu, law: Law::Normal }
}

impl Kaiming {
    /// The pass whose variance stays the same; default [`FanMode::FanIn`].
    #[must_use]
    pub fn mode(mut self, mode: FanMode) -> Kaiming {
        self.mode = mode;
        self
    }

    /// The activation after the layer; default [`Nonlinearity::Relu`].
    #[must_use]
    pub fn nonlinearity(mut self, nonlinearity: Nonlinearity) -> Kaiming {
        self.nonlinearity = nonlinearity;
        self
    }

    /// The distribution that the values of a weight of this shape are drawn from.
    ///
    /// # Errors
    /// If there are fewer than two dimensions or no elements, or the slope of a leaky rectifier is not finite.
    pub fn distribution(&self, shape: &[usize]) -> Result<Distribution> {
        if let Nonlinearity::LeakyRelu(slope) = self.nonlinearity
            && !slope.is_finite()
        {
            return Err(Error::argument("kaiming", "negative slope", slope, "finite"));
        }
        let fans = fans(shape)?;
        fans.not_empty(shape)?;
        Ok(self.law.of_std(calculate_gain(self.nonlinearity) / self.mode.fan(fans).sqrt()))
    }
}

impl Initializer for Kaiming {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        self.distribution(shape)?.tensor(shape, dtype, rng)
    }
}

#[cfg(test)]
cases![
    start("kaiming_uniform", kaiming_uniform(), Kaiming::distribution)
        .draws(&[80, 100], 0.0, 2f64.sqrt() / 10.0)
        .refuses(&[3], "fans: the weight has shape [3], expected at least two dimensions"),
    start("kaiming_normal", kaiming_normal().nonlinearity(Nonlinearity::LeakyRelu(0.2)), Kaiming::distribution)
        .draws(&[80, 100], 0.0, (2.0 / 1.04f64).sqrt() / 10.0)
        .refuses(&[0, 3], "fans: the weight has shape [0, 3], expected sizes of at least 1"),
    start(
        "kaiming_uniform",
        kaiming_uniform().mode(FanMode::FanOut).nonlinearity(Nonlinearity::Tanh),
        Kaiming::distribution
    )
    .draws(&[48, 3, 5, 5], 0.0, 5.0 / 3.0 / 1200f64.sqrt()),
    start("kaiming_normal", kaiming_normal().nonlinearity(Nonlinearity::Selu), Kaiming::distribution).draws(
        &[48, 3, 5, 5],
        0.0,
        0.75 / 75f64.sqrt()
    ),
    start("kaiming_normal", kaiming_normal().nonlinearity(Nonlinearity::LeakyRelu(f64::NAN)), Kaiming::distribution)
        .refuses(&[2, 3], "kaiming: negative slope is NaN, it must be finite"),
];
