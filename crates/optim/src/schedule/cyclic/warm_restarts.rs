//! Cosines down, again and again.

use crate::range::Range;
use crate::schedule::{Schedule, at_least_1, times};
use autograd_core::{Description, Result};
use std::f64::consts::PI;

/// Falls along half a cosine of `t_0` steps, begins again from the top, and so on; each period is `t_mult` times as
/// long as the one before, and `m_mul` times as high.
///
/// ```text
/// rate(k) = e + (base − e) mⁱ (1 + cos(π j / Tᵢ)) / 2       e = η_min + α · base,   Tᵢ = T₀ · t_multⁱ
/// ```
///
/// at step j of period i, which counts from 0. `t_0 ≥ 1`, `t_mult ≥ 1` (1), `m ≥ 0` (1), `η_min ≥ 0` (0),
/// `α ≥ 0` (0). With m above 1 rates grow beyond the base, without bound. Where the base lies below e, each period
/// leads up to e, and mⁱ counts as no more than 1: no rate is negative.
///
/// ```
/// use wengert_optim::schedule::{CosineAnnealingWarmRestarts, Schedule};
/// let schedule = CosineAnnealingWarmRestarts::new(4).t_mult(2.0).m_mul(0.5);
/// assert_eq!([0, 2, 4, 8, 12].map(|k| schedule.rate(0.8, k)), [0.8, 0.4, 0.4, 0.2, 0.2]);
/// ```
///
/// # References
/// Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, equation 5.
///
/// # Differs from
/// * PyTorch: `t_mult` may be a fraction; `m_mul` and `alpha` are Keras's.
/// * Keras: `CosineDecayRestarts(initial, first_decay_steps, t_mul, m_mul, alpha)`; its `t_mul` is 2 by default, and
///   `eta_min` is PyTorch's.
/// * optax: `sgdr_schedule` joins schedules that are each given: [`Schedule::then`].
#[derive(Clone, Debug)]
pub struct CosineAnnealingWarmRestarts {
    t_0: u64,
    t_mult: f64,
    m_mul: f64,
    eta_min: f64,
    alpha: f64,
}

impl CosineAnnealingWarmRestarts {
    /// By default down to 0, always in `t_0` ≥ 1 steps.
    pub fn new(t_0: u64) -> CosineAnnealingWarmRestarts {
        CosineAnnealingWarmRestarts { t_0, t_mult: 1.0, m_mul: 1.0, eta_min: 0.0, alpha: 0.0 }
    }

    /// Each period is so many times as long as the one before, at least 1. Default 1.
    #[must_use]
    pub fn t_mult(mut self, t_mult: f64) -> CosineAnnealingWarmRestarts {
        self.t_mult = t_mult;
        self
    }

    /// m ≥ 0: each period is so many times as high as the one before. Default 1.
    #[must_use]
    pub fn m_mul(mut self, m_mul: f64) -> CosineAnnealingWarmRestarts {
        self.m_mul = m_mul;
        self
    }

    /// η_min ≥ 0: the lowest rate. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{CosineAnnealingWarmRestarts, Schedule};
    /// assert!((CosineAnnealingWarmRestarts::new(4).eta_min(0.2).rate(0.8, 2) - 0.5).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn eta_min(mut self, eta_min: f64) -> CosineAnnealingWarmRestarts {
        self.eta_min = eta_min;
        self
    }

    /// α ≥ 0: the last rate of a period as a part of the base rate, on top of `eta_min`. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{CosineAnnealingWarmRestarts, Schedule};
    /// assert!((CosineAnnealingWarmRestarts::new(4).alpha(0.25).rate(0.8, 2) - 0.5).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> CosineAnnealingWarmRestarts {
        self.alpha = alpha;
        self
    }

    /// The number of the period that a step is in, and how far it is through it, in [0, 1].
    fn period(&self, step: u64) -> (f64, f64) {
        let t_0 = self.t_0.max(1);
        let growth = self.t_mult - 1.0;
        if growth.is_nan() || growth <= 0.0 {
            return ((step / t_0) as f64, (step % t_0) as f64 / t_0 as f64);
        }
        let (step, first) = (step as f64, t_0 as f64);
        // Powers are exact for whole and for half numbers, which a difference of logarithms is not; close to 1 their
        // difference from it has lost its digits.
        let begin = |i: f64| match growth < 0.01 {
            true => first * ((i * growth.ln_1p()).exp_m1() / growth),
            false => first * ((self.t_mult.powf(i) - 1.0) / growth),
        };
        let passed = match growth < 0.01 {
            true => (step / first * growth).ln_1p(),
            // Without a product, which may be infinite.
            false => (step / first + 1.0 / growth).ln() + growth.ln(),
        };
        let mut i = (passed / growth.ln_1p()).floor();
        // The logarithm may have been rounded over a border.
        if begin(i) > step {
            i -= 1.0;
        } else if begin(i + 1.0) <= step {
            i += 1.0;
        }
        (i, ((step - begin(i)) / (first * self.t_mult.powf(i))).clamp(0.0, 1.0))
    }
}

impl Schedule for CosineAnnealingWarmRestarts {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let (period, phase) = self.period(step);
        let lowest = self.eta_min + self.alpha * base;
        let (height, factor) = (base - lowest, self.m_mul.powf(period));
        // A way up that is longer would begin below the base, and then below 0.
        let factor = if height < 0.0 { factor.min(1.0) } else { factor };
        lowest + times((1.0 + (PI * phase).cos()) / 2.0, times(height, factor))
    }

    fn check(&self) -> Result<()> {
        const NAME: &str = "CosineAnnealingWarmRestarts";
        at_least_1(NAME, "t_0", self.t_0)?;
        let from_1 = Range::new(|x| x >= 1.0 && x.is_finite(), "finite and at least 1");
        from_1.check(NAME, "t_mult", self.t_mult)?;
        Range::AT_LEAST_0.check(NAME, "m_mul", self.m_mul)?;
        Range::AT_LEAST_0.check(NAME, "eta_min", self.eta_min)?;
        Range::AT_LEAST_0.check(NAME, "alpha", self.alpha)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
type Restarts = CosineAnnealingWarmRestarts;

#[cfg(test)]
schedule_cases![
    values(Restarts::new(3), 1.0, &[(0, 1.0), (1, 0.75), (2, 0.25), (3, 1.0), (5, 0.25), (300, 1.0)]).scales(),
    values(Restarts::new(3).t_mult(2.0), 1.0, &[(3, 1.0), (6, 0.5), (9, 1.0), (15, 0.5), (21, 1.0), (45, 1.0)]),
    // Periods of 8, 12, 18 and 27 steps.
    values(Restarts::new(8).t_mult(1.5).m_mul(0.5), 1.0, &[(8, 0.5), (14, 0.25), (20, 0.25), (29, 0.125), (38, 0.125)]),
    values(Restarts::new(3).m_mul(0.5).alpha(0.5), 1.0, &[(1, 0.875), (2, 0.625), (3, 0.75), (6, 0.625)]).scales(),
    values(Restarts::new(3).eta_min(0.2), 1.0, &[(1, 0.8), (2, 0.4), (3, 1.0)]),
    values(Restarts::new(3).eta_min(0.2).t_mult(3.0), 1.0, &[(3, 1.0), (6, 0.8), (12, 1.0), (39, 1.0)]),
    values(Restarts::new(2).m_mul(2.0).alpha(0.5), 1.0, &[(0, 1.0), (1, 0.75), (2, 1.5), (3, 1.0), (4, 2.5)]).grows(),
    values(
        Restarts::new(2).t_mult(2.0).m_mul(4.0).eta_min(0.5),
        0.25,
        &[(0, 0.25), (1, 0.375), (2, 0.25), (4, 0.375), (6, 0.25), (10, 0.375)]
    ),
    values(Restarts::new(1).t_mult(1e300), 1.0, &[(0, 1.0), (1, 1.0), (99, 1.0)]),
    values(Restarts::new(100).t_mult(1.0 + f64::EPSILON), 1.0, &[(50, 0.5), (149, 0.515_705_379_539_064_1)]),
    refused(Restarts::new(0), "CosineAnnealingWarmRestarts: t_0 is 0, it must be at least 1"),
    refused(
        Restarts::new(9).t_mult(0.5),
        "CosineAnnealingWarmRestarts: t_mult is 0.5, it must be finite and at least 1"
    ),
    refused(
        Restarts::new(9).t_mult(f64::NAN),
        "CosineAnnealingWarmRestarts: t_mult is NaN, it must be finite and at least 1"
    ),
    refused(
        Restarts::new(9).t_mult(f64::INFINITY),
        "CosineAnnealingWarmRestarts: t_mult is inf, it must be finite and at least 1"
    ),
    refused(
        Restarts::new(9).m_mul(-1.0),
        "CosineAnnealingWarmRestarts: m_mul is -1.0, it must be finite and at least 0"
    ),
    refused(
        Restarts::new(9).eta_min(-1.0),
        "CosineAnnealingWarmRestarts: eta_min is -1.0, it must be finite and at least 0"
    ),
    values(Restarts::new(2).m_mul(2.0).alpha(2.0), 1.0, &[(0, 1.0), (1, 1.5), (2, 1.0), (3, 1.5)]),
    refused(
        Restarts::new(9).alpha(-0.5),
        "CosineAnnealingWarmRestarts: alpha is -0.5, it must be finite and at least 0"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The period by going through all of them.
    fn by_walking(t_0: u64, t_mult: f64, step: u64) -> (f64, f64) {
        let (mut begin, mut length, mut i) = (0.0, t_0 as f64, 0.0);
        while begin + length <= step as f64 {
            (begin, length, i) = (begin + length, length * t_mult, i + 1.0);
        }
        (i, (step as f64 - begin) / length)
    }

    #[test]
    fn every_step_is_in_the_period_that_walking_finds() {
        for t_mult in [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 7.0] {
            for t_0 in [1, 2, 8, 10, 12, 100] {
                let schedule = CosineAnnealingWarmRestarts::new(t_0).t_mult(t_mult);
                for step in 0..3000 {
                    let ((i, phase), (want, at)) = (schedule.period(step), by_walking(t_0, t_mult, step));
                    // Where a border is no whole number, both are rounded.
                    let near = i == want && (phase - at).abs() < 1e-12;
                    assert!(near, "t_0 {t_0}, t_mult {t_mult}, step {step}: {i} {phase} instead of {want} {at}");
                }
            }
        }
    }
}
