//! All parameters of a step, as a rule sees them at its beginning.

use super::bind::Slot;
use crate::rule::{Rule, Turn};
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::{Gradients, Result};

/// All parameters that have a gradient, for [`Rule::begin`].
pub struct Parameters<'a, R> {
    pub(super) model: &'a mut dyn Module,
    pub(super) grads: &'a Gradients,
    pub(super) slots: &'a mut [Slot<R>],
    pub(super) lr: f64,
    /// The optimizer's numbers, one for each of [`Rule::SHARED`].
    pub shared: &'a mut [f64],
}

impl<R: Rule> Parameters<'_, R> {
    /// The learning rate of the optimizer.
    pub fn lr(&self) -> f64 {
        self.lr
    }

    /// Calls `see` for each parameter, in the order of the model, with the rule of its group and the turn it will have.
    ///
    /// # Errors
    /// The first one of `see`.
    pub fn each(&mut self, mut see: impl FnMut(&R, Turn<'_>) -> Result<()>) -> Result<()> {
        let Parameters { model, grads, slots, lr, shared } = self;
        let mut slots = slots.iter_mut();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            let ItemMut::Param(param) = item else { return };
            let Some(slot) = slots.next() else { return };
            let gradient = slot.id.and_then(|id| grads.get_by_id(id));
            if let (Some(gradient), true, Ok(())) = (gradient, param.is_trainable(), &outcome) {
                let (rule, turn) = slot.turn(param.value_mut(), gradient, *lr, shared);
                outcome = see(rule, turn);
            }
        });
        outcome
    }
}

impl<R> std::fmt::Debug for Parameters<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parameters").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}
