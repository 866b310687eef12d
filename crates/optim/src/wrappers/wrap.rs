//! The part that each wrapper has of its own.

use super::again::Again;
use super::own;
use crate::optimizer::{Objective, Optimizer, StepReport};
use crate::rule::See;
use autograd_core::module::{Module, Param};
use autograd_core::{Error, ErrorKind, Gradients, Result, Tensor};
use std::fmt::Debug;

pub(super) const STEP: &str = "step";

/// What is to be done with the gradients of a step.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Pass,
    Changed(Gradients),
    /// No step; the names of the parameters because of which.
    Skip(Vec<String>),
}

/// What a wrapper does around the steps of another optimizer. It has settings only: what changes while training are the
/// number of the step and a tensor for each parameter.
pub(super) trait Wrap: Clone + Debug + Send + Sync + 'static {
    /// Its name in errors.
    const NAME: &'static str;

    /// What stands before its keys in a state dict, and its options in a description.
    const PREFIX: &'static str;

    /// The name of the tensor that each parameter has; none if there is none.
    const KEEPS: Option<&'static str> = None;

    /// The name of the number that it counts: of its steps, if it keeps tensors, else of those it has skipped.
    const COUNTS: Option<&'static str> = None;

    /// Whether these tensors are the weights to evaluate at. Otherwise those of the optimizer inside are.
    const EVALUATES: bool = false;

    /// Whether a step needs the loss as a function.
    const NEEDS_OBJECTIVE: bool = false;

    /// Whether it looks at gradients of what is no parameter of the model.
    const SEES_ALL: bool = false;

    /// Shows every number, by a name that begins with the prefix.
    fn hyperparameters(&mut self, see: &mut See<'_>);

    /// Its options with their values, for the description.
    fn options(&self) -> Vec<(String, String)> {
        own::options(self)
    }

    /// Whether what is no number can be.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether it can be around this optimizer.
    fn around<O: Optimizer>(&self, _: &O) -> Result<()> {
        Ok(())
    }

    /// The name of what it counts; it may be that its settings decide.
    fn counts(&self) -> Option<&'static str> {
        Self::COUNTS
    }

    /// Looks at the gradients before step number t; that is right where steps are counted.
    fn see(&self, t: u64, model: &dyn Module, grads: &Gradients) -> Result<Seen> {
        let _ = (t, model, grads);
        Ok(Seen::Pass)
    }

    /// Looks at the gradients that an estimate of the Hessian is made from.
    fn see_estimate(&self, model: &dyn Module, grads: &Gradients) -> Result<Seen> {
        let _ = (model, grads);
        Ok(Seen::Pass)
    }

    /// The tensor of a parameter before the first step.
    fn start(&self, parameter: &Param) -> Option<Tensor> {
        let _ = parameter;
        None
    }

    /// The number of steps that a parameter has missed which joins after step number t; 0 if it has missed nothing.
    fn since(&self, t: u64) -> u64 {
        t
    }

    /// Whether something is to be done after step number t.
    fn acts(&self, t: u64) -> bool {
        let _ = t;
        true
    }

    /// Changes the tensor of a parameter, which has joined after step number `since`, after step number t; the value
    /// that the parameter is to have, if it is another.
    fn after(&self, t: u64, since: u64, parameter: &Param, kept: &mut Option<Tensor>) -> Result<Option<Tensor>> {
        let _ = (t, since, parameter, kept);
        Ok(None)
    }

    /// Step number t of the optimizer inside; none if the gradients are to be skipped.
    fn step_on<O: Optimizer>(&self, t: u64, inner: &mut O, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        let mut first = objective.evaluate()?;
        let loss = first.0;
        match self.see(t, objective.model(), &first.1)? {
            Seen::Pass => {}
            Seen::Changed(grads) => first.1 = grads,
            Seen::Skip(not_finite) => return Ok((first.0, StepReport { not_finite, ..StepReport::default() })),
        }
        let follows = !inner.tries_points();
        let mut again = Again { first: Some(first), wrap: self, t, objective, follows, skipped: None };
        let outcome = inner.step_on(&mut again);
        match (again.skipped, outcome) {
            (Some(not_finite), Err(_)) => Ok((loss, StepReport { not_finite, ..StepReport::default() })),
            (_, outcome) => outcome,
        }
    }
}

/// Errs if an optimizer follows a gradient upwards, in the name of the one around it, which looks for low losses.
pub(super) fn downwards(name: &str, inner: &impl Optimizer) -> Result<()> {
    let Some(upwards) = inner.upwards() else { return Ok(()) };
    let text = format!("{name}: {upwards} follows the gradient upwards; negate the loss instead");
    Err(Error::new(ErrorKind::Argument, text))
}
