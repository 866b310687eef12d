//! Several schedules at once.

use super::text;
use crate::schedule::Schedule;
use autograd_core::{Description, Error, ErrorKind, Result};
use std::fmt;

/// Several schedules at once: their sum, their mean, or one on top of the other.
///
/// ```text
/// sum:      rate(k) = Σ sᵢ(base, k)
/// mean:     rate(k) = Σ sᵢ(base, k) / n
/// product:  rate(k) = sₙ(.. s₂(s₁(base, k), k) .., k)     = base · Π fᵢ(k)  for factors sᵢ = base · fᵢ
/// ```
///
/// There is at least one.
///
/// ```
/// use wengert_optim::schedule::{Combined, ConstantLR, ExponentialLR, Schedule};
/// let two = || -> Vec<Box<dyn Schedule>> {
///     vec![Box::new(ConstantLR::new().factor(0.5).total_iters(2)), Box::new(ExponentialLR::new(0.5))]
/// };
/// assert_eq!([0, 1, 2].map(|k| Combined::product(two()).rate(0.8, k)), [0.4, 0.2, 0.2]);
/// assert_eq!([0, 1, 2].map(|k| Combined::sum(two()).rate(1.0, k)), [1.5, 1.0, 1.25]);
/// assert_eq!([0, 1, 2].map(|k| Combined::mean(two()).rate(1.0, k)), [0.75, 0.5, 0.625]);
/// ```
///
/// # Differs from
/// PyTorch: `ChainedScheduler` is the product, in closed form.
pub struct Combined {
    parts: Vec<Box<dyn Schedule>>,
    by: By,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Sum,
    Mean,
    Product,
}

impl Combined {
    /// The sum of the rates.
    pub fn sum(parts: impl Into<Vec<Box<dyn Schedule>>>) -> Combined {
        Combined { parts: parts.into(), by: By::Sum }
    }

    /// The mean of the rates.
    pub fn mean(parts: impl Into<Vec<Box<dyn Schedule>>>) -> Combined {
        Combined { parts: parts.into(), by: By::Mean }
    }

    /// Each schedule applied to the rate of the one before, as its base: of factors, the product.
    pub fn product(parts: impl Into<Vec<Box<dyn Schedule>>>) -> Combined {
        Combined { parts: parts.into(), by: By::Product }
    }
}

impl Schedule for Combined {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let rates = || self.parts.iter().map(|part| part.rate(base, step));
        match self.by {
            By::Sum => rates().sum(),
            By::Mean => {
                let n = self.parts.len() as f64;
                let mean = rates().sum::<f64>() / n;
                // With what rounding has lost: the mean of equal rates is that rate; of infinite ones that is no
                // number.
                let lost = rates().map(|rate| rate - mean).sum::<f64>() / n;
                if lost.is_finite() { mean + lost } else { mean }
            }
            By::Product => self.parts.iter().fold(base, |rate, part| part.rate(rate, step)),
        }
    }

    fn check(&self) -> Result<()> {
        if self.parts.is_empty() {
            return Err(Error::new(ErrorKind::Argument, "Combined: there is no schedule, there must be at least 1"));
        }
        self.parts.iter().try_for_each(|part| part.check())
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.check_steps(steps))
    }

    fn describe(&self) -> Description {
        let parts = self.parts.iter().enumerate();
        parts.fold(Description::new("Combined").option("by", self.by), |description, (i, part)| {
            description.option(format!("part_{i}"), format_args!("{}", text(part)))
        })
    }
}

impl fmt::Debug for Combined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.describe())
    }
}

#[cfg(test)]
use crate::schedule::{ConstantLR, CosineAnnealingLR, ExponentialLR, MultiStepLR, OneCycleLR, StepLR};

#[cfg(test)]
fn two(second: impl Schedule + 'static) -> Vec<Box<dyn Schedule>> {
    vec![Box::new(StepLR::new(2).gamma(0.5)), Box::new(second)]
}

/// Three rates of 0.1 sum to more than 0.3.
#[cfg(test)]
fn equal() -> Vec<Box<dyn Schedule>> {
    (0..3).map(|_| Box::new(ConstantLR::new().factor(1.0)) as Box<dyn Schedule>).collect()
}

#[cfg(test)]
schedule_cases![
    values(Combined::product(two(MultiStepLR::new([3]).gamma(0.25))), 0.8, &[(0, 0.8), (2, 0.4), (3, 0.1), (4, 0.05)])
        .falls(20)
        .scales(),
    values(Combined::sum(two(ExponentialLR::new(0.5))), 0.8, &[(0, 1.6), (1, 1.2), (2, 0.6)]).scales(),
    values(Combined::mean(two(ExponentialLR::new(0.5))), 0.8, &[(0, 0.8), (1, 0.6), (2, 0.3)]).scales(),
    values(Combined::mean(two(CosineAnnealingLR::new(2).eta_min(0.5))), 1.0, &[(0, 1.0), (2, 0.5), (4, 0.625)]),
    values(Combined::sum(two(OneCycleLR::new(9))), 1.0, &[(0, 1.04)])
        .lasts(9, "OneCycleLR: it has rates for 9 steps, there are 10"),
    values(Combined::mean(equal()), 0.1, &[(0, 0.1)]),
    refused(Combined::mean([]), "Combined: there is no schedule, there must be at least 1"),
    refused(Combined::sum(two(StepLR::new(0))), "StepLR: step_size is 0, it must be at least 1"),
];
