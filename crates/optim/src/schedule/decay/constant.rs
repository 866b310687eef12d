//! A smaller rate at the beginning.

use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// `factor` times the base rate for the first `total_iters` steps, then the base rate.
///
/// ```text
/// rate(k) = base · factor   for k < total_iters,   else base
/// ```
///
/// `0 ≤ factor ≤ 1` (1/3); `total_iters` is 5 by default. With 0 steps it is the base rate.
///
/// ```
/// use wengert_optim::schedule::{ConstantLR, Schedule};
/// let schedule = ConstantLR::new().factor(0.5).total_iters(3);
/// assert_eq!([0, 2, 3].map(|k| schedule.rate(0.4, k)), [0.2, 0.2, 0.4]);
/// ```
///
/// # Differs from
/// PyTorch: with 0 steps the factor stays for good there.
#[derive(Clone, Debug)]
pub struct ConstantLR {
    factor: f64,
    total_iters: u64,
}

impl ConstantLR {
    /// By default a third of the rate for 5 steps.
    pub fn new() -> ConstantLR {
        ConstantLR { factor: 1.0 / 3.0, total_iters: 5 }
    }

    /// The factor at the beginning, in [0, 1]. Default 1/3.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> ConstantLR {
        self.factor = factor;
        self
    }

    /// The number of steps with the factor. Default 5.
    #[must_use]
    pub fn total_iters(mut self, total_iters: u64) -> ConstantLR {
        self.total_iters = total_iters;
        self
    }
}

impl Default for ConstantLR {
    fn default() -> Self {
        ConstantLR::new()
    }
}

impl Schedule for ConstantLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        if step < self.total_iters { base * self.factor } else { base }
    }

    fn check(&self) -> Result<()> {
        Range::FRACTION.check("ConstantLR", "factor", self.factor)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(ConstantLR::new().factor(0.5).total_iters(3), 0.4, &[(0, 0.2), (2, 0.2), (3, 0.4)]).scales(),
    values(ConstantLR::new(), 3.0, &[(4, 1.0), (5, 3.0)]),
    values(ConstantLR::new().total_iters(0), 3.0, &[(0, 3.0), (1, 3.0)]),
    refused(ConstantLR::new().factor(1.5), "ConstantLR: factor is 1.5, it must be in [0, 1]"),
];
