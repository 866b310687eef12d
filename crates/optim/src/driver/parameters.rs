//! All parameters of a step, as a rule sees them at its beginning.

use super::Driver;
use super::bind::{Made, Slot};
use crate::evaluation::evaluating;
use crate::rule::{EachTurn, Rule};
use crate::turn::Turn;
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::{Error, ErrorKind, Gradients, Result};

/// A model, its gradients and the driver's slots.
pub(super) struct AllSlots<'a, R> {
    pub(super) model: &'a mut dyn Module,
    pub(super) grads: &'a Gradients,
    pub(super) slots: &'a mut [Slot<R>],
    pub(super) lr: f64,
    pub(super) loss: Option<f64>,
    pub(super) shared: &'a mut [f64],
}

impl<R: Rule> EachTurn<R> for AllSlots<'_, R> {
    fn lr(&self) -> f64 {
        self.lr
    }

    fn loss(&self) -> Option<f64> {
        self.loss
    }

    fn shared(&mut self) -> &mut [f64] {
        self.shared
    }

    fn each(&mut self, see: &mut dyn FnMut(&R, Turn<'_>) -> Result<()>) -> Result<()> {
        let AllSlots { model, grads, slots, lr, shared, .. } = self;
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

impl<R: Rule> Driver<R> {
    /// Whether [`Driver::revise`] can change state; what it begins with. State made before a parameter's first step
    /// would be forgotten, so that is an error.
    pub(super) fn revisable(&mut self, model: &dyn Module, grads: &Gradients) -> Result<Vec<Made>> {
        if self.swapped.is_some() {
            return Err(evaluating(R::NAME));
        }
        let made = self.prepare(model, grads)?;
        let new = |slot: &&Slot<R>| slot.t == 0 && slot.id.is_some_and(|id| grads.get_by_id(id).is_some());
        if let Some(slot) = self.slots.iter().find(new) {
            let text = format!("{}: the parameter {:?} has taken no step yet", R::NAME, slot.name);
            return Err(Error::new(ErrorKind::State, text));
        }
        Ok(made)
    }

    /// Calls `see` for each parameter that has a gradient, with the turn that its next step will have, to change its
    /// state between steps: no step is counted.
    pub(crate) fn revise(
        &mut self,
        model: &mut dyn Module,
        grads: &Gradients,
        mut see: impl FnMut(&R, Turn<'_>) -> Result<()>,
    ) -> Result<()> {
        let made = self.revisable(model, grads)?;
        self.commit(made);
        let Driver { hyper, slots, shared, .. } = self;
        AllSlots { model, grads, slots, lr: hyper.lr, loss: None, shared }.each(&mut see)
    }
}
