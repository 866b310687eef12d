//! The reduction of a rate that brings no improvement any more.

#[cfg(test)]
mod tests;

use crate::driver::{single, wrong};
use crate::range::Range;
use crate::schedule::named;
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{DType, Description, Error, Result, Tensor};
use std::str::FromStr;

/// Multiplies the rate by a factor when a measurement has not improved for some time. It is no
/// [`Schedule`](crate::Schedule): it remembers what it has seen.
///
/// ```text
/// at each measurement x:
///   better:  best ← x, bad ← 0;   else bad ← bad + 1
///   while it cools down:  cool ← cool − 1, bad ← 0
///   bad > patience:  lr' = max(factor · lr, min_lr);  lr ← lr' if lr − lr' > eps;  cool ← cooldown, bad ← 0
///
/// better:  x < best · (1 − threshold)   Lower, Rel        x > best · (1 + threshold)   Higher, Rel
///          x < best − threshold         Lower, Abs        x > best + threshold         Higher, Abs
/// ```
///
/// `0 ≤ factor < 1` (0.1); `patience` is 10 and `cooldown` 0 by default; `threshold ≥ 0` (10⁻⁴,
/// [`ThresholdMode::Rel`]), `min_lr ≥ 0` (0), `eps ≥ 0` (10⁻⁸). Lower is better by default. NaN is never better. Before
/// the first measurement the best one is infinite. Against a negative one, `Rel` takes what is a little worse for
/// better, as PyTorch does; `Abs` does not.
///
/// In a run of `wengert-train` it is a callback of the same name.
///
/// ```
/// use wengert_optim::schedule::ReduceLROnPlateau;
/// let mut plateau = ReduceLROnPlateau::new().factor(0.5).patience(1);
/// plateau.check()?;
/// let mut lr = 0.8;
/// let rates = [3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0].map(|loss| {
///     lr = plateau.step(loss, lr);
///     lr
/// });
/// assert_eq!(rates, [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]);
/// assert_eq!(plateau.best(), 1.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # Differs from
/// * PyTorch: `mode` takes a [`Better`], and `threshold_mode` a [`ThresholdMode`]. `min_lr` is that of the optimizer's
///   rate, to which those of groups are ratios.
/// * Keras: there the `patience`-th bad epoch reduces the rate; here, as in PyTorch, the one after it.
#[derive(Clone, Debug)]
pub struct ReduceLROnPlateau {
    mode: Better,
    factor: f64,
    patience: u64,
    threshold: f64,
    threshold_mode: ThresholdMode,
    cooldown: u64,
    min_lr: f64,
    eps: f64,
    seen: Seen,
}

/// The direction in which a measurement improves.
///
/// # Examples
/// ```
/// use wengert_optim::schedule::{Better, ReduceLROnPlateau};
/// let mut plateau = ReduceLROnPlateau::new().mode(Better::Higher).patience(0);
/// assert_eq!([0.5, 0.9, 0.9].map(|accuracy| plateau.step(accuracy, 1.0)), [1.0, 1.0, 0.1]);
/// assert_eq!("max".parse(), Ok(Better::Higher));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Lower values are better, as for a loss.
    Lower,
    /// Higher values are better, as for an accuracy.
    Higher,
}

impl FromStr for Better {
    type Err = Error;

    /// PyTorch's words: `min` and `max`.
    fn from_str(word: &str) -> Result<Better> {
        named("mode", word, &[("min", Better::Lower), ("max", Better::Higher)])
    }
}

/// Whether the threshold of a [`ReduceLROnPlateau`] is a part of the best value or a difference from it.
///
/// # Examples
/// ```
/// use wengert_optim::schedule::{ReduceLROnPlateau, ThresholdMode};
/// let plateau = ReduceLROnPlateau::new().patience(0).threshold(0.5);
/// assert_eq!([8.0, 5.0].map(|loss| plateau.clone().threshold_mode(ThresholdMode::Abs).step(loss, 1.0)), [1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdMode {
    /// A part of the best value.
    Rel,
    /// A difference.
    Abs,
}

impl FromStr for ThresholdMode {
    type Err = Error;

    /// PyTorch's words: `rel` and `abs`.
    fn from_str(word: &str) -> Result<ThresholdMode> {
        named("threshold_mode", word, &[("rel", ThresholdMode::Rel), ("abs", ThresholdMode::Abs)])
    }
}

/// Everything that changes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    /// None before the first measurement.
    best: Option<f64>,
    num_bad_epochs: u64,
    cooldown_counter: u64,
    last_epoch: u64,
}

const NOTHING: Seen = Seen { best: None, num_bad_epochs: 0, cooldown_counter: 0, last_epoch: 0 };

impl ReduceLROnPlateau {
    /// By default a tenth of the rate, after 10 measurements in a row that are not lower, and one more.
    pub fn new() -> ReduceLROnPlateau {
        ReduceLROnPlateau {
            mode: Better::Lower,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
            seen: NOTHING,
        }
    }

    /// The direction. Default [`Better::Lower`].
    #[must_use]
    pub fn mode(mut self, mode: Better) -> ReduceLROnPlateau {
        self.mode = mode;
        self
    }

    /// The factor of a reduction, in [0, 1). Default 0.1.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> ReduceLROnPlateau {
        self.factor = factor;
        self
    }

    /// The number of bad measurements in a row that change nothing. Default 10.
    #[must_use]
    pub fn patience(mut self, patience: u64) -> ReduceLROnPlateau {
        self.patience = patience;
        self
    }

    /// A better value must differ from the best by more than this, at least 0. Default 10⁻⁴.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> ReduceLROnPlateau {
        self.threshold = threshold;
        self
    }

    /// The meaning of the threshold. Default [`ThresholdMode::Rel`].
    #[must_use]
    pub fn threshold_mode(mut self, threshold_mode: ThresholdMode) -> ReduceLROnPlateau {
        self.threshold_mode = threshold_mode;
        self
    }

    /// The number of measurements after a reduction that do not count as bad. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::ReduceLROnPlateau;
    /// let mut plateau = ReduceLROnPlateau::new().patience(0).cooldown(2);
    /// assert_eq!([1.0; 5].map(|loss| plateau.step(loss, 1.0)), [1.0, 0.1, 1.0, 1.0, 0.1]);
    /// ```
    #[must_use]
    pub fn cooldown(mut self, cooldown: u64) -> ReduceLROnPlateau {
        self.cooldown = cooldown;
        self
    }

    /// The lowest rate, at least 0. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::ReduceLROnPlateau;
    /// let mut plateau = ReduceLROnPlateau::new().patience(0).min_lr(0.3);
    /// assert_eq!([1.0; 2].map(|loss| plateau.step(loss, 1.0)), [1.0, 0.3]);
    /// ```
    #[must_use]
    pub fn min_lr(mut self, min_lr: f64) -> ReduceLROnPlateau {
        self.min_lr = min_lr;
        self
    }

    /// A reduction by no more than this, at least 0, is left out. Default 10⁻⁸.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::ReduceLROnPlateau;
    /// let mut plateau = ReduceLROnPlateau::new().patience(0).eps(0.1);
    /// assert_eq!([1.0; 2].map(|loss| plateau.step(loss, 0.1)), [0.1, 0.1]);
    /// ```
    #[must_use]
    pub fn eps(mut self, eps: f64) -> ReduceLROnPlateau {
        self.eps = eps;
        self
    }

    /// Whether the options are in their ranges.
    ///
    /// # Errors
    /// The first one that is not, with name, value and range.
    pub fn check(&self) -> Result<()> {
        const NAME: &str = "ReduceLROnPlateau";
        Range::DECAY.check(NAME, "factor", self.factor)?;
        Range::AT_LEAST_0.check(NAME, "threshold", self.threshold)?;
        Range::AT_LEAST_0.check(NAME, "min_lr", self.min_lr)?;
        Range::AT_LEAST_0.check(NAME, "eps", self.eps)
    }

    /// Its kind and options, without what it has seen.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::ReduceLROnPlateau;
    /// let description = ReduceLROnPlateau::new().patience(3).describe();
    /// assert!(description.options().any(|option| option == ("patience", "3")));
    /// ```
    pub fn describe(&self) -> Description {
        Description::new("ReduceLROnPlateau")
            .option("mode", self.mode)
            .option("factor", self.factor)
            .option("patience", self.patience)
            .option("threshold", self.threshold)
            .option("threshold_mode", self.threshold_mode)
            .option("cooldown", self.cooldown)
            .option("min_lr", self.min_lr)
            .option("eps", self.eps)
    }

    /// Takes a measurement, and returns the rate from here on, where it was `lr` until now.
    pub fn step(&mut self, value: f64, lr: f64) -> f64 {
        let better = self.is_better(value);
        let seen = &mut self.seen;
        seen.last_epoch += 1;
        seen.num_bad_epochs += 1;
        if better {
            (seen.best, seen.num_bad_epochs) = (Some(value), 0);
        }
        if seen.cooldown_counter > 0 {
            (seen.cooldown_counter, seen.num_bad_epochs) = (seen.cooldown_counter - 1, 0);
        }
        if seen.num_bad_epochs <= self.patience {
            return lr;
        }
        // A state has I64; what cools down longer never ends.
        (seen.cooldown_counter, seen.num_bad_epochs) = (self.cooldown.min(i64::MAX as u64), 0);
        let reduced = (lr * self.factor).max(self.min_lr);
        if lr - reduced > self.eps { reduced } else { lr }
    }

    /// The best measurement; infinite before there is one.
    pub fn best(&self) -> f64 {
        let none = if self.mode == Better::Lower { f64::INFINITY } else { f64::NEG_INFINITY };
        self.seen.best.unwrap_or(none)
    }

    fn is_better(&self, value: f64) -> bool {
        let (best, threshold) = (self.best(), self.threshold);
        match (self.mode, self.threshold_mode) {
            (Better::Lower, ThresholdMode::Rel) => value < best * (1.0 - threshold),
            (Better::Lower, ThresholdMode::Abs) => value < best - threshold,
            (Better::Higher, ThresholdMode::Rel) => value > best * (1.0 + threshold),
            (Better::Higher, ThresholdMode::Abs) => value > best + threshold,
        }
    }

    /// Everything that changes, with PyTorch's names.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::schedule::ReduceLROnPlateau;
    /// let mut plateau = ReduceLROnPlateau::new().patience(1);
    /// [1.0, 1.0].map(|loss| plateau.step(loss, 0.5));
    /// let mut other = ReduceLROnPlateau::new().patience(1);
    /// other.load_state_dict(&plateau.state_dict())?;
    /// assert_eq!(other.step(1.0, 0.5), 0.05);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn state_dict(&self) -> StateDict {
        let Seen { num_bad_epochs, cooldown_counter, last_epoch, .. } = self.seen;
        let mut state = StateDict::new();
        state.insert("higher_is_better", Tensor::scalar(self.mode == Better::Higher));
        state.insert("best", Tensor::scalar(self.best()));
        // 2⁶³ measurements are out of reach.
        for (name, count) in COUNTS.into_iter().zip([num_bad_epochs, cooldown_counter, last_epoch]) {
            state.insert(name, Tensor::scalar(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        state
    }

    /// Replaces what it has seen by what another has.
    ///
    /// # Errors
    /// If a key is missing or left over (one report of all), a number is not one that it can be, or the other's mode
    /// differs: then nothing is changed.
    pub fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        const NAME: &str = "ReduceLROnPlateau";
        let known = || ["higher_is_better", "best"].into_iter().chain(COUNTS);
        let missing = known().filter(|name| state.get(name).is_none());
        let mut problems: Vec<_> = missing.map(|name| StateProblem::Missing(name.into())).collect();
        let strangers = state.iter().filter(|(name, _)| !known().any(|known| known == *name));
        problems.extend(strangers.map(|(name, _)| StateProblem::Unexpected(name.into())));
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        let find = |name: &str| state.get(name).unwrap_or_else(|| unreachable!("no key is missing"));
        let higher = find("higher_is_better");
        if single(higher) != Some(f64::from(u8::from(self.mode == Better::Higher))) {
            return Err(wrong(NAME, "higher_is_better", higher, &format!("that of the mode {:?}", self.mode)));
        }
        let best = find("best");
        let Some(value) = single(best).filter(|value| best.dtype() == DType::F64 && !value.is_nan()) else {
            return Err(wrong(NAME, "best", best, "one F64, and not NaN"));
        };
        let mut counts = [0; 3];
        for (count, name) in counts.iter_mut().zip(COUNTS) {
            let number = find(name);
            let read = number.item::<i64>().ok().filter(|_| number.dtype() == DType::I64);
            let Some(read) = read.and_then(|read| u64::try_from(read).ok()) else {
                return Err(wrong(NAME, name, number, "one I64, at least 0"));
            };
            *count = read;
        }
        let [num_bad_epochs, cooldown_counter, last_epoch] = counts;
        self.seen = Seen { best: None, num_bad_epochs, cooldown_counter, last_epoch };
        self.seen.best = Some(value).filter(|value| *value != self.best());
        Ok(())
    }
}

impl Default for ReduceLROnPlateau {
    fn default() -> Self {
        ReduceLROnPlateau::new()
    }
}

const COUNTS: [&str; 3] = ["num_bad_epochs", "cooldown_counter", "last_epoch"];
