//! Schedules: pure functions of the step.
//!
//! A schedule says what the learning rate, or any other hyperparameter, is at step k = 0, 1, ..; it remembers nothing,
//! so there is nothing to save. Each file holds one schedule; a closure is one, too.
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

mod constant;
mod cosine;
mod linear;
mod multi_step;
mod step;
mod then;

pub use constant::ConstantLR;
pub use cosine::CosineAnnealingLR;
pub use linear::LinearLR;
pub use multi_step::MultiStepLR;
pub use step::StepLR;
pub use then::Then;

use autograd_core::{Description, Result};

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
    fn describe(&self) -> Description {
        (**self).describe()
    }
}
