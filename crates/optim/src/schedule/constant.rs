//! A smaller rate at the beginning.

use super::Schedule;
use crate::error::{Result, require};

/// `factor` times the base rate for the first `total_iters` steps, then the base rate.
///
/// ```text
/// rate(k) = base · factor   for k < total_iters,   else base
/// ```
///
/// `0 ≤ factor ≤ 1`.
///
/// ```
/// use wengert_optim::schedule::{ConstantLR, Schedule};
/// let schedule = ConstantLR::new(0.5, 3);
/// assert_eq!([0, 2, 3].map(|k| schedule.rate(0.4, k)), [0.2, 0.2, 0.4]);
/// ```
#[derive(Clone, Debug)]
pub struct ConstantLR {
    factor: f64,
    total_iters: u64,
}

impl ConstantLR {
    /// `factor` times the rate for `total_iters` steps.
    pub fn new(factor: f64, total_iters: u64) -> ConstantLR {
        ConstantLR { factor, total_iters }
    }
}

impl Schedule for ConstantLR {
    fn rate(&self, base_lr: f64, step: u64) -> f64 {
        if step < self.total_iters { base_lr * self.factor } else { base_lr }
    }

    fn check(&self) -> Result<()> {
        require((0.0..=1.0).contains(&self.factor), "ConstantLR", "factor", self.factor, "in [0, 1]")
    }
}
