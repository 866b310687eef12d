//! Independent values: all the same, uniform or normal.

use super::Initializer;
use autograd_core::{DType, Error, Result, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// What independent values are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Distribution {
    /// Always this value.
    Constant(f64),
    /// Every value in `[low, high)` is as likely.
    Uniform {
        /// The smallest value.
        low: f64,
        /// The bound above.
        high: f64,
    },
    /// The normal distribution.
    Normal {
        /// Its mean μ.
        mean: f64,
        /// Its standard deviation σ ≥ 0.
        std: f64,
    },
}

/// All 0.
pub fn zeros() -> Distribution {
    Distribution::Constant(0.0)
}

/// All 1.
pub fn ones() -> Distribution {
    Distribution::Constant(1.0)
}

/// All `value`.
pub fn constant(value: f64) -> Distribution {
    Distribution::Constant(value)
}

/// Uniform in `[a, b)`.
pub fn uniform(a: f64, b: f64) -> Distribution {
    Distribution::Uniform { low: a, high: b }
}

/// Normal with this mean and standard deviation.
pub fn normal(mean: f64, std: f64) -> Distribution {
    Distribution::Normal { mean, std }
}

/// Which of two distributions of the same standard deviation an initialiser draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    /// Uniform in ±√3 σ.
    Uniform,
    /// Normal with mean 0.
    Normal,
}

impl Law {
    /// The distribution of this kind with mean 0 and this standard deviation.
    pub(super) fn of_std(self, std: f64) -> Distribution {
        match self {
            Law::Uniform => uniform(-3f64.sqrt() * std, 3f64.sqrt() * std),
            Law::Normal => normal(0.0, std),
        }
    }
}

impl Distribution {
    /// Its mean.
    pub fn mean(&self) -> f64 {
        match *self {
            Distribution::Constant(value) => value,
            Distribution::Uniform { low, high } => 0.5 * low + 0.5 * high,
            Distribution::Normal { mean, .. } => mean,
        }
    }

    /// Its standard deviation.
    pub fn std(&self) -> f64 {
        match *self {
            Distribution::Constant(_) => 0.0,
            Distribution::Uniform { low, high } => (high - low) / 12f64.sqrt(),
            Distribution::Normal { std, .. } => std,
        }
    }

    /// The smallest and the largest value it gives, if there are such.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        match *self {
            Distribution::Constant(value) => Some((value, value)),
            Distribution::Uniform { low, high } => Some((low, high)),
            Distribution::Normal { .. } => None,
        }
    }

    fn check(&self) -> Result<(), Error> {
        match *self {
            Distribution::Constant(_) => {}
            Distribution::Uniform { low, high } => {
                if !low.is_finite() {
                    return Err(Error::argument("uniform", "a", low, "finite"));
                }
                if !(high >= low && (high - low).is_finite()) {
                    return Err(Error::argument("uniform", "b", high, "finite and not below a"));
                }
            }
            Distribution::Normal { mean, std } => {
                if !mean.is_finite() {
                    return Err(Error::argument("normal", "mean", mean, "finite"));
                }
                if !(std >= 0.0 && std.is_finite()) {
                    return Err(Error::argument("normal", "std", std, "finite and at least 0"));
                }
            }
        }
        Ok(())
    }
}

impl Initializer for Distribution {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        self.check()?;
        Ok(match *self {
            Distribution::Constant(value) => Tensor::sample(shape, dtype, || value)?,
            Distribution::Uniform { low, high } => {
                Tensor::sample(shape, dtype, || low + (high - low) * rng.random::<f64>())?
            }
            Distribution::Normal { mean, std } => {
                Tensor::sample(shape, dtype, || mean + std * rng.sample::<f64, _>(StandardNormal))?
            }
        })
    }
}

#[cfg(test)]
cases![
    start("zeros", zeros(), |d, _| Ok(*d)).draws(&[80, 100], 0.0, 0.0),
    start("ones", ones(), |d, _| Ok(*d)).draws(&[80, 100], 1.0, 0.0),
    start("constant", constant(0.3), |d, _| Ok(*d)).draws(&[8000], 0.3, 0.0),
    start("uniform", uniform(-0.3, 0.2), |d, _| Ok(*d)).draws(&[80, 100], -0.05, 0.5 / 12f64.sqrt()),
    start("uniform", uniform(1.0, 1.0), |d, _| Ok(*d)).draws(&[80, 100], 1.0, 0.0),
    start("normal", normal(2.0, 0.1), |d, _| Ok(*d)).draws(&[80, 100], 2.0, 0.1),
    start("normal", normal(1.0, 0.0), |d, _| Ok(*d)).draws(&[80, 100], 1.0, 0.0),
    start("uniform", uniform(f64::NAN, 1.0), |d, _| Ok(*d)).refuses(&[2], "uniform: a is NaN, it must be finite"),
    start("uniform", uniform(1.0, 0.0), |d, _| Ok(*d))
        .refuses(&[2], "uniform: b is 0.0, it must be finite and not below a"),
    start("normal", normal(f64::INFINITY, 1.0), |d, _| Ok(*d)).refuses(&[2], "normal: mean is inf, it must be finite"),
    start("normal", normal(0.0, -1.0), |d, _| Ok(*d))
        .refuses(&[2], "normal: std is -1.0, it must be finite and at least 0"),
];
