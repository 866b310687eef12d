//! A straight line between two factors: the usual warm-up.

use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// Goes from `start_factor` to `end_factor` times the base rate in `total_iters` equal steps, and stays there.
///
/// ```text
/// rate(k) = base · (s + (e − s) · min(k, n) / n)      s, e, n: start_factor, end_factor, total_iters
/// ```
///
/// `0 < start_factor ≤ 1` (1/3), `0 ≤ end_factor ≤ 1` (1); `total_iters` is 5 by default. With 0 steps it is there at
/// once.
///
/// ```
/// use wengert_optim::schedule::{LinearLR, Schedule};
/// let schedule = LinearLR::new().start_factor(0.5).total_iters(4);
/// assert_eq!([0, 2, 4, 9].map(|k| schedule.rate(0.8, k)), [0.4, 0.6000000000000001, 0.8, 0.8]);
/// ```
///
/// # Differs from
/// PyTorch: with 0 steps `start_factor` stays for good there.
#[derive(Clone, Debug)]
pub struct LinearLR {
    start_factor: f64,
    end_factor: f64,
    total_iters: u64,
}

impl LinearLR {
    /// By default from a third of the rate to the rate, in 5 steps.
    pub fn new() -> LinearLR {
        LinearLR { start_factor: 1.0 / 3.0, end_factor: 1.0, total_iters: 5 }
    }

    /// The factor at step 0, in (0, 1]. Default 1/3.
    #[must_use]
    pub fn start_factor(mut self, start_factor: f64) -> LinearLR {
        self.start_factor = start_factor;
        self
    }

    /// The factor from step `total_iters` on, in [0, 1]. Default 1.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{LinearLR, Schedule};
    /// assert_eq!(LinearLR::new().start_factor(1.0).end_factor(0.5).total_iters(4).rate(0.8, 4), 0.4);
    /// ```
    #[must_use]
    pub fn end_factor(mut self, end_factor: f64) -> LinearLR {
        self.end_factor = end_factor;
        self
    }

    /// The number of steps from one factor to the other. Default 5.
    #[must_use]
    pub fn total_iters(mut self, total_iters: u64) -> LinearLR {
        self.total_iters = total_iters;
        self
    }
}

impl Default for LinearLR {
    fn default() -> Self {
        LinearLR::new()
    }
}

impl Schedule for LinearLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        if step >= self.total_iters {
            return base * self.end_factor;
        }
        let way = step as f64 / self.total_iters as f64;
        base * (self.start_factor + (self.end_factor - self.start_factor) * way)
    }

    fn check(&self) -> Result<()> {
        let above_0 = Range::new(|x| x > 0.0 && x <= 1.0, "in (0, 1]");
        above_0.check("LinearLR", "start_factor", self.start_factor)?;
        Range::FRACTION.check("LinearLR", "end_factor", self.end_factor)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(LinearLR::new().start_factor(0.5).total_iters(4), 0.8, &[(0, 0.4), (2, 0.6), (4, 0.8), (9, 0.8)])
        .scales()
        .smooth(20, 0.126),
    values(LinearLR::new().end_factor(0.5), 0.6, &[(0, 0.2), (5, 0.3), (100, 0.3)]),
    values(LinearLR::new().total_iters(0), 0.6, &[(0, 0.6)]),
    values(LinearLR::new().end_factor(0.5).total_iters(0), 0.6, &[(0, 0.3), (1, 0.3)]),
    refused(LinearLR::new().start_factor(0.0), "LinearLR: start_factor is 0.0, it must be in (0, 1]"),
    refused(LinearLR::new().end_factor(-0.1), "LinearLR: end_factor is -0.1, it must be in [0, 1]"),
];
