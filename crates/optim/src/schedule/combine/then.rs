//! One schedule after another.

use super::text;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// One schedule, and another from a step on: [`Schedule::then`].
///
/// ```text
/// rate(k) = first(k)   for k < at,   else next(k − at)
/// ```
///
/// ```
/// use wengert_optim::schedule::{ConstantLR, Schedule, StepLR};
/// let schedule = ConstantLR::new().factor(0.5).total_iters(4).then(StepLR::new(2).gamma(0.5), 4);
/// assert_eq!([0, 3, 4, 5, 6].map(|k| schedule.rate(0.8, k)), [0.4, 0.4, 0.8, 0.8, 0.4]);
/// ```
#[derive(Clone, Debug)]
pub struct Then<A, B> {
    first: A,
    next: B,
    at: u64,
}

impl<A: Schedule, B: Schedule> Then<A, B> {
    pub(in crate::schedule) fn new(first: A, next: B, at: u64) -> Then<A, B> {
        Then { first, next, at }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        match step.checked_sub(self.at) {
            None => self.first.rate(base, step),
            Some(step) => self.next.rate(base, step),
        }
    }

    fn check(&self) -> Result<()> {
        self.first.check()?;
        self.next.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.first.check_steps(steps.min(self.at))?;
        self.next.check_steps(steps.saturating_sub(self.at))
    }

    fn describe(&self) -> Description {
        let description = Description::new("Then").option("first", format_args!("{}", text(&self.first)));
        description.option("next", format_args!("{}", text(&self.next))).option("at", self.at)
    }
}

#[cfg(test)]
use crate::schedule::{LinearLR, OneCycleLR, StepLR};

#[cfg(test)]
schedule_cases![
    values(
        LinearLR::new().start_factor(0.5).total_iters(4).then(StepLR::new(2).gamma(0.5), 4),
        0.8,
        &[(0, 0.4), (2, 0.6), (4, 0.8), (5, 0.8), (6, 0.4)]
    ),
    values(
        (Box::new(StepLR::new(1).gamma(0.5)) as Box<dyn Schedule>)
            .then(Box::new(|base: f64, k: u64| base + k as f64) as Box<dyn Schedule>, 2)
            .then(LinearLR::new().end_factor(0.0).total_iters(0), 4),
        8.0,
        &[(0, 8.0), (1, 4.0), (2, 8.0), (3, 9.0), (4, 0.0)]
    ),
    values(OneCycleLR::new(5).then(LinearLR::new(), 5).then(OneCycleLR::new(4), 9), 1.0, &[(0, 0.04), (9, 0.04)])
        .lasts(13, "OneCycleLR: it has rates for 4 steps, there are 5"),
    values(OneCycleLR::new(5).then(LinearLR::new(), 9), 1.0, &[(0, 0.04)])
        .lasts(5, "OneCycleLR: it has rates for 5 steps, there are 6"),
    refused(LinearLR::new().then(StepLR::new(0), 5), "StepLR: step_size is 0, it must be at least 1"),
    refused(StepLR::new(0).then(LinearLR::new(), 5), "StepLR: step_size is 0, it must be at least 1"),
];
