//! A factor every so many steps.

use super::Schedule;
use crate::error::{Result, require, require_non_negative};

/// Multiplies the rate by γ every `step_size` steps.
///
/// ```text
/// rate(k) = base · γ^⌊k / step_size⌋
/// ```
///
/// `step_size ≥ 1`, `γ ≥ 0`.
///
/// ```
/// use wengert_optim::schedule::{Schedule, StepLR};
/// let schedule = StepLR::new(10, 0.5);
/// assert_eq!([0, 9, 10, 25].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.2]);
/// ```
#[derive(Clone, Debug)]
pub struct StepLR {
    step_size: u64,
    gamma: f64,
}

impl StepLR {
    /// A factor of `gamma` every `step_size` steps.
    pub fn new(step_size: u64, gamma: f64) -> StepLR {
        StepLR { step_size, gamma }
    }
}

impl Schedule for StepLR {
    fn rate(&self, base_lr: f64, step: u64) -> f64 {
        base_lr * self.gamma.powf((step / self.step_size.max(1)) as f64)
    }

    fn check(&self) -> Result<()> {
        require(self.step_size > 0, "StepLR", "step_size", self.step_size, "at least 1")?;
        require_non_negative("StepLR", "gamma", self.gamma)
    }
}
