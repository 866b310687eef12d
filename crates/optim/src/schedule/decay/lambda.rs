//! A factor that is a function of the step.

use crate::schedule::Schedule;
use autograd_core::Description;

/// Multiplies the base rate by a function of the step.
///
/// ```text
/// rate(k) = base · f(k)
/// ```
///
/// A closure of base and step is a schedule as it is: `|base: f64, k: u64| base / (k + 1) as f64`.
///
/// ```
/// use wengert_optim::schedule::{LambdaLR, Schedule};
/// let schedule = LambdaLR::new(|k| 1.0 / (k + 1) as f64);
/// assert_eq!([0, 1, 3].map(|k| schedule.rate(0.8, k)), [0.8, 0.4, 0.2]);
/// ```
///
/// Of the function a checkpoint knows the name of its type, and the rates that it makes.
#[derive(Clone, Debug)]
pub struct LambdaLR<F> {
    f: F,
}

impl<F: Fn(u64) -> f64 + Send + Sync> LambdaLR<F> {
    /// The factor `f(k)` at step k.
    pub fn new(f: F) -> LambdaLR<F> {
        LambdaLR { f }
    }
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for LambdaLR<F> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        base * (self.f)(step)
    }

    fn describe(&self) -> Description {
        Description::new("LambdaLR").option("f", format_args!("{}", std::any::type_name::<F>()))
    }
}

#[cfg(test)]
schedule_cases![
    values(LambdaLR::new(|k| 1.0 / (k as f64 + 1.0)), 0.8, &[(0, 0.8), (1, 0.4), (3, 0.2)]).falls(100).scales(),
];
