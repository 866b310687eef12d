//! Xavier's (Glorot's) initialisation: the same variance forward and backward.

use super::{Distribution, Initializer, Law, fans};
use autograd_core::{DType, Error, Result, Tensor};
use rand::Rng;

/// The initialiser of [`xavier_uniform`] and [`xavier_normal`]; the setter is the option of both.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Xavier, xavier_normal};
/// let start: Xavier = xavier_normal().gain(2.0);
/// assert_eq!(start.distribution(&[1, 7])?.std(), 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Xavier {
    gain: f64,
    law: Law,
}

/// Uniform in ±a.
///
/// ```text
/// a = gain √(6 / (fan_in + fan_out))
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::xavier_uniform;
/// let (low, high) = xavier_uniform().distribution(&[256, 128])?.bounds().expect("uniform");
/// assert!((high - 0.125).abs() < 1e-15 && low == -high);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, equation 16.
pub fn xavier_uniform() -> Xavier {
    Xavier { gain: 1.0, law: Law::Uniform }
}

/// Normal with mean 0.
///
/// ```text
/// σ = gain √(2 / (fan_in + fan_out))
/// ```
///
/// # Examples
/// ```
/// use wengert_nn::init::xavier_normal;
/// assert_eq!(xavier_normal().gain(3.0).distribution(&[1, 1])?.std(), 3.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
pub fn xavier_normal() -> Xavier {
    Xavier { gain: 1.0, law: Law::Normal }
}

impl Xavier {
    /// The factor of the standard deviation, at least 0; see [`calculate_gain`](super::calculate_gain). Default 1.
    #[must_use]
    pub fn gain(mut self, gain: f64) -> Xavier {
        self.gain = gain;
        self
    }

    /// The distribution that the values of a weight of this shape are drawn from.
    ///
    /// # Errors
    /// If there are fewer than two dimensions or no elements, or the gain is negative or not finite.
    pub fn distribution(&self, shape: &[usize]) -> Result<Distribution> {
        if !(self.gain >= 0.0 && self.gain.is_finite()) {
            return Err(Error::argument("xavier", "gain", self.gain, "finite and at least 0"));
        }
        let fans = fans(shape)?;
        fans.not_empty(shape)?;
        Ok(self.law.of_std(self.gain * (2.0 / (fans.fan_in as f64 + fans.fan_out as f64)).sqrt()))
    }
}

impl Initializer for Xavier {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        self.distribution(shape)?.tensor(shape, dtype, rng)
    }
}

#[cfg(test)]
cases![
    start("xavier_uniform", xavier_uniform(), Xavier::distribution)
        .draws(&[80, 100], 0.0, (2.0 / 180f64).sqrt())
        .refuses(&[2, 0], "fans: the weight has shape [2, 0], expected sizes of at least 1"),
    start("xavier_normal", xavier_normal().gain(1.5), Xavier::distribution)
        .draws(&[48, 3, 5, 5], 0.0, 1.5 * (2.0 / 1275f64).sqrt())
        .refuses(&[3], "fans: the weight has shape [3], expected at least two dimensions"),
    start("xavier_uniform", xavier_uniform().gain(-1.0), Xavier::distribution)
        .refuses(&[2, 3], "xavier: gain is -1.0, it must be finite and at least 0"),
];
