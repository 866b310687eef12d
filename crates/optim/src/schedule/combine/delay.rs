//! A schedule that waits.

use super::text;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// A schedule that keeps its first rate for some steps, and then begins: [`Schedule::delayed`].
///
/// ```text
/// rate(k) = schedule(max(k − steps, 0))
/// ```
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// let schedule = ExponentialLR::new(0.5).delayed(3);
/// assert_eq!([0, 3, 4, 5].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.2]);
/// ```
#[derive(Clone, Debug)]
pub struct Delayed<S> {
    schedule: S,
    steps: u64,
}

impl<S: Schedule> Delayed<S> {
    pub(in crate::schedule) fn new(schedule: S, steps: u64) -> Delayed<S> {
        Delayed { schedule, steps }
    }
}

impl<S: Schedule> Schedule for Delayed<S> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        self.schedule.rate(base, step.saturating_sub(self.steps))
    }

    fn check(&self) -> Result<()> {
        self.schedule.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.schedule.check_steps(steps.saturating_sub(self.steps).max(steps.min(1)))
    }

    fn describe(&self) -> Description {
        let description = Description::new("Delayed").option("schedule", format_args!("{}", text(&self.schedule)));
        description.option("steps", self.steps)
    }
}

#[cfg(test)]
use crate::schedule::{ExponentialLR, OneCycleLR};

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.5).delayed(3), 0.8, &[(0, 0.8), (3, 0.8), (4, 0.4), (5, 0.2)]).falls(20).scales(),
    values(ExponentialLR::new(0.5).delayed(0), 0.8, &[(0, 0.8), (1, 0.4)]),
    values(ExponentialLR::new(0.5).delayed(u64::MAX), 0.8, &[(0, 0.8), (u64::MAX, 0.8)]),
    values(OneCycleLR::new(9).delayed(3), 1.0, &[(3, 0.04)])
        .lasts(12, "OneCycleLR: it has rates for 9 steps, there are 10"),
    refused(ExponentialLR::new(-1.0).delayed(1), "ExponentialLR: gamma is -1.0, it must be finite and at least 0"),
];
