//! One way up, and one way down.

use super::OneCycleMomentum;
use crate::range::Range;
use crate::schedule::{Anneal, Schedule, at_least_1, enough};
use autograd_core::{Description, Result};

/// Rises from a part of the base rate to the base rate, and falls far below where it began, within the run.
///
/// ```text
/// rate = base / D   at step 0,       base   at p T − 1,      base / (D F)   at T − 1
/// three_phase:  also base / D   at 2 p T − 2; of p > ½ the end comes before that
/// ```
///
/// and between them by `anneal_strategy`; T, p, D, F are `total_steps`, `pct_start`, `div_factor` and
/// `final_div_factor`. `T ≥ 1`, `0 ≤ p ≤ 1` (0.3), `D, F > 0` (25 and 10⁴); the way is [`Anneal::Cosine`] by default.
///
/// The base rate is the highest. A run of more than T steps is refused ([`Schedule::check_steps`]).
///
/// ```
/// use wengert_optim::schedule::{OneCycleLR, Schedule};
/// let schedule = OneCycleLR::new(11).pct_start(0.5).div_factor(4.0).final_div_factor(100.0);
/// let rates = [0, 10].map(|k| schedule.rate(0.8, k));
/// assert!((rates[0] - 0.2).abs() < 1e-15 && (rates[1] - 0.002).abs() < 1e-15);
///
/// // The momentum falls while the rate rises:
/// let momentum = schedule.momentum(0.85, 0.95);
/// assert_eq!([0, 10].map(|k| momentum.rate(0.9, k)), [0.95, 0.95]);
/// ```
///
/// # References
/// Smith, Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates, 2018; two phases
/// with cosines are fastai's.
///
/// # Differs from
/// * PyTorch: `max_lr` is the optimizer's own rate here (or [`Schedule::with_base`]), and the momentum is a schedule of
///   its own, [`OneCycleLR::momentum`].
/// * optax: its one-cycle schedules have the peak at ⌊p T⌋ and the end at T: a [`PiecewiseLR`](crate::PiecewiseLR) with
///   these knots.
#[derive(Clone, Debug)]
pub struct OneCycleLR {
    total_steps: u64,
    pct_start: f64,
    anneal_strategy: Anneal,
    div_factor: f64,
    final_div_factor: f64,
    three_phase: bool,
}

impl OneCycleLR {
    /// By default a cosine up in the first 30 % of `total_steps` ≥ 1 steps, and one down in the rest.
    pub fn new(total_steps: u64) -> OneCycleLR {
        OneCycleLR {
            total_steps,
            pct_start: 0.3,
            anneal_strategy: Anneal::Cosine,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }

    /// p in [0, 1]: the part of the steps on the way up. Default 0.3.
    #[must_use]
    pub fn pct_start(mut self, pct_start: f64) -> OneCycleLR {
        self.pct_start = pct_start;
        self
    }

    /// The ways. Default [`Anneal::Cosine`].
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{Anneal, OneCycleLR, Schedule};
    /// let schedule = OneCycleLR::new(10).pct_start(0.5).div_factor(5.0).anneal_strategy(Anneal::Linear);
    /// assert!((schedule.rate(1.0, 2) - 0.6).abs() < 1e-15);              // half the way from 0.2
    /// ```
    #[must_use]
    pub fn anneal_strategy(mut self, anneal_strategy: Anneal) -> OneCycleLR {
        self.anneal_strategy = anneal_strategy;
        self
    }

    /// D > 0: the highest rate is so many times the first. Default 25.
    #[must_use]
    pub fn div_factor(mut self, div_factor: f64) -> OneCycleLR {
        self.div_factor = div_factor;
        self
    }

    /// F > 0: the first rate is so many times the last. Default 10⁴.
    #[must_use]
    pub fn final_div_factor(mut self, final_div_factor: f64) -> OneCycleLR {
        self.final_div_factor = final_div_factor;
        self
    }

    /// Whether the rate falls to where it began as fast as it rose, and only then to its end. Default false.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::{OneCycleLR, Schedule};
    /// let schedule = OneCycleLR::new(10).pct_start(0.4).div_factor(4.0).three_phase(true);
    /// assert_eq!([0, 3, 6].map(|k| schedule.rate(1.0, k)), [0.25, 1.0, 0.25]);
    /// ```
    #[must_use]
    pub fn three_phase(mut self, three_phase: bool) -> OneCycleLR {
        self.three_phase = three_phase;
        self
    }

    /// The schedule of the momentum (or of `betas[0]`) beside this one: from `max_momentum` down to `base_momentum`
    /// while the rate rises, and back while it falls.
    pub fn momentum(&self, base_momentum: f64, max_momentum: f64) -> OneCycleMomentum {
        OneCycleMomentum::new(self.clone(), base_momentum, max_momentum)
    }

    /// The way through `first`, `peak` (and `first` again) and `last`.
    pub(super) fn turn(&self, [first, peak, last]: [f64; 3], step: u64) -> f64 {
        // One step after the last has its rate, too.
        let at = step.min(self.total_steps.saturating_sub(1)) as f64;
        let total = self.total_steps as f64;
        let (top, end) = (self.pct_start * total - 1.0, total - 1.0);
        let joints = [(0.0, first), (top, peak), (2.0 * top, first), (end, last)];
        let next = match self.three_phase {
            _ if at <= top => 1,
            true if at <= 2.0 * top => 2,
            _ => 3,
        };
        let before = if next == 3 && !self.three_phase { 1 } else { next - 1 };
        let ((from, a), (to, b)) = (joints[before], joints[next]);
        // A way of no length is at its end.
        let way = if to > from { (at - from) / (to - from) } else { 1.0 };
        self.anneal_strategy.between(a, b, way)
    }
}

impl Schedule for OneCycleLR {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let first = base / self.div_factor;
        self.turn([first, base, first / self.final_div_factor], step)
    }

    fn check(&self) -> Result<()> {
        let positive = Range::new(|x| x > 0.0 && x.is_finite(), "positive and finite");
        at_least_1("OneCycleLR", "total_steps", self.total_steps)?;
        Range::FRACTION.check("OneCycleLR", "pct_start", self.pct_start)?;
        positive.check("OneCycleLR", "div_factor", self.div_factor)?;
        positive.check("OneCycleLR", "final_div_factor", self.final_div_factor)
    }

    fn check_steps(&self, steps: u64) -> Result<()> {
        enough("OneCycleLR", self.total_steps, steps)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
schedule_cases![
    values(
        OneCycleLR::new(10).pct_start(0.4).div_factor(4.0).final_div_factor(2.0),
        1.0,
        &[(0, 0.25), (1, 0.4375), (2, 0.8125), (3, 1.0), (5, 0.78125), (6, 0.5625), (9, 0.125), (99, 0.125)]
    )
    .scales()
    .lasts(10, "OneCycleLR: it has rates for 10 steps, there are 11"),
    values(
        OneCycleLR::new(10).pct_start(0.5).anneal_strategy(Anneal::Linear).div_factor(5.0).final_div_factor(1.0),
        1.0,
        &[(0, 0.2), (2, 0.6), (4, 1.0), (9, 0.2)]
    )
    .smooth(20, 0.2000001),
    values(
        OneCycleLR::new(10).pct_start(0.4).anneal_strategy(Anneal::Linear).div_factor(4.0).three_phase(true),
        1.0,
        &[(0, 0.25), (1, 0.5), (3, 1.0), (5, 0.5), (6, 0.25), (9, 0.000025)]
    )
    .smooth(20, 0.2500001),
    values(OneCycleLR::new(10).three_phase(true).pct_start(0.9), 1.0, &[(8, 1.0)]),
    values(OneCycleLR::new(100), 0.5, &[(0, 0.02), (29, 0.5), (99, 0.000002)]).smooth(200, 0.06).scales(),
    // Ends of the range: no way up, no way down, a single step.
    values(OneCycleLR::new(10).pct_start(0.0), 1.0, &[(9, 0.000004)]).falls(20),
    values(OneCycleLR::new(10).pct_start(0.1), 1.0, &[(0, 1.0), (9, 0.000004)]).falls(20),
    values(OneCycleLR::new(10).pct_start(1.0), 1.0, &[(0, 0.04), (9, 1.0)]),
    values(OneCycleLR::new(1), 1.0, &[(0, 0.000004), (1, 0.000004)]),
    values(OneCycleLR::new(u64::MAX), 1.0, &[(0, 0.04), (u64::MAX, 0.000004)]),
    refused(OneCycleLR::new(0), "OneCycleLR: total_steps is 0, it must be at least 1"),
    refused(OneCycleLR::new(9).pct_start(1.5), "OneCycleLR: pct_start is 1.5, it must be in [0, 1]"),
    refused(OneCycleLR::new(9).pct_start(f64::NAN), "OneCycleLR: pct_start is NaN, it must be in [0, 1]"),
    refused(OneCycleLR::new(9).div_factor(0.0), "OneCycleLR: div_factor is 0.0, it must be positive and finite"),
    refused(
        OneCycleLR::new(9).final_div_factor(-1.0),
        "OneCycleLR: final_div_factor is -1.0, it must be positive and finite"
    ),
];
