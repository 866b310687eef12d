//! What every optimizer can do, whatever its formula.

use crate::error::Result;
use autograd_core::Gradients;
use autograd_core::module::{Module, StateDict};

/// Changes a model's parameters against their gradients.
///
/// Every [`Driver`](crate::Driver) is one; code that takes any optimizer takes `&mut dyn Optimizer`.
pub trait Optimizer: Send + Sync {
    /// Changes every trainable parameter that has a gradient, once.
    ///
    /// A trainable parameter without a gradient stays as it is, with its state and its step count, and is reported.
    /// Frozen parameters are passed over.
    ///
    /// # Errors
    /// If a hyperparameter is outside its range, a gradient or a loaded state does not fit its parameter, or a group is
    /// empty; then nothing is changed.
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport>;

    /// Whether every hyperparameter, also those of groups, is in its range. [`Optimizer::step`] asks this first.
    ///
    /// # Errors
    /// The first one that is not, with name, value and range.
    fn check(&self) -> Result<()>;

    /// The learning rate.
    fn lr(&self) -> f64;

    /// Changes the learning rate, as a schedule does between steps; groups keep their ratio to it.
    fn set_lr(&mut self, lr: f64);

    /// Everything that changes while training: the learning rate as `lr`, and for each parameter that was updated its
    /// step count and its state as `<parameter>.step`, `<parameter>.exp_avg` and so on, with PyTorch's names. The
    /// values are shared, not copied.
    fn state_dict(&self) -> StateDict;

    /// Replaces what [`Optimizer::state_dict`] tells; the run goes on bit for bit. Hyperparameters other than `lr` are
    /// those of `self`.
    ///
    /// # Errors
    /// If a key is missing or left over (one report of all), or the learning rate or a step count is not a number that
    /// it can be: then nothing is changed. Shapes are compared with the model by the next [`Optimizer::step`].
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()>;
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// How many parameters were changed.
    pub updated: usize,
    /// Names of trainable parameters that had no gradient and stayed as they are.
    pub missing: Vec<String>,
}

impl Optimizer for Box<dyn Optimizer> {
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        (**self).step(model, grads)
    }
    fn check(&self) -> Result<()> {
        (**self).check()
    }
    fn lr(&self) -> f64 {
        (**self).lr()
    }
    fn set_lr(&mut self, lr: f64) {
        (**self).set_lr(lr);
    }
    fn state_dict(&self) -> StateDict {
        (**self).state_dict()
    }
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        (**self).load_state_dict(state)
    }
}
