//! One step of a driver.

use super::bind::Made;
use super::parameters::AllSlots;
use super::{Driver, Hyper};
use crate::evaluation::evaluating;
use crate::optimizer::StepReport;
use crate::range::Range;
use crate::rule::{Parameters, Rule};
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::{Error, ErrorKind, Gradients, Result};

impl<R: Rule> Driver<R> {
    /// What a step refuses; otherwise what it begins with.
    pub(super) fn fit(&mut self, model: &dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<Vec<Made>> {
        if R::NEEDS_LOSS && loss.is_none() {
            let text = "a step needs the value of the loss: call step_with_loss or step_with instead of step";
            return Err(Error::new(ErrorKind::Argument, format!("{}: {text}", R::NAME)));
        }
        Range::AT_LEAST_0.check(R::NAME, "lr", self.hyper.lr)?;
        if self.swapped.is_some() {
            return Err(evaluating(R::NAME));
        }
        self.prepare(model, grads)
    }

    /// A step along the gradients of a loss, whose value may be known.
    pub(super) fn step_along(
        &mut self,
        model: &mut dyn Module,
        grads: &Gradients,
        loss: Option<f64>,
    ) -> Result<StepReport> {
        let made = self.fit(model, grads, loss)?;
        self.commit(made);
        let Driver { hyper: Hyper { lr, rule, maximize, .. }, slots, shared, .. } = self;
        let loss = loss.map(|loss| if *maximize { -loss } else { loss });
        rule.begin(&mut Parameters::new(&mut AllSlots { model, grads, slots, lr: *lr, loss, shared }))?;
        let mut slots = slots.iter_mut();
        let mut report = StepReport::default();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            let ItemMut::Param(param) = item else { return };
            let Some(slot) = slots.next() else { return };
            if outcome.is_err() || !param.is_trainable() {
                return;
            }
            match slot.id.and_then(|id| grads.get_near(id, &mut slot.place)) {
                None => report.missing.push(slot.name.clone()),
                Some(gradient) => {
                    let mut value = param.value_mut();
                    let (rule, turn) = slot.turn(&mut value, gradient, *lr, shared);
                    outcome = rule.step(turn);
                    slot.t += u64::from(outcome.is_ok());
                    slot.begins &= outcome.is_err();
                    report.updated += 1;
                }
            }
        });
        outcome.map(|()| report)
    }
}
