//! A power of the time that is left.

use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Result};

/// Falls from the base rate to `end_lr` in `total_iters` steps, as a power of the steps that are left, and stays there.
///
/// ```text
/// rate(k) = e + (base − e) (1 − min(k, n) / n)ᵖ      n, p, e: total_iters, power, end_lr
/// with cycle:  e + (base − e) (1 − k / (n c))ᵖ,      c = max(1, ⌈k / n⌉)
/// ```
///
/// `n` is 5 by default, `p ≥ 0` (1), `e ≥ 0` (0). With 0 steps it is there at once. With `cycle`, it goes on at the end
/// of each n steps from a smaller rate than before, which it never falls to.
///
/// ```
/// use wengert_optim::schedule::{PolynomialLR, Schedule};
/// let schedule = PolynomialLR::new().total_iters(4).power(2.0);
/// assert_eq!([0, 1, 2, 4, 9].map(|k| schedule.rate(1.6, k)), [1.6, 0.9, 0.4, 0.0, 0.0]);
/// assert_eq!([0, 4, 9].map(|k| schedule.clone().end_lr(0.6).rate(1.6, k)), [1.6, 0.6, 0.6]);
/// assert_eq!([4, 6, 8].map(|k| schedule.clone().cycle(true).rate(1.6, k)), [0.0, 0.1, 0.0]);
/// ```
///
/// # Differs from
/// * PyTorch: `end_lr` and `cycle` are Keras's (`PolynomialDecay`, with `decay_steps` and `end_learning_rate`). With 0
///   steps the base rate stays there.
/// * optax: `transition_begin` is [`Schedule::delayed`].
#[derive(Clone, Debug)]
pub struct PolynomialLR {
    total_iters: u64,
    power: f64,
    end_lr: f64,
    cycle: bool,
}

impl PolynomialLR {
    /// By default a straight line to 0 in 5 steps.
    pub fn new() -> PolynomialLR {
        PolynomialLR { total_iters: 5, power: 1.0, end_lr: 0.0, cycle: false }
    }

    /// The number of steps to the end. Default 5.
    #[must_use]
    pub fn total_iters(mut self, total_iters: u64) -> PolynomialLR {
        self.total_iters = total_iters;
        self
    }

    /// p ≥ 0: the power; with 0 the base rate stays. Default 1.
    #[must_use]
    pub fn power(mut self, power: f64) -> PolynomialLR {
        self.power = power;
        self
    }

    /// The rate at the end, at least 0. Default 0.
    #[must_use]
    pub fn end_lr(mut self, end_lr: f64) -> PolynomialLR {
        self.end_lr = end_lr;
        self
    }

    /// Whether to begin again behind the end, with ever longer ways. Default false.
    #[must_use]
    pub fn cycle(mut self, cycle: bool) -> PolynomialLR {
        self.cycle = cycle;
        self
    }
}

impl Default for PolynomialLR {
    fn default() -> Self {
        PolynomialLR::new()
    }
}

impl Schedule for PolynomialLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let left = match self.total_iters {
            0 => 0.0,
            n if self.cycle => {
                let cycles = step.div_ceil(n).max(1);
                // Rounding may not make it negative.
                (1.0 - step as f64 / (n as f64 * cycles as f64)).max(0.0)
            }
            n => 1.0 - step.min(n) as f64 / n as f64,
        };
        self.end_lr + (base - self.end_lr) * left.powf(self.power)
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("PolynomialLR", "power", self.power)?;
        Range::AT_LEAST_0.check("PolynomialLR", "end_lr", self.end_lr)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(PolynomialLR::new().total_iters(4).power(2.0), 1.6, &[(0, 1.6), (1, 0.9), (2, 0.4), (4, 0.0), (9, 0.0)])
        .falls(9)
        .scales(),
    values(PolynomialLR::new(), 1.0, &[(1, 0.8), (5, 0.0)]).falls(9).smooth(20, 0.2000001),
    values(PolynomialLR::new().total_iters(4).power(0.5).end_lr(0.25), 1.25, &[(0, 1.25), (3, 0.75), (4, 0.25)])
        .falls(9),
    values(PolynomialLR::new().total_iters(4).cycle(true), 1.0, &[(0, 1.0), (4, 0.0), (5, 0.375), (9, 0.25)]),
    values(PolynomialLR::new().total_iters(0), 1.0, &[(0, 0.0), (1, 0.0)]),
    values(PolynomialLR::new().total_iters(4).power(0.0), 1.5, &[(0, 1.5), (3, 1.5), (4, 1.5), (9, 1.5)]),
    refused(PolynomialLR::new().power(-1.0), "PolynomialLR: power is -1.0, it must be finite and at least 0"),
    refused(PolynomialLR::new().power(f64::NAN), "PolynomialLR: power is NaN, it must be finite and at least 0"),
    refused(PolynomialLR::new().end_lr(-1.0), "PolynomialLR: end_lr is -1.0, it must be finite and at least 0"),
];
