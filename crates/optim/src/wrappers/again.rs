//! The evaluations of a step after its first.

use super::wrap::{Seen, Wrap};
use crate::optimizer::Objective;
use autograd_core::module::Module;
use autograd_core::{Error, ErrorKind, Gradients, Result};

/// An objective whose first evaluation has been seen. Later ones are points that an optimizer tries, or ends the step
/// at if it follows them all.
pub(super) struct Again<'a, W> {
    pub(super) first: Option<(f64, Gradients)>,
    pub(super) wrap: &'a W,
    /// The number of the step.
    pub(super) t: u64,
    pub(super) objective: &'a mut dyn Objective,
    pub(super) follows: bool,
    /// The names of gradients that have ended the step.
    pub(super) skipped: Option<Vec<String>>,
}

impl<W: Wrap> Objective for Again<'_, W> {
    fn model(&mut self) -> &mut dyn Module {
        self.objective.model()
    }
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let (loss, grads) = self.objective.evaluate()?;
        let seen = match self.wrap.see(self.t, self.objective.model(), &grads) {
            // A point that is only tried is no step: what tries it sees what is wrong with it.
            Err(error) if !self.follows && error.kind() == ErrorKind::NotFinite => Seen::Pass,
            seen => seen?,
        };
        match seen {
            Seen::Changed(grads) => Ok((loss, grads)),
            Seen::Skip(names) if self.follows => {
                self.skipped = Some(names);
                // The optimizer inside puts back what it has changed.
                Err(Error::new(ErrorKind::NotFinite, format!("{}: the step is left out", W::NAME)))
            }
            Seen::Pass | Seen::Skip(_) => Ok((loss, grads)),
        }
    }
}
