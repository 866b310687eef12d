//! All parameters of a step, as a rule sees them at its beginning.

use super::bind::Slot;
use crate::rule::{EachTurn, Rule};
use crate::turn::Turn;
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::{Gradients, Result};

/// A model, its gradients and the driver's slots.
pub(super) struct AllSlots<'a, R> {
    pub(super) model: &'a mut dyn Module,
    pub(super) grads: &'a Gradients,
    pub(super) slots: &'a mut [Slot<R>],
    pub(super) lr: f64,
    pub(super) shared: &'a mut [f64],
}

impl<R: Rule> EachTurn<R> for AllSlots<'_, R> {
    fn lr(&self) -> f64 {
        self.lr
    }

    fn shared(&mut self) -> &mut [f64] {
        self.shared
    }

    fn each(&mut self, see: &mut dyn FnMut(&R, Turn<'_>) -> Result<()>) -> Result<()> {
        let AllSlots { model, grads, slots, lr, shared } = self;
        let mut slots = slots.iter_mut();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            let ItemMut::Param(param) = item else { return };
            let Some(slot) = slots.next() else { return };
            let gradient = slot.id.and_then(|id| grads.get_by_id(id));
            if let (Some(gradient), true, Ok(())) = (gradient, param.is_trainable(), &outcome) {
                let mut value = param.value_mut();
                let (rule, turn) = slot.turn(&mut value, gradient, *lr, shared);
                outcome = see(rule, turn);
            }
        });
        outcome
    }
}
