//! Half a cosine from the base rate down.

use super::Schedule;
use crate::error::{Result, require, require_non_negative};
use std::f64::consts::PI;

/// From the base rate to `eta_min` along half a cosine of `t_max` steps, then up again, and so on.
///
/// ```text
/// rate(k) = η_min + (base − η_min) (1 + cos(π k / t_max)) / 2
/// ```
///
/// `t_max ≥ 1`, `η_min ≥ 0`. To stay at the bottom, end training at `t_max`.
///
/// ```
/// use wengert_optim::schedule::{CosineAnnealingLR, Schedule};
/// let schedule = CosineAnnealingLR::new(100, 0.0);
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
    /// Down to `eta_min` in `t_max` steps.
    pub fn new(t_max: u64, eta_min: f64) -> CosineAnnealingLR {
        CosineAnnealingLR { t_max, eta_min }
    }
}

impl Schedule for CosineAnnealingLR {
    fn rate(&self, base_lr: f64, step: u64) -> f64 {
        let t_max = self.t_max.max(1);
        // Within one period, so that late steps lose no digits.
        let phase = (step % t_max.saturating_mul(2)) as f64 / t_max as f64;
        self.eta_min + (base_lr - self.eta_min) * (1.0 + (PI * phase).cos()) / 2.0
    }

    fn check(&self) -> Result<()> {
        require(self.t_max > 0, "CosineAnnealingLR", "t_max", self.t_max, "at least 1")?;
        require_non_negative("CosineAnnealingLR", "eta_min", self.eta_min)
    }
}
