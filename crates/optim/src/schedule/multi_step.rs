//! A factor at given steps.

use super::Schedule;
use crate::error::{Result, require_non_negative};

/// Multiplies the rate by γ at each milestone; a milestone named twice counts twice.
///
/// ```text
/// rate(k) = base · γ^(number of milestones ≤ k)
/// ```
///
/// `γ ≥ 0`; the milestones may come in any order.
///
/// ```
/// use wengert_optim::schedule::{MultiStepLR, Schedule};
/// let schedule = MultiStepLR::new([5, 8], 0.5);
/// assert_eq!([0, 4, 5, 8].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.2]);
/// ```
#[derive(Clone, Debug)]
pub struct MultiStepLR {
    milestones: Vec<u64>,
    gamma: f64,
}

impl MultiStepLR {
    /// A factor of `gamma` at each of `milestones`.
    pub fn new(milestones: impl Into<Vec<u64>>, gamma: f64) -> MultiStepLR {
        MultiStepLR { milestones: milestones.into(), gamma }
    }
}

impl Schedule for MultiStepLR {
    fn rate(&self, base_lr: f64, step: u64) -> f64 {
        let passed = self.milestones.iter().filter(|milestone| **milestone <= step).count();
        base_lr * self.gamma.powf(passed as f64)
    }

    fn check(&self) -> Result<()> {
        require_non_negative("MultiStepLR", "gamma", self.gamma)
    }
}
