//! A factor at regular steps.

use crate::range::Range;
use crate::schedule::{Schedule, times};
use autograd_core::{Description, Error, Result};

/// Multiplies the rate by γ every `step_size` steps.
///
/// ```text
/// rate(k) = base · γ^⌊k / step_size⌋
/// ```
///
/// `step_size ≥ 1`, `γ ≥ 0` (0.1).
///
/// ```
/// use wengert_optim::schedule::{Schedule, StepLR};
/// let schedule = StepLR::new(10).gamma(0.5);
/// assert_eq!([0, 9, 10, 25].map(|k| schedule.rate(0.8, k)), [0.8, 0.8, 0.4, 0.2]);
/// ```
#[derive(Clone, Debug)]
pub struct StepLR {
    step_size: u64,
    gamma: f64,
}

impl StepLR {
    /// A factor every `step_size` ≥ 1 steps.
    pub fn new(step_size: u64) -> StepLR {
        StepLR { step_size, gamma: 0.1 }
    }

    /// γ ≥ 0: the factor. Default 0.1.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> StepLR {
        self.gamma = gamma;
        self
    }
}

impl Schedule for StepLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        times(base, self.gamma.powf((step / self.step_size.max(1)) as f64))
    }

    fn check(&self) -> Result<()> {
        if self.step_size == 0 {
            return Err(Error::argument("StepLR", "step_size", self.step_size, "at least 1"));
        }
        Range::AT_LEAST_0.check("StepLR", "gamma", self.gamma)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(StepLR::new(10).gamma(0.5), 0.8, &[(0, 0.8), (9, 0.8), (10, 0.4), (25, 0.2)]).falls(99).scales(),
    values(StepLR::new(2), 1.0, &[(1, 1.0), (2, 0.1), (4, 0.01)]),
    values(StepLR::new(2).gamma(2.0), 0.5, &[(1, 0.5), (2, 1.0), (5, 2.0)]).grows(),
    refused(StepLR::new(0), "StepLR: step_size is 0, it must be at least 1"),
    refused(StepLR::new(1).gamma(f64::NAN), "StepLR: gamma is NaN, it must be finite and at least 0"),
];
