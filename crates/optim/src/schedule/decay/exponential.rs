//! A factor at each step.

use crate::range::Range;
use crate::schedule::{Schedule, at_least_1, times};
use autograd_core::{Description, Result};

/// Multiplies the rate by γ in each `decay_steps` steps: a little at each, or all at once.
///
/// ```text
/// rate(k) = base · γ^(k / n)       n: decay_steps;   with staircase γ^⌊k / n⌋
/// ```
///
/// `γ ≥ 0`, `n ≥ 1` (1). A factor above 1 grows without bound; a rate of 0 stays 0.
///
/// ```
/// use wengert_optim::schedule::{ExponentialLR, Schedule};
/// assert_eq!([0, 1, 3].map(|k| ExponentialLR::new(0.5).rate(0.8, k)), [0.8, 0.4, 0.1]);
/// let slow = ExponentialLR::new(0.25).decay_steps(2);
/// assert_eq!([0, 1, 2].map(|k| slow.rate(0.8, k)), [0.8, 0.4, 0.2]);
/// assert_eq!([0, 1, 2].map(|k| slow.clone().staircase(true).rate(0.8, k)), [0.8, 0.8, 0.2]);
/// ```
///
/// # Differs from
/// * PyTorch: it has γ alone.
/// * Keras: γ is called `decay_rate`, and the first rate is [`Schedule::with_base`].
/// * optax: `transition_begin` is [`Schedule::delayed`], and `end_value` [`Schedule::clamp`].
#[derive(Clone, Debug)]
pub struct ExponentialLR {
    gamma: f64,
    decay_steps: u64,
    staircase: bool,
}

impl ExponentialLR {
    /// By default the factor `gamma` ≥ 0 at each step.
    pub fn new(gamma: f64) -> ExponentialLR {
        ExponentialLR { gamma, decay_steps: 1, staircase: false }
    }

    /// The number of steps, at least 1, that make the factor up. Default 1.
    #[must_use]
    pub fn decay_steps(mut self, decay_steps: u64) -> ExponentialLR {
        self.decay_steps = decay_steps;
        self
    }

    /// Whether the rate stays for `decay_steps` steps and then changes at once. Default false.
    #[must_use]
    pub fn staircase(mut self, staircase: bool) -> ExponentialLR {
        self.staircase = staircase;
        self
    }
}

impl Schedule for ExponentialLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let every = self.decay_steps.max(1);
        let power = if self.staircase { (step / every) as f64 } else { step as f64 / every as f64 };
        times(base, self.gamma.powf(power))
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("ExponentialLR", "gamma", self.gamma)?;
        at_least_1("ExponentialLR", "decay_steps", self.decay_steps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(ExponentialLR::new(0.5), 0.8, &[(0, 0.8), (1, 0.4), (3, 0.1)]).falls(100).scales(),
    values(ExponentialLR::new(0.25).decay_steps(4), 1.0, &[(2, 0.5), (4, 0.25), (6, 0.125)]).falls(100).scales(),
    values(ExponentialLR::new(0.25).decay_steps(4).staircase(true), 1.0, &[(3, 1.0), (4, 0.25), (7, 0.25)]).falls(100),
    values(ExponentialLR::new(0.0), 0.8, &[(0, 0.8), (1, 0.0)]),
    values(ExponentialLR::new(2.0), 0.5, &[(0, 0.5), (1, 1.0), (3, 4.0)]).grows(),
    refused(ExponentialLR::new(-0.5), "ExponentialLR: gamma is -0.5, it must be finite and at least 0"),
    refused(ExponentialLR::new(f64::NAN), "ExponentialLR: gamma is NaN, it must be finite and at least 0"),
    refused(ExponentialLR::new(0.5).decay_steps(0), "ExponentialLR: decay_steps is 0, it must be at least 1"),
];
