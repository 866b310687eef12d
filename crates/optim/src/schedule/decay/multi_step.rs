//! A factor at given steps.

use crate::range::Range;
use crate::schedule::{Schedule, times};
use autograd_core::{Description, Result};

/// Multiplies the rate by γ at each milestone; a milestone named twice counts twice.
///
/// ```text
/// rate(k) = base · γ^(number of milestones ≤ k)
/// ```
///
/// `γ ≥ 0` (0.1); the milestones may come in any order.
///
/// ```
/// use wengert_optim::schedule::{MultiStepLR, Schedule};
/// let schedule = MultiStepLR::new([5, 8]).gamma(0.5);
/// assert_eq!([0, 4, 5, 8].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.2]);
/// ```
#[derive(Clone, Debug)]
pub struct MultiStepLR {
    /// In rising order.
    milestones: Vec<u64>,
    gamma: f64,
}

impl MultiStepLR {
    /// A factor at each of `milestones`.
    pub fn new(milestones: impl Into<Vec<u64>>) -> MultiStepLR {
        let mut milestones = milestones.into();
        milestones.sort_unstable();
        MultiStepLR { milestones, gamma: 0.1 }
    }

    /// γ ≥ 0: the factor. Default 0.1.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> MultiStepLR {
        self.gamma = gamma;
        self
    }
}

impl Schedule for MultiStepLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let passed = self.milestones.partition_point(|milestone| *milestone <= step);
        times(base, self.gamma.powf(passed as f64))
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("MultiStepLR", "gamma", self.gamma)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(MultiStepLR::new([5, 8]).gamma(0.5), 0.8, &[(0, 0.8), (4, 0.8), (5, 0.4), (8, 0.2)]).falls(20).scales(),
    values(MultiStepLR::new([20, 5, 5]).gamma(0.5), 1.0, &[(4, 1.0), (5, 0.25), (19, 0.25), (20, 0.125)]),
    values(MultiStepLR::new([]), 0.3, &[(1000, 0.3)]),
    values(MultiStepLR::new([2, 4]).gamma(1e200), 0.5, &[(1, 0.5), (2, 5e199), (3, 5e199)]).grows(),
    refused(MultiStepLR::new([1]).gamma(-0.1), "MultiStepLR: gamma is -0.1, it must be finite and at least 0"),
];
