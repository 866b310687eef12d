//! A factor of the whole schedule.

use super::text;
use crate::range::Range;
use crate::schedule::{Schedule, times};
use autograd_core::{Description, Result};

/// A schedule times a factor: [`Schedule::scaled`].
///
/// ```text
/// rate(k) = factor · schedule(k)
/// ```
///
/// `factor ≥ 0`.
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// assert_eq!([0, 1].map(|k| ExponentialLR::new(0.5).scaled(0.25).rate(0.8, k)), [0.2, 0.1]);
/// ```
#[derive(Clone, Debug)]
pub struct Scaled<S> {
    schedule: S,
    factor: f64,
}

impl<S: Schedule> Scaled<S> {
    pub(in crate::schedule) fn new(schedule: S, factor: f64) -> Scaled<S> {
        Scaled { schedule, factor }
    }
}

impl<S: Schedule> Schedule for Scaled<S> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        times(self.factor, self.schedule.rate(base, step))
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("Scaled", "factor", self.factor)?;
        self.schedule.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.schedule.check_steps(steps)
    }

    fn describe(&self) -> Description {
        let description = Description::new("Scaled").option("schedule", format_args!("{}", text(&self.schedule)));
        description.option("factor", self.factor)
    }
}

#[cfg(test)]
use crate::schedule::{ExponentialLR, OneCycleLR};

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.5).scaled(0.25), 0.8, &[(0, 0.2), (1, 0.1)]).falls(20).scales(),
    values(ExponentialLR::new(0.5).scaled(2.0), 0.8, &[(0, 1.6), (1, 0.8)]).falls(20).scales(),
    values(ExponentialLR::new(2.0).scaled(0.0), 0.8, &[(0, 0.0), (u64::MAX, 0.0)]),
    values(OneCycleLR::new(9).scaled(2.0), 1.0, &[(0, 0.08)])
        .lasts(9, "OneCycleLR: it has rates for 9 steps, there are 10"),
    refused(ExponentialLR::new(0.5).scaled(-1.0), "Scaled: factor is -1.0, it must be finite and at least 0"),
    refused(ExponentialLR::new(0.5).scaled(f64::NAN), "Scaled: factor is NaN, it must be finite and at least 0"),
    refused(ExponentialLR::new(-1.0).scaled(1.0), "ExponentialLR: gamma is -1.0, it must be finite and at least 0"),
];
