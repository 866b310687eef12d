//! A straight line up to the first rate.

use super::text;
use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// A schedule after a warm-up: [`Schedule::warmup`].
///
/// ```text
/// rate(k) = schedule(0) · (s + (1 − s) k / n)   for k < n,   else schedule(k − n)      n, s: steps, start_factor
/// ```
///
/// `s ≥ 0`. The line ends where the schedule begins.
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// let schedule = ExponentialLR::new(0.5).warmup(4, 0.5);
/// assert_eq!([0, 2, 4, 5, 6].map(|k| schedule.rate(0.8, k)), [0.4, 0.6000000000000001, 0.8, 0.4, 0.2]);
/// ```
///
/// # References
/// Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, 2017, section 2.2.
#[derive(Clone, Debug)]
pub struct Warmup<S> {
    schedule: S,
    steps: u64,
    start_factor: f64,
}

impl<S: Schedule> Warmup<S> {
    pub(in crate::schedule) fn new(schedule: S, steps: u64, start_factor: f64) -> Warmup<S> {
        Warmup { schedule, steps, start_factor }
    }
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            Some(step) => self.schedule.rate(base, step),
            None => {
                let way = step as f64 / self.steps as f64;
                self.schedule.rate(base, 0) * (self.start_factor + (1.0 - self.start_factor) * way)
            }
        }
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("Warmup", "start_factor", self.start_factor)?;
        self.schedule.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.schedule.check_steps(steps.saturating_sub(self.steps).max(steps.min(1)))
    }

    fn describe(&self) -> Description {
        let description = Description::new("Warmup").option("schedule", format_args!("{}", text(&self.schedule)));
        description.option("steps", self.steps).option("start_factor", self.start_factor)
    }
}

#[cfg(test)]
use crate::schedule::{CosineDecay, ExponentialLR, OneCycleLR};

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.5).warmup(4, 0.5), 0.8, &[(0, 0.4), (1, 0.5), (4, 0.8), (5, 0.4)]).scales(),
    values(CosineDecay::new(100).warmup(100, 0.0), 1.0, &[(0, 0.0), (50, 0.5), (100, 1.0), (150, 0.5)])
        .smooth(300, 0.017),
    values(CosineDecay::new(100).warmup(100, 0.5), 1.0, &[(50, 0.75)]),
    values(ExponentialLR::new(0.5).warmup(0, 0.5), 0.8, &[(0, 0.8), (1, 0.4)]),
    values(OneCycleLR::new(9).warmup(3, 0.5), 1.0, &[(0, 0.02), (3, 0.04)])
        .lasts(12, "OneCycleLR: it has rates for 9 steps, there are 10"),
    refused(ExponentialLR::new(0.5).warmup(4, -1.0), "Warmup: start_factor is -1.0, it must be finite and at least 0"),
    refused(ExponentialLR::new(-1.0).warmup(1, 0.1), "ExponentialLR: gamma is -1.0, it must be finite and at least 0"),
];
