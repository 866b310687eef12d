//! Bounds of the rate.

use super::text;
use crate::schedule::Schedule;
use autograd_core::{Description, Error, ErrorKind, Result};

/// A schedule within bounds: [`Schedule::clamp`].
///
/// ```text
/// rate(k) = min(max(schedule(k), low), high)
/// ```
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// let schedule = ExponentialLR::new(0.5).clamp(0.15, f64::INFINITY);
/// assert_eq!([0, 2, 3, 99].map(|k| schedule.rate(0.8, k)), [0.8, 0.2, 0.15, 0.15]);
/// ```
#[derive(Clone, Debug)]
pub struct Clamp<S> {
    schedule: S,
    low: f64,
    high: f64,
}

impl<S: Schedule> Clamp<S> {
    pub(in crate::schedule) fn new(schedule: S, low: f64, high: f64) -> Clamp<S> {
        Clamp { schedule, low, high }
    }
}

impl<S: Schedule> Schedule for Clamp<S> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let rate = self.schedule.rate(base, step);
        // NaN stays, as it would not with the methods `max` and `min`.
        if rate < self.low {
            self.low
        } else if rate > self.high {
            self.high
        } else {
            rate
        }
    }

    fn check(&self) -> Result<()> {
        if self.low.is_nan() || self.high.is_nan() || self.low > self.high {
            let text = format!("low is {:?} and high is {:?}, they must be numbers in this order", self.low, self.high);
            return Err(Error::new(ErrorKind::Argument, format!("Clamp: {text}")));
        }
        self.schedule.check()
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.schedule.check_steps(steps)
    }

    fn describe(&self) -> Description {
        let description = Description::new("Clamp").option("schedule", format_args!("{}", text(&self.schedule)));
        description.option("low", self.low).option("high", self.high)
    }
}

#[cfg(test)]
use crate::schedule::{ExponentialLR, OneCycleLR};

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.5).clamp(0.15, 0.5), 0.8, &[(0, 0.5), (1, 0.4), (3, 0.15)]).falls(20),
    values(ExponentialLR::new(0.5).clamp(0.15, 0.6), 0.8, &[(0, 0.6)]),
    values(ExponentialLR::new(0.5).clamp(0.1, 0.6), 0.8, &[(9, 0.1)]),
    values(OneCycleLR::new(9).clamp(0.1, 0.6), 0.8, &[(8, 0.1)])
        .lasts(9, "OneCycleLR: it has rates for 9 steps, there are 10"),
    refused(
        ExponentialLR::new(0.5).clamp(0.5, 0.1),
        "Clamp: low is 0.5 and high is 0.1, they must be numbers in this order"
    ),
    refused(
        ExponentialLR::new(0.5).clamp(f64::NAN, 0.1),
        "Clamp: low is NaN and high is 0.1, they must be numbers in this order"
    ),
    refused(ExponentialLR::new(-1.0).clamp(0.1, 0.5), "ExponentialLR: gamma is -1.0, it must be finite and at least 0"),
];
