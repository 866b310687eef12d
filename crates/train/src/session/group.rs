//! Several batches as one.

use super::objective::{Descent, Terms, Weights};
use autograd_core::{Gradients, Result};
use wengert_nn::Layer;
use wengert_optim::GradientAccumulator;

/// The sum of what batches contribute to a step.
#[derive(Default)]
pub(super) struct Group {
    grads: GradientAccumulator,
    /// Σ weight · loss, and Σ weight, in units of the largest weight: of one batch they are exact.
    loss: (f64, f64),
    unit: f64,
    is_sum: bool,
}

impl Group {
    /// Adds a batch, unless nothing of it counts.
    pub(super) fn add(&mut self, descent: Option<Descent>) -> Result<()> {
        let Some(Descent { loss, grads, weight, is_sum }) = descent else { return Ok(()) };
        self.grads.add(grads, weight)?;
        let unit = self.unit.max(weight);
        let (before, weight) = (self.unit / unit, weight / unit);
        self.loss = (before * self.loss.0 + weight * loss, before * self.loss.1 + weight);
        self.unit = unit;
        self.is_sum |= is_sum;
        Ok(())
    }

    /// The loss and the gradients of all, as step number t takes them; none if nothing counts.
    pub(super) fn finish(
        &mut self,
        terms: Terms<'_, '_>,
        model: &dyn Layer,
        weights: Weights,
        t: u64,
    ) -> Result<Option<(f64, Gradients)>> {
        let mut all = std::mem::take(self);
        let (sum, weight) = all.loss;
        let descent = match (all.grads.len(), all.is_sum) {
            (0, _) => return Ok(None),
            (_, true) => (sum, all.grads.take_sum()?),
            (_, false) => (sum / weight, all.grads.take_mean()?),
        };
        terms.finished(model, descent, weights, t).map(Some)
    }
}
