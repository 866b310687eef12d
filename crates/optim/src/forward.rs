//! Types that hold an optimizer.

use crate::optimizer::{Optimizer, StepReport};
use autograd_core::module::Module;
use autograd_core::{Gradients, Result};

/// A step along the gradients of a loss, whose value may be known.
pub(crate) fn step_along<O: Optimizer + ?Sized>(
    optimizer: &mut O,
    model: &mut dyn Module,
    grads: &Gradients,
    loss: Option<f64>,
) -> Result<StepReport> {
    match loss {
        Some(loss) => optimizer.step_with_loss(model, grads, loss),
        None => optimizer.step(model, grads),
    }
}

/// The methods of a type that holds an optimizer: each calls the optimizer's own.
macro_rules! forward_optimizer {
    ($self:ident => $inner:expr) => {
        fn step(
            &mut $self,
            model: &mut dyn autograd_core::module::Module,
            grads: &autograd_core::Gradients,
        ) -> autograd_core::Result<crate::StepReport> {
            $inner.step(model, grads)
        }
        fn step_with_loss(
            &mut $self,
            model: &mut dyn autograd_core::module::Module,
            grads: &autograd_core::Gradients,
            loss: f64,
        ) -> autograd_core::Result<crate::StepReport> {
            $inner.step_with_loss(model, grads, loss)
        }
        fn step_on(&mut $self, objective: &mut dyn crate::Objective) -> autograd_core::Result<(f64, crate::StepReport)> {
            $inner.step_on(objective)
        }
        fn ready(
            &mut $self,
            model: &dyn autograd_core::module::Module,
            grads: &autograd_core::Gradients,
            loss: Option<f64>,
        ) -> autograd_core::Result<()> {
            $inner.ready(model, grads, loss)
        }
        fn step_ready(
            &mut $self,
            model: &mut dyn autograd_core::module::Module,
            grads: &autograd_core::Gradients,
            loss: Option<f64>,
        ) -> autograd_core::Result<crate::StepReport> {
            $inner.step_ready(model, grads, loss)
        }
        fn sees_all(&$self) -> bool {
            $inner.sees_all()
        }
        fn follows_all(&$self) -> bool {
            $inner.follows_all()
        }
        fn tries_points(&$self) -> bool {
            $inner.tries_points()
        }
        fn evaluates_once(&$self) -> bool {
            $inner.evaluates_once()
        }
        fn upwards(&$self) -> Option<String> {
            $inner.upwards()
        }
        fn update_hessian(
            &mut $self,
            model: &mut dyn autograd_core::module::Module,
            grads: &autograd_core::Gradients,
            batch_size: usize,
        ) -> autograd_core::Result<()> {
            $inner.update_hessian(model, grads, batch_size)
        }
        fn ready_for_hessian(
            &mut $self,
            model: &dyn autograd_core::module::Module,
            grads: &autograd_core::Gradients,
            batch_size: usize,
        ) -> autograd_core::Result<()> {
            $inner.ready_for_hessian(model, grads, batch_size)
        }
        fn estimates_hessian(&$self) -> bool {
            $inner.estimates_hessian()
        }
        fn eval(&mut $self, model: &mut dyn autograd_core::module::Module) -> autograd_core::Result<()> {
            $inner.eval(model)
        }
        fn train(&mut $self, model: &mut dyn autograd_core::module::Module) -> autograd_core::Result<()> {
            $inner.train(model)
        }
        fn check(&$self) -> autograd_core::Result<()> {
            $inner.check()
        }
        fn lr(&$self) -> f64 {
            $inner.lr()
        }
        fn set_lr(&mut $self, lr: f64) {
            $inner.set_lr(lr);
        }
        fn is_lr(&$self, name: &str) -> bool {
            $inner.is_lr(name)
        }
        fn waits(&$self, name: &str) -> bool {
            $inner.waits(name)
        }
        fn hyperparameters(&$self) -> Vec<(&'static str, f64)> {
            $inner.hyperparameters()
        }
        fn get(&$self, name: &str) -> autograd_core::Result<f64> {
            $inner.get(name)
        }
        fn set(&mut $self, name: &str, value: f64) -> autograd_core::Result<()> {
            $inner.set(name, value)
        }
        fn describe(&$self, parameters: &[String]) -> autograd_core::Description {
            $inner.describe(parameters)
        }
        fn state_dict(&$self) -> autograd_core::module::StateDict {
            $inner.state_dict()
        }
        fn load_state_dict(&mut $self, state: &autograd_core::module::StateDict) -> autograd_core::Result<()> {
            $inner.load_state_dict(state)
        }
    };
}
pub(crate) use forward_optimizer;

impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    forward_optimizer!(self => (**self));
}

/// A borrowed optimizer is one, too: after a run it goes on where the run has ended.
impl<O: Optimizer + ?Sized> Optimizer for &mut O {
    forward_optimizer!(self => (**self));
}
