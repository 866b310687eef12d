//! Schedules: pure functions of the step.
//!
//! A schedule says what the learning rate, or any other hyperparameter, is at step k = 0, 1, ..; it remembers nothing,
//! so there is nothing to save. Each file holds one schedule; a closure is one, too.
//!
//! # The base
//! A schedule says its rates from a base, which is the optimizer's own number: most of them are factors of it. Rates
//! that an option names (`eta_min`, `end_lr`, `max_lr`, `swa_lr`) are rates, not factors. Where another framework gives
//! the first or the highest rate to the schedule, [`Schedule::with_base`] does:
//! `ExponentialLR::new(0.9).with_base(0.1)`.
//!
//! # Whole recipes
//! Schedules are made of schedules: [`then`](Schedule::then) one after the other, [`warmup`](Schedule::warmup) and
//! [`delayed`](Schedule::delayed) before, [`scaled`](Schedule::scaled), [`clamp`](Schedule::clamp),
//! [`map`](Schedule::map), and several at once, [`Combined`].
//!
//! ```
//! use wengert_optim::schedule::{CosineAnnealingLR, LinearLR, Schedule};
//!
//! let warmup = LinearLR::new().start_factor(0.25).total_iters(3);
//! let schedule = warmup.then(CosineAnnealingLR::new(10), 3);
//! let rates: Vec<f64> = [0, 1, 2, 3, 8, 13].into_iter().map(|k| schedule.rate(0.4, k)).collect();
//! let expected = [0.1, 0.2, 0.3, 0.4, 0.2, 0.0];
//! assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-15));
//! ```

#[cfg(test)]
#[macro_use]
mod cases;

mod anneal;
mod combine;
mod cyclic;
mod decay;
#[cfg(feature = "plot")]
mod picture;
mod plateau;

pub use anneal::Anneal;
pub use combine::*;
pub use cyclic::*;
pub use decay::*;
pub use plateau::{Better, ReduceLROnPlateau, ThresholdMode};

use autograd_core::{Description, Error, ErrorKind, Result};

/// A learning rate, or another hyperparameter, as a function of the step.
///
/// # Examples
/// ```
/// use wengert_optim::Schedule;
///
/// /// lr / √(k + 1)
/// struct InverseRoot;
///
/// impl Schedule for InverseRoot {
///     fn rate(&self, base: f64, step: u64) -> f64 {
///         base / (step as f64 + 1.0).sqrt()
///     }
/// }
///
/// assert_eq!((InverseRoot.rate(0.1, 0), InverseRoot.rate(0.1, 3)), (0.1, 0.05));
/// let constant = |base: f64, _: u64| base;
/// assert_eq!(constant.then(InverseRoot, 10).rate(0.1, 13), 0.05);
/// ```
pub trait Schedule: Send + Sync {
    /// The number at step `step`, counted from 0, of an optimizer whose own is `base`.
    fn rate(&self, base: f64, step: u64) -> f64;

    /// Whether the arguments are in their ranges.
    ///
    /// # Errors
    /// The first one that is not, with name, value and range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether there are rates for a run of so many steps: for all that [`Schedule::check`] accepts, but for schedules
    /// that are made for a number of steps.
    ///
    /// # Errors
    /// If there are fewer: `OneCycleLR: it has rates for 5 steps, there are 6`.
    fn check_steps(&self, steps: u64) -> Result<()> {
        let _ = steps;
        Ok(())
    }

    /// Its kind and options: a run goes on from a checkpoint only with the same. The default is the name of the type; a
    /// schedule with options should describe them, too, for example by [`Description::from_debug`].
    fn describe(&self) -> Description {
        Description::of::<Self>()
    }

    /// This schedule before step `at`, then `next`, whose step 0 is step `at`.
    fn then<S: Schedule>(self, next: S, at: u64) -> Then<Self, S>
    where
        Self: Sized,
    {
        Then::new(self, next, at)
    }

    /// A warm-up of `steps` steps before this schedule, in a straight line from `start_factor` ≥ 0 times its first rate
    /// up to it.
    fn warmup(self, steps: u64, start_factor: f64) -> Warmup<Self>
    where
        Self: Sized,
    {
        Warmup::new(self, steps, start_factor)
    }

    /// This schedule `steps` steps later; until then, its first rate.
    fn delayed(self, steps: u64) -> Delayed<Self>
    where
        Self: Sized,
    {
        Delayed::new(self, steps)
    }

    /// This schedule times a factor ≥ 0.
    fn scaled(self, factor: f64) -> Scaled<Self>
    where
        Self: Sized,
    {
        Scaled::new(self, factor)
    }

    /// This schedule with a base ≥ 0 of its own, whatever the optimizer's is.
    fn with_base(self, base: f64) -> WithBase<Self>
    where
        Self: Sized,
    {
        WithBase::new(self, base)
    }

    /// This schedule, but no lower than `low` and no higher than `high`, which may be infinite.
    fn clamp(self, low: f64, high: f64) -> Clamp<Self>
    where
        Self: Sized,
    {
        Clamp::new(self, low, high)
    }

    /// A function of this schedule's rate.
    fn map<F: Fn(f64) -> f64 + Send + Sync>(self, f: F) -> Map<Self, F>
    where
        Self: Sized,
    {
        Map::new(self, f)
    }

    /// Draws the rates of the first `steps` ≥ 1 steps of an optimizer whose own is `base`, as SVG. With the feature
    /// `plot`.
    ///
    /// # Errors
    /// If [`Schedule::check`] or [`Schedule::check_steps`] fails, a rate is not finite, or the file is named as another
    /// format (`.png`) or cannot be written.
    #[cfg(feature = "plot")]
    fn plot(&self, base: f64, steps: u64, path: impl AsRef<std::path::Path>) -> Result<()>
    where
        Self: Sized,
    {
        picture::draw(self, base, steps, path.as_ref())
    }
}

/// Whether an argument that counts is at least 1.
fn at_least_1(op: &str, name: &str, value: u64) -> Result<()> {
    if value > 0 { Ok(()) } else { Err(Error::argument(op, name, value, "at least 1")) }
}

/// `base · factor`, of a factor that may have grown beyond all numbers: from 0 it leads nowhere.
fn times(base: f64, factor: f64) -> f64 {
    if base == 0.0 { 0.0 } else { base * factor }
}

/// What a word means in PyTorch.
fn named<T: Copy>(option: &str, word: &str, all: &[(&str, T)]) -> Result<T> {
    match all.iter().find(|(known, _)| *known == word) {
        Some((_, meaning)) => Ok(*meaning),
        None => {
            let known: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
            let text = format!("{option} is {word:?}, it must be {}", known.join(" or "));
            Err(Error::new(ErrorKind::Argument, text))
        }
    }
}

/// Whether a schedule that has rates for `own` steps has one for each of `steps`.
fn enough(op: &str, own: u64, steps: u64) -> Result<()> {
    if steps <= own {
        return Ok(());
    }
    let text = format!("{op}: it has rates for {own} steps, there are {steps}");
    Err(Error::new(ErrorKind::Argument, text))
}

/// `|base, step| ..` is a schedule.
impl<F: Fn(f64, u64) -> f64 + Send + Sync> Schedule for F {
    fn rate(&self, base: f64, step: u64) -> f64 {
        self(base, step)
    }
}

impl Schedule for Box<dyn Schedule> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        (**self).rate(base, step)
    }
    fn check(&self) -> Result<()> {
        (**self).check()
    }
    fn check_steps(&self, steps: u64) -> Result<()> {
        (**self).check_steps(steps)
    }
    fn describe(&self) -> Description {
        (**self).describe()
    }
}
