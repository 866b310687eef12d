//! A straight line between two factors: the usual warm-up.

use super::Schedule;
use crate::error::{Result, require};

/// From `start_factor` to `end_factor` times the base rate in `total_iters` equal steps, and `end_factor` from there
/// on.
///
/// ```text
/// rate(k) = base · (s + (e − s) · min(k, n) / n)      s, e, n: start_factor, end_factor, total_iters
/// ```
///
/// `0 < start_factor ≤ 1`, `0 ≤ end_factor ≤ 1`.
///
/// ```
/// use wengert_optim::schedule::{LinearLR, Schedule};
/// let schedule = LinearLR::new(0.5, 1.0, 4);
/// assert_eq!([0, 2, 4, 9].map(|k| schedule.rate(0.8, k)), [0.4, 0.6000000000000001, 0.8, 0.8]);
/// ```
#[derive(Clone, Debug)]
pub struct LinearLR {
    start_factor: f64,
    end_factor: f64,
    total_iters: u64,
}

impl LinearLR {
    /// From one factor to the other in `total_iters` steps.
    pub fn new(start_factor: f64, end_factor: f64, total_iters: u64) -> LinearLR {
        LinearLR { start_factor, end_factor, total_iters }
    }
}

impl Schedule for LinearLR {
    fn rate(&self, base_lr: f64, step: u64) -> f64 {
        if step >= self.total_iters {
            return base_lr * self.end_factor;
        }
        let way = step as f64 / self.total_iters as f64;
        base_lr * (self.start_factor + (self.end_factor - self.start_factor) * way)
    }

    fn check(&self) -> Result<()> {
        let start = self.start_factor;
        require(start > 0.0 && start <= 1.0, "LinearLR", "start_factor", start, "in (0, 1]")?;
        require((0.0..=1.0).contains(&self.end_factor), "LinearLR", "end_factor", self.end_factor, "in [0, 1]")
    }
}
