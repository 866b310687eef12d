//! One schedule after another.

use super::Schedule;
use crate::error::Result;

/// What [`Schedule::then`] returns.
///
/// ```text
/// rate(k) = first(k)   for k < at,   else next(k − at)
/// ```
///
/// ```
/// use wengert_optim::schedule::{ConstantLR, Schedule, StepLR};
/// let schedule = ConstantLR::new(0.5, 4).then(StepLR::new(2, 0.5), 4);
/// assert_eq!([0, 3, 4, 5, 6].map(|k| schedule.rate(0.8, k)), [0.4, 0.4, 0.8, 0.8, 0.4]);
/// ```
#[derive(Clone, Debug)]
pub struct Then<A, B> {
    first: A,
    next: B,
    at: u64,
}

impl<A: Schedule, B: Schedule> Then<A, B> {
    pub(super) fn new(first: A, next: B, at: u64) -> Then<A, B> {
        Then { first, next, at }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn rate(&self, base_lr: f64, step: u64) -> f64 {
        match step.checked_sub(self.at) {
            None => self.first.rate(base_lr, step),
            Some(step) => self.next.rate(base_lr, step),
        }
    }

    fn check(&self) -> Result<()> {
        self.first.check()?;
        self.next.check()
    }
}
