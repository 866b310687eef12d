//! One over the time.

use crate::range::Range;
use crate::schedule::{Schedule, at_least_1};
use autograd_core::{Description, Result};

/// Divides the rate by 1, 1 + r, 1 + 2 r and so on, as each `decay_steps` steps have gone by.
///
/// ```text
/// rate(k) = base / (1 + r k / n)      n, r: decay_steps, decay_rate;   with staircase ⌊k / n⌋
/// ```
///
/// `n ≥ 1`, `r ≥ 0`.
///
/// ```
/// use wengert_optim::schedule::{InverseTimeDecay, Schedule};
/// let schedule = InverseTimeDecay::new(2, 1.0);
/// assert_eq!([0, 2, 6].map(|k| schedule.rate(0.8, k)), [0.8, 0.4, 0.2]);
/// assert_eq!([1, 3].map(|k| schedule.clone().staircase(true).rate(0.8, k)), [0.8, 0.4]);
/// ```
///
/// # References
/// Robbins, Monro, A Stochastic Approximation Method, 1951: rates of this form have an infinite sum and a finite sum of
/// squares.
///
/// # Differs from
/// Keras: the first rate is [`Schedule::with_base`].
#[derive(Clone, Debug)]
pub struct InverseTimeDecay {
    decay_steps: u64,
    decay_rate: f64,
    staircase: bool,
}

impl InverseTimeDecay {
    /// `decay_steps` ≥ 1, `decay_rate` ≥ 0.
    pub fn new(decay_steps: u64, decay_rate: f64) -> InverseTimeDecay {
        InverseTimeDecay { decay_steps, decay_rate, staircase: false }
    }

    /// Whether the rate stays for `decay_steps` steps and then changes at once. Default false.
    #[must_use]
    pub fn staircase(mut self, staircase: bool) -> InverseTimeDecay {
        self.staircase = staircase;
        self
    }
}

impl Schedule for InverseTimeDecay {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let every = self.decay_steps.max(1);
        let time = if self.staircase { (step / every) as f64 } else { step as f64 / every as f64 };
        base / (1.0 + self.decay_rate * time)
    }

    fn check(&self) -> Result<()> {
        at_least_1("InverseTimeDecay", "decay_steps", self.decay_steps)?;
        Range::AT_LEAST_0.check("InverseTimeDecay", "decay_rate", self.decay_rate)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(InverseTimeDecay::new(4, 1.0), 1.0, &[(0, 1.0), (4, 0.5), (12, 0.25)]).falls(100).scales(),
    values(InverseTimeDecay::new(4, 1.0).staircase(true), 1.0, &[(3, 1.0), (4, 0.5), (11, 1.0 / 3.0)]).falls(100),
    values(InverseTimeDecay::new(4, 0.0), 0.3, &[(1000, 0.3)]),
    refused(InverseTimeDecay::new(0, 1.0), "InverseTimeDecay: decay_steps is 0, it must be at least 1"),
    refused(InverseTimeDecay::new(1, -1.0), "InverseTimeDecay: decay_rate is -1.0, it must be finite and at least 0"),
];
