//! A base rate of the schedule's own.

use super::text;
use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// A schedule of rates: it has a base of its own, whatever the optimizer's is. [`Schedule::with_base`].
///
/// ```text
/// rate(base, k) = schedule(own, k)
/// ```
///
/// `own ≥ 0`. Schedules of Keras and optax are such, and begin with `initial_learning_rate` or `init_value`.
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// assert_eq!([0, 1].map(|k| ExponentialLR::new(0.5).with_base(0.2).rate(0.8, k)), [0.2, 0.1]);
/// ```
#[derive(Clone, Debug)]
pub struct WithBase<S> {
    schedule: S,
    base: f64,
}

impl<S: Schedule> WithBase<S> {
    pub(in crate::schedule) fn new(schedule: S, base: f64) -> WithBase<S> {
        WithBase { schedule, base }
    }
}

impl<S: Schedule> Schedule for WithBase<S> {
    fn rate(&self, _: f64, step: u64) -> f64 {
        self.schedule.rate(self.base, step)
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("with_base", "base", self.base)?;
        self.schedule.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.schedule.check_steps(steps)
    }

    fn describe(&self) -> Description {
        let description = Description::new("WithBase").option("schedule", format_args!("{}", text(&self.schedule)));
        description.option("base", self.base)
    }
}

#[cfg(test)]
use crate::schedule::{ExponentialLR, OneCycleLR};

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.5).with_base(0.2), 0.8, &[(0, 0.2), (1, 0.1)]).falls(20),
    values(ExponentialLR::new(0.5).with_base(0.4), 0.8, &[(0, 0.4), (1, 0.2)]).falls(20),
    values(OneCycleLR::new(9).with_base(2.0), 1.0, &[(0, 0.08)])
        .lasts(9, "OneCycleLR: it has rates for 9 steps, there are 10"),
    refused(ExponentialLR::new(0.5).with_base(-1.0), "with_base: base is -1.0, it must be finite and at least 0"),
    refused(ExponentialLR::new(0.5).with_base(f64::NAN), "with_base: base is NaN, it must be finite and at least 0"),
    refused(ExponentialLR::new(-1.0).with_base(1.0), "ExponentialLR: gamma is -1.0, it must be finite and at least 0"),
];
