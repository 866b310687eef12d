//! The schedule of the first transformer.

use crate::schedule::{Schedule, at_least_1};
use autograd_core::{Description, Result};

/// Rises in a straight line for `warmup_steps` steps, and falls with the root of the step from there on.
///
/// ```text
/// rate(k) = base · d^(−1/2) · min((k + 1)^(−1/2), (k + 1) · w^(−3/2))      d, w: d_model, warmup_steps
/// ```
///
/// `d ≥ 1`, `w ≥ 1`. The peak is `base / √(d w)`, at step w − 1; the base rate of the paper is 1.
///
/// ```
/// use wengert_optim::schedule::{NoamLR, Schedule};
/// let schedule = NoamLR::new(16, 4);
/// assert_eq!([0, 3, 15].map(|k| schedule.rate(1.0, k)), [0.03125, 0.125, 0.0625]);
/// ```
///
/// # References
/// Vaswani et al., Attention Is All You Need, 2017, equation 3.
#[derive(Clone, Debug)]
pub struct NoamLR {
    d_model: u64,
    warmup_steps: u64,
}

impl NoamLR {
    /// The width of the model and the length of the warm-up, both at least 1.
    pub fn new(d_model: u64, warmup_steps: u64) -> NoamLR {
        NoamLR { d_model, warmup_steps }
    }
}

impl Schedule for NoamLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let (width, warmup) = (self.d_model.max(1) as f64, self.warmup_steps.max(1) as f64);
        let number = step as f64 + 1.0;
        base / width.sqrt() * (1.0 / number.sqrt()).min(number / (warmup * warmup.sqrt()))
    }

    fn check(&self) -> Result<()> {
        at_least_1("NoamLR", "d_model", self.d_model)?;
        at_least_1("NoamLR", "warmup_steps", self.warmup_steps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(NoamLR::new(16, 4), 1.0, &[(0, 0.03125), (1, 0.0625), (3, 0.125), (15, 0.0625)]).scales().smooth(100, 0.04),
    values(NoamLR::new(1, 1), 2.0, &[(0, 2.0), (3, 1.0), (99, 0.2)]).falls(400),
    values(NoamLR::new(4, 1), 2.0, &[(0, 1.0)]),
    refused(NoamLR::new(0, 1), "NoamLR: d_model is 0, it must be at least 1"),
    refused(NoamLR::new(1, 0), "NoamLR: warmup_steps is 0, it must be at least 1"),
];
