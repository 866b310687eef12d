//! Independent values: all the same, uniform, normal, or normal between bounds.

use super::{Initializer, truncated};
use autograd_core::{DType, Error, Result, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The distribution that independent values are drawn from.
///
/// # Examples
/// ```
/// use wengert_nn::init::{Distribution, uniform};
/// let distribution: Distribution = uniform(-1.0, 3.0);
/// assert_eq!((distribution.mean(), distribution.bounds()), (1.0, Some((-1.0, 3.0))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Distribution {
    /// Always this value.
    Constant(f64),
    /// All values in `[low, high)` are equally likely; in no dtype a value leaves it.
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
    /// The normal distribution without what lies outside `[low, high)`.
    TruncatedNormal {
        /// The mean of the whole.
        mean: f64,
        /// The standard deviation of the whole, above 0.
        std: f64,
        /// The smallest value.
        low: f64,
        /// The bound above.
        high: f64,
    },
}

/// All 0.
///
/// # Examples
/// ```
/// # use autograd_core::DType;
/// # use wengert_nn::init::{Initializer, zeros};
/// let bias = zeros().tensor(&[2], DType::F32, &mut autograd_core::seeded(7))?;
/// assert_eq!(bias.to_vec::<f32>()?, [0.0, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn zeros() -> Distribution {
    Distribution::Constant(0.0)
}

/// All 1.
///
/// # Examples
/// ```
/// # use autograd_core::DType;
/// # use wengert_nn::init::{Initializer, ones};
/// let scale = ones().tensor(&[2], DType::F32, &mut autograd_core::seeded(7))?;
/// assert_eq!(scale.to_vec::<f32>()?, [1.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn ones() -> Distribution {
    Distribution::Constant(1.0)
}

/// All `value`.
///
/// # Examples
/// ```
/// # use wengert_nn::init::{Distribution, constant};
/// assert_eq!(constant(0.5), Distribution::Constant(0.5));
/// ```
pub fn constant(value: f64) -> Distribution {
    Distribution::Constant(value)
}

/// Uniform in `[a, b)`; always a if b is a.
///
/// # Examples
/// ```
/// # use autograd_core::DType;
/// # use wengert_nn::init::{Initializer, uniform};
/// let x = uniform(2.0, 3.0).tensor(&[100], DType::F32, &mut autograd_core::seeded(7))?;
/// assert!(x.to_vec::<f32>()?.iter().all(|x| (2.0..3.0).contains(x)));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn uniform(a: f64, b: f64) -> Distribution {
    Distribution::Uniform { low: a, high: b }
}

/// Normal with this mean and standard deviation.
///
/// # Examples
/// ```
/// # use autograd_core::DType;
/// # use wengert_nn::init::{Initializer, normal};
/// let x = normal(5.0, 0.1).tensor(&[1000], DType::F32, &mut autograd_core::seeded(7))?;
/// assert!((x.mean()?.item::<f32>()? - 5.0).abs() < 0.02);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn normal(mean: f64, std: f64) -> Distribution {
    Distribution::Normal { mean, std }
}

impl Distribution {
    /// Its mean; NaN if there is no such distribution.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::init::{normal, uniform};
    /// assert_eq!((uniform(0.0, 1.0).mean(), normal(2.0, 0.1).mean()), (0.5, 2.0));
    /// ```
    pub fn mean(&self) -> f64 {
        if self.check().is_err() {
            return f64::NAN;
        }
        match *self {
            Distribution::Constant(value) => value,
            Distribution::Uniform { low, high } => 0.5 * low + 0.5 * high,
            Distribution::Normal { mean, .. } => mean,
            Distribution::TruncatedNormal { mean, std, low, high } => {
                mean + std * truncated::moments((low - mean) / std, (high - mean) / std).0
            }
        }
    }

    /// Its standard deviation; NaN if there is no such distribution.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::init::{constant, normal};
    /// assert_eq!((constant(7.0).std(), normal(2.0, 0.1).std()), (0.0, 0.1));
    /// ```
    pub fn std(&self) -> f64 {
        if self.check().is_err() {
            return f64::NAN;
        }
        match *self {
            Distribution::Constant(_) => 0.0,
            Distribution::Uniform { low, high } => (high - low) / 12f64.sqrt(),
            Distribution::Normal { std, .. } => std,
            Distribution::TruncatedNormal { mean, std, low, high } => {
                std * truncated::moments((low - mean) / std, (high - mean) / std).1
            }
        }
    }

    /// The smallest and the largest value, if there are such.
    ///
    /// # Examples
    /// ```
    /// # use wengert_nn::init::{normal, uniform};
    /// assert_eq!((uniform(0.0, 1.0).bounds(), normal(2.0, 0.1).bounds()), (Some((0.0, 1.0)), None));
    /// ```
    pub fn bounds(&self) -> Option<(f64, f64)> {
        match *self {
            Distribution::Constant(value) => Some((value, value)),
            Distribution::Uniform { low, high } | Distribution::TruncatedNormal { low, high, .. } => Some((low, high)),
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
            Distribution::TruncatedNormal { mean, std, low, high } => {
                if !mean.is_finite() {
                    return Err(Error::argument("trunc_normal", "mean", mean, "finite"));
                }
                if !(std > 0.0 && std.is_finite()) {
                    return Err(Error::argument("trunc_normal", "std", std, "finite and above 0"));
                }
                if low.is_nan() || high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
                    return Err(Error::argument("trunc_normal", "b", high, format!("above a, {low:?}")));
                }
            }
        }
        Ok(())
    }
}

/// The largest finite number of a dtype.
pub(super) fn largest(dtype: DType) -> f64 {
    if dtype == DType::F32 { f32::MAX.into() } else { f64::MAX }
}

/// The smallest and the largest number of a dtype in `[low, high)`, if there is any. A draw is made in `f64`: rounded
/// to the dtype it may leave the interval on both sides.
fn inside(dtype: DType, low: f64, high: f64) -> Option<(f64, f64)> {
    let (first, last) = match dtype {
        DType::F32 => {
            let (first, last) = (low as f32, high as f32);
            let first = if f64::from(first) < low { first.next_up() } else { first };
            let last = if f64::from(last) >= high { last.next_down() } else { last };
            (first.into(), last.into())
        }
        _ => (low, high.next_down()),
    };
    (first <= last).then_some((first, last))
}

impl Distribution {
    /// Whether the dtype holds what is drawn.
    fn check_range(&self, dtype: DType) -> Result<()> {
        let (most, must) = (largest(dtype), format!("a number that {dtype} holds"));
        let between = |op, low: f64, high: f64| {
            if low < high && inside(dtype, low, high).is_none() {
                let must = format!("so far above a, {low:?}, that an {dtype} lies between");
                return Err(Error::argument(op, "b", high, must));
            }
            Ok(())
        };
        // No draw is farther from the mean.
        let normal = |op, mean: f64, std: f64| {
            if mean.abs() + 16.0 * std > most {
                return Err(Error::argument(op, "std", std, format!("so small that {dtype} holds all draws")));
            }
            Ok(())
        };
        let fits = |op, name, value: f64| {
            let holds = value.abs() <= most || !value.is_finite();
            if holds { Ok(()) } else { Err(Error::argument(op, name, value, &must)) }
        };
        match *self {
            Distribution::Constant(value) => fits("constant", "value", value),
            Distribution::Uniform { low, high } => {
                fits("uniform", "a", low)?;
                fits("uniform", "b", high)?;
                between("uniform", low, high)
            }
            Distribution::Normal { mean, std } => {
                fits("normal", "mean", mean)?;
                normal("normal", mean, std)
            }
            Distribution::TruncatedNormal { mean, std, low, high } => {
                fits("trunc_normal", "mean", mean)?;
                fits("trunc_normal", "a", low)?;
                fits("trunc_normal", "b", high)?;
                if low.is_infinite() || high.is_infinite() {
                    normal("trunc_normal", mean, std)?;
                }
                between("trunc_normal", low, high)
            }
        }
    }
}

impl Initializer for Distribution {
    fn tensor(&self, shape: &[usize], dtype: DType, rng: &mut dyn Rng) -> Result<Tensor> {
        self.check()?;
        self.check_range(dtype)?;
        Ok(match *self {
            Distribution::Constant(value) => Tensor::sample(shape, dtype, || value)?,
            Distribution::Uniform { low, high } => {
                let (first, last) = inside(dtype, low, high).unwrap_or((low, low));
                Tensor::sample(shape, dtype, || (low + (high - low) * rng.random::<f64>()).clamp(first, last))?
            }
            Distribution::Normal { mean, std } => {
                Tensor::sample(shape, dtype, || mean + std * rng.sample::<f64, _>(StandardNormal))?
            }
            Distribution::TruncatedNormal { mean, std, low, high } => {
                let (first, last) = inside(dtype, low, high).unwrap_or((low, low));
                let (a, b) = ((low - mean) / std, (high - mean) / std);
                Tensor::sample(shape, dtype, || (mean + std * truncated::draw(a, b, rng)).clamp(first, last))?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{constant, normal, uniform};
    use crate::init::Initializer;
    use autograd_core::{DType, Result, seeded};

    #[test]
    fn rounding_does_not_leave_the_interval() -> Result<()> {
        let tiny = f64::from(f32::EPSILON);
        for (low, high) in [
            (0.0, 1.0),
            (1.0, 1.0 + tiny),
            (1.0, 1.0 + 2.0 * tiny),
            (0.1, 0.1 + 1e-7),
            (-0.3, -0.3 + 1e-7),
            (-1e-44, 1e-44),
            (1e9, 1e9 + 100.0),
            (3e38, f64::from(f32::MAX)),
            (1.0, 1.0 + 4.0 * f64::EPSILON),
            (1.1, 1.1 + 4.0 * f64::EPSILON),
        ] {
            for dtype in [DType::F32, DType::F64] {
                let Ok(x) = uniform(low, high).tensor(&[20_000], dtype, &mut seeded(1)) else {
                    // Only where there is no number between.
                    assert!(dtype == DType::F32 && high - low < 1e-15, "{dtype}, {low} to {high}");
                    continue;
                };
                let outside = x.to_f64s().into_iter().find(|x| !(low..high).contains(x));
                assert_eq!(outside, None, "{dtype}, {low} to {high}");
            }
        }
        // Their upper ends are reached as often as others: of four numbers each gets its share.
        let x = uniform(1.0, 1.0 + 4.0 * tiny).tensor(&[20_000], DType::F32, &mut seeded(1))?.to_f64s();
        for k in 0..4 {
            let share = x.iter().filter(|x| **x == 1.0 + f64::from(k) * tiny).count();
            assert!(share > 2000, "number {k} is drawn {share} times");
        }
        Ok(())
    }

    #[test]
    fn what_a_dtype_cannot_hold_is_refused() {
        let text = |start: crate::init::Distribution, dtype| {
            start.tensor(&[2], dtype, &mut seeded(1)).expect_err("too large").to_string()
        };
        let holds = "it must be a number that F32 holds";
        assert_eq!(text(constant(1e39), DType::F32), format!("constant: value is 1e39, {holds}"));
        assert_eq!(text(uniform(-1e39, 0.0), DType::F32), format!("uniform: a is -1e39, {holds}"));
        assert_eq!(text(uniform(0.0, 1e39), DType::F32), format!("uniform: b is 1e39, {holds}"));
        assert_eq!(text(normal(-1e39, 1.0), DType::F32), format!("normal: mean is -1e39, {holds}"));
        let small = |dtype| format!("it must be so small that {dtype} holds all draws");
        assert_eq!(text(normal(0.0, 1e38), DType::F32), format!("normal: std is 1e38, {}", small("F32")));
        assert_eq!(text(normal(0.0, 1e308), DType::F64), format!("normal: std is 1e308, {}", small("F64")));
        let between = "it must be so far above a, 1.1, that an F32 lies between";
        assert_eq!(text(uniform(1.1, 1.100000000001), DType::F32), format!("uniform: b is 1.100000000001, {between}"));
        assert!(constant(f64::INFINITY).tensor(&[2], DType::F32, &mut seeded(1)).is_ok(), "it is asked for");
        assert!(constant(1e39).tensor(&[2], DType::F64, &mut seeded(1)).is_ok());
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
