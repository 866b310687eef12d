//! The way to the rate at which weights are averaged.

use crate::range::Range;
use crate::schedule::{Anneal, Schedule};
use autograd_core::{Description, Result};

/// Goes from the base rate to `swa_lr` in `anneal_epochs` steps, and stays there while weights are averaged.
///
/// ```text
/// rate(k) = from base to swa_lr by `anneal_strategy`, at w = min(k / anneal_epochs, 1)
/// ```
///
/// `swa_lr ≥ 0`; `anneal_epochs` is 10 and the way [`Anneal::Cosine`] by default. With 0 steps it is there at once.
/// It stands behind the schedule of the training before: `schedule.then(SWALR::new(0.05), 75)`.
///
/// ```
/// use wengert_optim::schedule::{Anneal, SWALR, Schedule};
/// let schedule = SWALR::new(0.25).anneal_epochs(4).anneal_strategy(Anneal::Linear);
/// assert_eq!([0, 1, 2, 4, 99].map(|k| schedule.rate(1.25, k)), [1.25, 1.0, 0.75, 0.25, 0.25]);
/// ```
///
/// # References
/// Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018, section 3.
///
/// # Differs from
/// PyTorch: it begins at the base rate, not at the rate that the schedule before has come to.
#[derive(Clone, Debug)]
pub struct SWALR {
    swa_lr: f64,
    anneal_epochs: u64,
    anneal_strategy: Anneal,
}

impl SWALR {
    /// By default half a cosine of 10 steps, to `swa_lr` ≥ 0.
    pub fn new(swa_lr: f64) -> SWALR {
        SWALR { swa_lr, anneal_epochs: 10, anneal_strategy: Anneal::Cosine }
    }

    /// The number of steps on the way. Default 10.
    #[must_use]
    pub fn anneal_epochs(mut self, anneal_epochs: u64) -> SWALR {
        self.anneal_epochs = anneal_epochs;
        self
    }

    /// The way. Default [`Anneal::Cosine`].
    #[must_use]
    pub fn anneal_strategy(mut self, anneal_strategy: Anneal) -> SWALR {
        self.anneal_strategy = anneal_strategy;
        self
    }
}

impl Schedule for SWALR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let way = if step >= self.anneal_epochs { 1.0 } else { step as f64 / self.anneal_epochs as f64 };
        self.anneal_strategy.between(base, self.swa_lr, way)
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("SWALR", "swa_lr", self.swa_lr)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(SWALR::new(0.25).anneal_epochs(3), 1.25, &[(0, 1.25), (1, 1.0), (2, 0.5), (3, 0.25), (9, 0.25)]).falls(9),
    values(SWALR::new(0.25).anneal_epochs(4).anneal_strategy(Anneal::Linear), 1.25, &[(1, 1.0), (3, 0.5), (4, 0.25)])
        .falls(9)
        .smooth(20, 0.21),
    values(SWALR::new(0.25), 1.25, &[(5, 0.75), (10, 0.25)]).falls(30).smooth(30, 0.13),
    values(SWALR::new(0.5).anneal_epochs(0), 0.1, &[(0, 0.5), (1, 0.5)]),
    refused(SWALR::new(-1.0), "SWALR: swa_lr is -1.0, it must be finite and at least 0"),
    refused(SWALR::new(f64::NAN), "SWALR: swa_lr is NaN, it must be finite and at least 0"),
];
