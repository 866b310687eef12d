//! Triangles up from the base rate.

use super::CyclicMomentum;
use crate::range::Range;
use crate::schedule::{Schedule, at_least_1, named};
use autograd_core::{Description, Error, Result};
use std::str::FromStr;

/// Rises in a straight line from the base rate to `max_lr`, falls back, and so on; the triangles may become lower.
///
/// ```text
/// rate(k) = base + (max_lr − base) · h(k) · s(k)
/// h(k) = j / u              for j ≤ u,  else (u + d − j) / d       j = k mod (u + d),   u, d: step_size_up, step_size_down
/// s(k) = 1  (Triangular),   2^(−⌊k / (u + d)⌋)  (Triangular2),   γᵏ  (ExpRange)
/// ```
///
/// `u, d ≥ 1`: u is 2000 by default, and d is u. `max_lr ≥ 0`, `0 ≤ γ ≤ 1` (1).
///
/// ```
/// use wengert_optim::schedule::{CyclicLR, CyclicMode, Schedule};
/// let schedule = CyclicLR::new(0.75).step_size_up(2).step_size_down(4);
/// assert_eq!([0, 1, 2, 4, 6, 8].map(|k| schedule.rate(0.25, k)), [0.25, 0.5, 0.75, 0.5, 0.25, 0.75]);
/// let lower = schedule.clone().mode(CyclicMode::Triangular2);
/// assert_eq!([2, 8, 14].map(|k| lower.rate(0.25, k)), [0.75, 0.5, 0.375]);
///
/// // The momentum falls while the rate rises:
/// let momentum = schedule.momentum(0.75, 0.875);
/// assert_eq!([0, 2, 6].map(|k| momentum.rate(0.9, k)), [0.875, 0.75, 0.875]);
/// ```
///
/// # References
/// Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.
///
/// # Differs from
/// PyTorch: its `base_lr` is the optimizer's own rate here (or [`Schedule::with_base`]), and the momentum is a schedule
/// of its own, [`CyclicLR::momentum`]. `scale_fn` is a closure that is a schedule.
#[derive(Clone, Debug)]
pub struct CyclicLR {
    max_lr: f64,
    step_size_up: u64,
    step_size_down: Option<u64>,
    mode: CyclicMode,
    gamma: f64,
}

/// The heights of the triangles of a [`CyclicLR`].
///
/// # Examples
/// ```
/// use wengert_optim::schedule::{CyclicLR, CyclicMode, Schedule};
/// let schedule = CyclicLR::new(1.0).step_size_up(1).mode(CyclicMode::ExpRange).gamma(0.5);
/// assert_eq!([0, 1, 3].map(|k| schedule.rate(0.0, k)), [0.0, 0.5, 0.125]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CyclicMode {
    /// All the same.
    Triangular,
    /// Each half as high as the one before.
    Triangular2,
    /// The factor γ at each step.
    ExpRange,
}

impl FromStr for CyclicMode {
    type Err = Error;

    /// PyTorch's words: `triangular`, `triangular2` and `exp_range`.
    fn from_str(word: &str) -> Result<CyclicMode> {
        let [first, second, third] = [CyclicMode::Triangular, CyclicMode::Triangular2, CyclicMode::ExpRange];
        named("mode", word, &[("triangular", first), ("triangular2", second), ("exp_range", third)])
    }
}

impl CyclicLR {
    /// By default 2000 steps up to `max_lr` ≥ 0 and as many down, always the same.
    pub fn new(max_lr: f64) -> CyclicLR {
        CyclicLR { max_lr, step_size_up: 2000, step_size_down: None, mode: CyclicMode::Triangular, gamma: 1.0 }
    }

    /// u ≥ 1: the number of steps up. Default 2000.
    #[must_use]
    pub fn step_size_up(mut self, step_size_up: u64) -> CyclicLR {
        self.step_size_up = step_size_up;
        self
    }

    /// d ≥ 1: the number of steps down. By default as many as up.
    #[must_use]
    pub fn step_size_down(mut self, step_size_down: u64) -> CyclicLR {
        self.step_size_down = Some(step_size_down);
        self
    }

    /// The heights. Default [`CyclicMode::Triangular`].
    #[must_use]
    pub fn mode(mut self, mode: CyclicMode) -> CyclicLR {
        self.mode = mode;
        self
    }

    /// γ in [0, 1]: the factor of [`CyclicMode::ExpRange`], which the other modes do not use. Default 1.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> CyclicLR {
        self.gamma = gamma;
        self
    }

    /// The schedule of the momentum (or of `betas[0]`) beside this one: from `max_momentum` down to `base_momentum`
    /// while the rate rises, and back.
    pub fn momentum(&self, base_momentum: f64, max_momentum: f64) -> CyclicMomentum {
        CyclicMomentum::new(self.clone(), base_momentum, max_momentum)
    }

    /// From `low` to `high` and back.
    pub(super) fn turn(&self, [low, high]: [f64; 2], step: u64) -> f64 {
        let up = u128::from(self.step_size_up.max(1));
        let down = u128::from(self.step_size_down.unwrap_or(self.step_size_up).max(1));
        let (cycle, at) = (u128::from(step) / (up + down), u128::from(step) % (up + down));
        let height = if at <= up { at as f64 / up as f64 } else { (up + down - at) as f64 / down as f64 };
        let scale = match self.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Triangular2 => 0.5_f64.powf(cycle as f64),
            CyclicMode::ExpRange => self.gamma.powf(step as f64),
        };
        low + (high - low) * (height * scale)
    }
}

impl Schedule for CyclicLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        self.turn([base, self.max_lr], step)
    }

    fn check(&self) -> Result<()> {
        Range::AT_LEAST_0.check("CyclicLR", "max_lr", self.max_lr)?;
        at_least_1("CyclicLR", "step_size_up", self.step_size_up)?;
        self.step_size_down.map_or(Ok(()), |down| at_least_1("CyclicLR", "step_size_down", down))?;
        // The other modes do not use it.
        let range = if self.mode == CyclicMode::ExpRange { Range::FRACTION } else { Range::AT_LEAST_0 };
        range.check("CyclicLR", "gamma", self.gamma)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(
        CyclicLR::new(0.75).step_size_up(2).step_size_down(4),
        0.25,
        &[(0, 0.25), (1, 0.5), (2, 0.75), (4, 0.5), (6, 0.25), (8, 0.75)]
    )
    .smooth(100, 1.01),
    values(CyclicLR::new(1.5).step_size_up(4).mode(CyclicMode::Triangular2), 0.5, &[(4, 1.5), (12, 1.0), (20, 0.75)]),
    values(
        CyclicLR::new(1.5).step_size_up(2).mode(CyclicMode::ExpRange).gamma(0.5),
        0.5,
        &[(1, 0.75), (2, 0.75), (3, 0.5625)]
    ),
    values(CyclicLR::new(1.5), 0.5, &[(2000, 1.5), (3000, 1.0), (4000, 0.5)]).smooth(9000, 0.0011),
    values(CyclicLR::new(1.5).step_size_up(u64::MAX), 0.5, &[(0, 0.5), (u64::MAX, 1.5)]),
    refused(CyclicLR::new(-1.0), "CyclicLR: max_lr is -1.0, it must be finite and at least 0"),
    refused(CyclicLR::new(1.0).step_size_up(0), "CyclicLR: step_size_up is 0, it must be at least 1"),
    refused(CyclicLR::new(1.0).step_size_down(0), "CyclicLR: step_size_down is 0, it must be at least 1"),
    refused(CyclicLR::new(1.0).gamma(-1.5), "CyclicLR: gamma is -1.5, it must be finite and at least 0"),
    refused(CyclicLR::new(1.0).mode(CyclicMode::ExpRange).gamma(1.5), "CyclicLR: gamma is 1.5, it must be in [0, 1]"),
];
