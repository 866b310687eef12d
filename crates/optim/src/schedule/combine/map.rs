//! A function of the rate.

use super::text;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// A function of a schedule's rate: [`Schedule::map`].
///
/// ```text
/// rate(k) = f(schedule(k))
/// ```
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// let schedule = ExponentialLR::new(0.25).map(f64::sqrt);
/// assert_eq!([0, 1, 2].map(|k| schedule.rate(1.0, k)), [1.0, 0.5, 0.25]);
/// ```
///
/// Of the function a checkpoint knows the name of its type, and the rates that it makes.
#[derive(Clone, Debug)]
pub struct Map<S, F> {
    schedule: S,
    f: F,
}

impl<S: Schedule, F: Fn(f64) -> f64 + Send + Sync> Map<S, F> {
    pub(in crate::schedule) fn new(schedule: S, f: F) -> Map<S, F> {
        Map { schedule, f }
    }
}

impl<S: Schedule, F: Fn(f64) -> f64 + Send + Sync> Schedule for Map<S, F> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        (self.f)(self.schedule.rate(base, step))
    }

    fn check(&self) -> Result<()> {
        self.schedule.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.schedule.check_steps(steps)
    }

    fn describe(&self) -> Description {
        let description = Description::new("Map").option("schedule", format_args!("{}", text(&self.schedule)));
        description.option("f", format_args!("{}", std::any::type_name::<F>()))
    }
}

#[cfg(test)]
use crate::schedule::{ExponentialLR, OneCycleLR};

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.25).map(f64::sqrt), 1.0, &[(0, 1.0), (1, 0.5), (2, 0.25)]).falls(20),
    values(ExponentialLR::new(0.5).map(|rate| rate + 0.5), 1.0, &[(0, 1.5), (1, 1.0), (2, 0.75)]).falls(20),
    values(OneCycleLR::new(9).map(f64::abs), 1.0, &[(0, 0.04)])
        .lasts(9, "OneCycleLR: it has rates for 9 steps, there are 10"),
    refused(ExponentialLR::new(-1.0).map(f64::sqrt), "ExponentialLR: gamma is -1.0, it must be finite and at least 0"),
];
