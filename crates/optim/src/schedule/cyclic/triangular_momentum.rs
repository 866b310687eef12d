//! The momentum beside triangles.

use super::CyclicLR;
use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// The momentum of a [`CyclicLR`]: [`CyclicLR::momentum`].
///
/// ```text
/// rate = max_momentum   where the learning rate is lowest,   base_momentum   where it is highest
/// ```
///
/// It says the momentum itself, whatever the base is. Both numbers are at least 0. Where triangles become lower, so do
/// those of the momentum.
///
/// ```
/// use wengert_optim::schedule::{CyclicLR, Schedule};
/// let momentum = CyclicLR::new(0.5).step_size_up(4).momentum(0.75, 0.875);
/// assert_eq!([0, 2, 4, 8].map(|k| momentum.rate(0.9, k)), [0.875, 0.8125, 0.75, 0.875]);
/// ```
///
/// # References
/// Smith, A Disciplined Approach to Neural Network Hyper-Parameters, 2018, section 4.3.
#[derive(Clone, Debug)]
pub struct CyclicMomentum {
    cycle: CyclicLR,
    base_momentum: f64,
    max_momentum: f64,
}

impl CyclicMomentum {
    pub(super) fn new(cycle: CyclicLR, base_momentum: f64, max_momentum: f64) -> CyclicMomentum {
        CyclicMomentum { cycle, base_momentum, max_momentum }
    }
}

impl Schedule for CyclicMomentum {
    fn rate(&self, _: f64, step: u64) -> f64 {
        self.cycle.turn([self.max_momentum, self.base_momentum], step)
    }

    fn check(&self) -> Result<()> {
        self.cycle.check()?;
        Range::AT_LEAST_0.check("CyclicLR", "base_momentum", self.base_momentum)?;
        Range::AT_LEAST_0.check("CyclicLR", "max_momentum", self.max_momentum)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(CyclicLR::new(1.5).step_size_up(4).momentum(0.5, 0.75), 0.1, &[(0, 0.75), (2, 0.625), (4, 0.5), (8, 0.75)]),
    refused(CyclicLR::new(f64::NAN).momentum(0.8, 0.9), "CyclicLR: max_lr is NaN, it must be finite and at least 0"),
    refused(
        CyclicLR::new(1.0).momentum(f64::NAN, 0.9),
        "CyclicLR: base_momentum is NaN, it must be finite and at least 0"
    ),
    refused(CyclicLR::new(1.0).momentum(0.8, -1.0), "CyclicLR: max_momentum is -1.0, it must be finite and at least 0"),
];
