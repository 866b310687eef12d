//! Half a cosine, down from the base rate, and level from there on.

use crate::range::Range;
use crate::schedule::{Schedule, at_least_1};
use autograd_core::{Description, Result};
use std::f64::consts::PI;

/// Falls from the base rate to its part α along half a cosine of `decay_steps` steps, and stays there.
///
/// ```text
/// rate(k) = base · (α + (1 − α) cᵖ)      c = (1 + cos(π min(k, n) / n)) / 2,   n, p: decay_steps, exponent
/// ```
///
/// `decay_steps ≥ 1`, `α ≥ 0` (0; above 1 the rate rises), `p ≥ 0` (1; with 0 the rate stays where it is). With
/// [`Schedule::warmup`] it is the usual recipe of large models.
///
/// ```
/// use wengert_optim::schedule::{CosineDecay, Schedule};
/// let schedule = CosineDecay::new(100).alpha(0.1).warmup(10, 0.0);
/// let rates = [0, 5, 10, 60, 110, 999].map(|k| schedule.rate(0.4, k));
/// let expected = [0.0, 0.2, 0.4, 0.22, 0.04, 0.04];
/// assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-15));
/// ```
///
/// # References
/// Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, equation 5 (with one period).
///
/// # Differs from
/// * Keras: `CosineDecay(initial, n, alpha, warmup_target, warmup_steps)` is
///   `CosineDecay::new(n).alpha(alpha).with_base(warmup_target).warmup(warmup_steps, initial / warmup_target)`.
/// * optax: `warmup_cosine_decay_schedule` counts the warm-up among its `decay_steps`, and its `end_value` is `alpha`
///   times the peak.
/// * PyTorch's [`CosineAnnealingLR`](crate::CosineAnnealingLR) rises again.
#[derive(Clone, Debug)]
pub struct CosineDecay {
    decay_steps: u64,
    alpha: f64,
    exponent: f64,
}

impl CosineDecay {
    /// By default down to 0, in `decay_steps` ≥ 1 steps.
    pub fn new(decay_steps: u64) -> CosineDecay {
        CosineDecay { decay_steps, alpha: 0.0, exponent: 1.0 }
    }

    /// α ≥ 0: the last rate as a part of the base rate. Default 0.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> CosineDecay {
        self.alpha = alpha;
        self
    }

    /// p ≥ 0: the power of the cosine. Default 1.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{CosineDecay, Schedule};
    /// assert!((CosineDecay::new(100).exponent(2.0).rate(0.4, 50) - 0.1).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn exponent(mut self, exponent: f64) -> CosineDecay {
        self.exponent = exponent;
        self
    }
}

impl Schedule for CosineDecay {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let part = if step < self.decay_steps { step as f64 / self.decay_steps as f64 } else { 1.0 };
        let wave = (1.0 + (PI * part).cos()) / 2.0;
        base * (self.alpha + (1.0 - self.alpha) * wave.powf(self.exponent))
    }

    fn check(&self) -> Result<()> {
        at_least_1("CosineDecay", "decay_steps", self.decay_steps)?;
        Range::AT_LEAST_0.check("CosineDecay", "alpha", self.alpha)?;
        Range::AT_LEAST_0.check("CosineDecay", "exponent", self.exponent)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(CosineDecay::new(3).alpha(0.5), 1.0, &[(0, 1.0), (1, 0.875), (2, 0.625), (3, 0.5), (4, 0.5)])
        .falls(9)
        .scales(),
    values(CosineDecay::new(3).exponent(2.0), 1.0, &[(1, 0.5625), (2, 0.0625), (3, 0.0)]).falls(9),
    values(CosineDecay::new(3), 1.0, &[(1, 0.75), (2, 0.25)]).scales(),
    values(CosineDecay::new(200), 0.3, &[(0, 0.3), (200, 0.0)]).falls(300).smooth(300, 0.01),
    refused(CosineDecay::new(0), "CosineDecay: decay_steps is 0, it must be at least 1"),
    values(CosineDecay::new(3).alpha(3.0), 1.0, &[(0, 1.0), (1, 1.5), (2, 2.5), (3, 3.0), (4, 3.0)]).scales(),
    refused(CosineDecay::new(1).alpha(-0.5), "CosineDecay: alpha is -0.5, it must be finite and at least 0"),
    refused(CosineDecay::new(1).exponent(-1.0), "CosineDecay: exponent is -1.0, it must be finite and at least 0"),
    refused(CosineDecay::new(9).exponent(f64::NAN), "CosineDecay: exponent is NaN, it must be finite and at least 0"),
];
