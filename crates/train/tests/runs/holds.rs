//! Optimizers of tests that hold another one.

use autograd_core::module::Module;
use autograd_core::{Gradients, Result};
use std::sync::Mutex;
use wengert_optim::{Optimizer, StepReport};

/// The methods of an optimizer that are those of its field 0: all but its steps.
macro_rules! holds {
    () => {
        fn check(&self) -> autograd_core::Result<()> {
            self.0.check()
        }
        fn lr(&self) -> f64 {
            self.0.lr()
        }
        fn set_lr(&mut self, lr: f64) {
            self.0.set_lr(lr);
        }
        fn is_lr(&self, name: &str) -> bool {
            self.0.is_lr(name)
        }
        fn waits(&self, name: &str) -> bool {
            self.0.waits(name)
        }
        fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
            self.0.hyperparameters()
        }
        fn get(&self, name: &str) -> autograd_core::Result<f64> {
            self.0.get(name)
        }
        fn set(&mut self, name: &str, value: f64) -> autograd_core::Result<()> {
            self.0.set(name, value)
        }
        fn describe(&self, parameters: &[String]) -> autograd_core::Description {
            self.0.describe(parameters)
        }
        fn state_dict(&self) -> autograd_core::module::StateDict {
            self.0.state_dict()
        }
        fn load_state_dict(&mut self, state: &autograd_core::module::StateDict) -> autograd_core::Result<()> {
            self.0.load_state_dict(state)
        }
    };
}
pub(crate) use holds;

/// Writes the hyperparameters of these names down at every step.
pub struct Watched<'s, O>(pub O, pub &'s [&'s str], pub &'s Mutex<Vec<Vec<f64>>>);

impl<O: Optimizer> Optimizer for Watched<'_, O> {
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        let now = self.1.iter().map(|name| self.0.get(name)).collect::<Result<Vec<f64>>>()?;
        self.2.lock().expect("one thread").push(now);
        self.0.step(model, grads)
    }
    holds!();
}
