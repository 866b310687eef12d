//! Kaiming's (He's) initialisation: the variance stays the same through a rectifier.

use super::distribution::Law;
use super::{Distribution, FanMode, Initializer, Nonlinearity, calculate_gain, fans};
use crate::error::Result;
use autograd_core::{DType, Error, Tensor};
use rand::Rng;

/// See [`kaiming_uniform`] and [`kaiming_normal`].
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
/// use wengert_nn::init::{FanMode, Nonlinearity, kaiming_uniform};
/// let start = kaiming_uniform(FanMode::FanIn, Nonlinearity::Relu);
/// let (_, high) = start.distribution(&[64, 24])?.bounds().expect("uniform");
/// assert!((high - 0.5).abs() < 1e-15);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, section 2.2.
///
/// # Differs from
/// PyTorch: the slope `a` of a leaky rectifier is part of the nonlinearity, for nothing else uses it.
pub fn kaiming_uniform(mode: FanMode, nonlinearity: Nonlinearity) -> Kaiming {
    Kaiming { mode, nonlinearity, law: Law::Uniform }
}

/// Normal with mean 0.
///
/// ```text
/// σ = gain / √fan              gain: calculate_gain(nonlinearity), fan: by mode
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::{FanMode, Nonlinearity, kaiming_normal};
/// let start = kaiming_normal(FanMode::FanOut, Nonlinearity::Relu);
/// assert!((start.distribution(&[8, 100])?.std() - 0.5).abs() < 1e-15);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, equations 10 and 14.
///
/// # Differs from
/// PyTorch: the slope `a` of a leaky rectifier is part of the nonlinearity, for nothing else uses it.
pub fn kaiming_normal(mode: FanMode, nonlinearity: Nonlinearity) -> Kaiming {
    Kaiming { mode, nonlinearity, law: Law::Normal }
}

impl Kaiming {
    /// What the values of a weight of this shape are drawn from.
    ///
    /// # Errors
    /// If there are fewer than two dimensions or no elements, or the slope of a leaky rectifier is not finite.
    pub fn distribution(&self, shape: &[usize]) -> Result<Distribution> {
        if let Nonlinearity::LeakyRelu(slope) = self.nonlinearity
            && !slope.is_finite()
        {
            return Err(Error::argument("kaiming", "negative slope", slope, "finite").into());
        }
        let fans = fans(shape)?;
        fans.not_empty(shape)?;
        let fan = match self.mode {
            FanMode::FanIn => fans.fan_in,
            FanMode::FanOut => fans.fan_out,
        };
        Ok(self.law.of_std(calculate_gain(self.nonlinearity) / (fan as f64).sqrt()))
    }
}

impl Initializer for Kaiming {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut (impl Rng + ?Sized)) -> Result<Tensor> {
        self.distribution(shape)?.tensor(shape, dtype, rng)
    }
}
