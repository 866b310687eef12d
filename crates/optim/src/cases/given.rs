//! Steps of what needs the value of the loss.

use super::rows::{Common, Flag};
use crate::optimizer::{Optimizer, StepReport};
use autograd_core::module::{Module, StateDict};
use autograd_core::{Description, Gradients, Result};

/// The optimizer with a loss for each step: 1.25 less the first element of the gradient of the first parameter, which
/// is 2.5 in the first step, then 1.25, 0 and others; 2.5 without that gradient. Along negated gradients to follow
/// upwards, it is negated.
pub(crate) fn given<O: Common>(inner: O) -> Given<O> {
    Given { inner, maximize: false }
}

pub(crate) struct Given<O> {
    inner: O,
    maximize: bool,
}

impl<O: Optimizer> Optimizer for Given<O> {
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        let sign = if self.maximize { -1.0 } else { 1.0 };
        let first = model.parameters().first().and_then(|param| grads.get(param)?.to_f64s().first().copied());
        let loss = sign * (1.25 - sign * first.unwrap_or(-1.25));
        self.inner.step_with_loss(model, grads, loss)
    }
    fn check(&self) -> Result<()> {
        self.inner.check()
    }
    fn lr(&self) -> f64 {
        self.inner.lr()
    }
    fn set_lr(&mut self, lr: f64) {
        self.inner.set_lr(lr);
    }
    fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        self.inner.hyperparameters()
    }
    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        self.inner.set(name, value)
    }
    fn describe(&self, parameters: &[String]) -> Description {
        self.inner.describe(parameters)
    }
    fn state_dict(&self) -> StateDict {
        self.inner.state_dict()
    }
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        self.inner.load_state_dict(state)
    }
}

impl<O: Common> Common for Given<O> {
    fn with_group(self, prefix: &'static str, factor: f64) -> Self {
        Given { inner: self.inner.with_group(prefix, factor), ..self }
    }
    fn with_maximize(self) -> Self {
        Given { inner: self.inner.with_maximize(), maximize: true }
    }
    fn with_proximal(self, l1: f64, l2: f64) -> Self {
        Given { inner: self.inner.with_proximal(l1, l2), ..self }
    }
    fn with_cautious(self, weight_decay: f64) -> Self {
        Given { inner: self.inner.with_cautious(weight_decay), ..self }
    }
    fn with_flag(self, flag: Flag) -> Self {
        let maximize = if let Flag::Maximize(on) = flag { on } else { self.maximize };
        Given { inner: self.inner.with_flag(flag), maximize }
    }
}
