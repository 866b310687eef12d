//! Half a cosine, down from the base rate.

use crate::range::Range;
use crate::schedule::Schedule;
use autograd_core::{Description, Error, Result};
use std::f64::consts::PI;

/// Falls from the base rate to `eta_min` along half a cosine of `t_max` steps, then rises again, and so on.
///
/// ```text
/// rate(k) = η_min + (base − η_min) (1 + cos(π k / t_max)) / 2
/// ```
///
/// `t_max ≥ 1`, `η_min ≥ 0` (0). To stay at the bottom, end training at `t_max`.
///
/// ```
/// use wengert_optim::schedule::{CosineAnnealingLR, Schedule};
/// let schedule = CosineAnnealingLR::new(100);
/// assert_eq!([0, 100, 200].map(|k| schedule.rate(0.1, k)), [0.1, 0.0, 0.1]);
/// assert!((schedule.rate(0.1, 50) - 0.05).abs() < 1e-15);
/// ```
///
/// # References
/// Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, equation 5 (without the restarts).
#[derive(Clone, Debug)]
pub struct CosineAnnealingLR {
    t_max: u64,
    eta_min: f64,
}

impl CosineAnnealingLR {
    /// By default down to 0, in `t_max` ≥ 1 steps.
    pub fn new(t_max: u64) -> CosineAnnealingLR {
        CosineAnnealingLR { t_max, eta_min: 0.0 }
    }

    /// η_min ≥ 0: the lowest rate. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{CosineAnnealingLR, Schedule};
    /// assert_eq!(CosineAnnealingLR::new(100).eta_min(0.01).rate(0.1, 100), 0.01);
    /// ```
    #[must_use]
    pub fn eta_min(mut self, eta_min: f64) -> CosineAnnealingLR {
        self.eta_min = eta_min;
        self
    }
}

impl Schedule for CosineAnnealingLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let t_max = self.t_max.max(1);
        // Within one period, so that late steps lose no digits.
        let phase = (step % t_max.saturating_mul(2)) as f64 / t_max as f64;
        self.eta_min + (base - self.eta_min) * (1.0 + (PI * phase).cos()) / 2.0
    }

    fn check(&self) -> Result<()> {
        if self.t_max == 0 {
            return Err(Error::argument("CosineAnnealingLR", "t_max", self.t_max, "at least 1"));
        }
        Range::AT_LEAST_0.check("CosineAnnealingLR", "eta_min", self.eta_min)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(CosineAnnealingLR::new(100), 0.1, &[(0, 0.1), (50, 0.05), (100, 0.0), (200, 0.1)]),
    values(CosineAnnealingLR::new(3).eta_min(0.2), 1.0, &[(1, 0.8), (2, 0.4), (3, 0.2), (6, 1.0)]),
    values(CosineAnnealingLR::new(u64::MAX), 1.0, &[(0, 1.0)]),
    refused(CosineAnnealingLR::new(0), "CosineAnnealingLR: t_max is 0, it must be at least 1"),
    refused(
        CosineAnnealingLR::new(1).eta_min(f64::NAN),
        "CosineAnnealingLR: eta_min is NaN, it must be finite and at least 0"
    ),
];
