//! The momentum beside a one-cycle schedule.

use super::OneCycleLR;
use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// The momentum of a [`OneCycleLR`]: [`OneCycleLR::momentum`].
///
/// ```text
/// rate = max_momentum   where the learning rate begins and ends,   base_momentum   where it is highest
/// ```
///
/// It says the momentum itself, whatever the base is. Both numbers are at least 0.
///
/// ```
/// use wengert_optim::schedule::{Anneal, OneCycleLR, Schedule};
/// let schedule = OneCycleLR::new(10).pct_start(0.5).anneal_strategy(Anneal::Linear);
/// let momentum = schedule.momentum(0.75, 0.875);
/// assert_eq!([0, 2, 4, 9].map(|k| momentum.rate(0.9, k)), [0.875, 0.8125, 0.75, 0.875]);
/// ```
///
/// # References
/// Smith, A Disciplined Approach to Neural Network Hyper-Parameters, 2018, section 4.3.
#[derive(Clone, Debug)]
pub struct OneCycleMomentum {
    cycle: OneCycleLR,
    base_momentum: f64,
    max_momentum: f64,
}

impl OneCycleMomentum {
    pub(super) fn new(cycle: OneCycleLR, base_momentum: f64, max_momentum: f64) -> OneCycleMomentum {
        OneCycleMomentum { cycle, base_momentum, max_momentum }
    }
}

impl Schedule for OneCycleMomentum {
    fn rate(&self, _: f64, step: u64) -> f64 {
        self.cycle.turn([self.max_momentum, self.base_momentum, self.max_momentum], step)
    }

    fn check(&self) -> Result<()> {
        self.cycle.check()?;
        Range::AT_LEAST_0.check("OneCycleLR", "base_momentum", self.base_momentum)?;
        Range::AT_LEAST_0.check("OneCycleLR", "max_momentum", self.max_momentum)
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        self.cycle.check_steps(steps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
use crate::schedule::Anneal;

#[cfg(test)]
schedule_cases![
    values(
        OneCycleLR::new(10).pct_start(0.4).momentum(0.5, 1.0),
        0.3,
        &[(0, 1.0), (1, 0.875), (3, 0.5), (6, 0.75), (9, 1.0)]
    )
    .lasts(10, "OneCycleLR: it has rates for 10 steps, there are 11"),
    values(
        OneCycleLR::new(10).pct_start(0.4).three_phase(true).anneal_strategy(Anneal::Linear).momentum(0.0, 0.75),
        0.3,
        &[(0, 0.75), (1, 0.5), (3, 0.0), (5, 0.5), (6, 0.75), (8, 0.75), (9, 0.75)]
    ),
    refused(OneCycleLR::new(0).momentum(0.8, 0.9), "OneCycleLR: total_steps is 0, it must be at least 1"),
    refused(
        OneCycleLR::new(9).momentum(-0.1, 0.9),
        "OneCycleLR: base_momentum is -0.1, it must be finite and at least 0"
    ),
    refused(
        OneCycleLR::new(9).momentum(0.1, f64::INFINITY),
        "OneCycleLR: max_momentum is inf, it must be finite and at least 0"
    ),
];
