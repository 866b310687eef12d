//! The common part of optimizers around optimizers: hyperparameters, state, weights to evaluate at.

use super::again::Again;
use super::kept::Kept;
use super::own;
use crate::driver::whole;
use crate::evaluation::{Swapped, evaluating};
use crate::forward::step_along;
use crate::optimizer::{Objective, Optimizer, StepReport};
use crate::rule::See;
use autograd_core::module::{Module, Param, StateDict, StateMismatch, StateProblem};
use autograd_core::{Description, Error, ErrorKind, Gradients, Result, Tensor};
use std::fmt::Debug;

const LR: &str = "lr";
pub(super) const STEP: &str = "step";
const INNER: &str = "inner.";

/// What is to be done with the gradients of a step.
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

    /// Looks at the gradients before a step.
    fn see(&self, model: &dyn Module, grads: &Gradients) -> Result<Seen> {
        let _ = (model, grads);
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

    /// Changes the tensor of a parameter, which has joined after step number `since`, after step number t; the value that the
    /// parameter is to have, if it is another.
    fn after(&self, t: u64, since: u64, parameter: &Param, kept: &mut Option<Tensor>) -> Result<Option<Tensor>> {
        let _ = (t, since, parameter, kept);
        Ok(None)
    }

    /// One step of the optimizer inside; none if the gradients are to be skipped.
    fn step_on<O: Optimizer>(&self, inner: &mut O, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        let mut first = objective.evaluate()?;
        let loss = first.0;
        match self.see(objective.model(), &first.1)? {
            Seen::Pass => {}
            Seen::Changed(grads) => first.1 = grads,
            Seen::Skip(not_finite) => return Ok((first.0, StepReport { not_finite, ..StepReport::default() })),
        }
        let follows = inner.follows_all();
        let mut again = Again { first: Some(first), wrap: self, objective, follows, skipped: None };
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

/// An optimizer and what is done around its steps.
#[derive(Clone, Debug)]
pub(super) struct Wrapped<O, W> {
    inner: O,
    wrap: W,
    /// What it counts.
    t: u64,
    kept: Kept,
    swapped: Option<Swapped>,
}

impl<O: Optimizer, W: Wrap> Wrapped<O, W> {
    pub(super) fn new(inner: O, wrap: W) -> Self {
        Wrapped { inner, wrap, t: 0, kept: Kept::default(), swapped: None }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut W)) -> Self {
        change(&mut self.wrap);
        self
    }

    pub(super) fn inner(&self) -> &O {
        &self.inner
    }

    pub(super) fn count(&self) -> u64 {
        self.t
    }

    fn check_own(&self) -> Result<()> {
        own::check(W::NAME, &mut |see| self.wrap.clone().hyperparameters(see))?;
        self.wrap.check()
    }

    /// Everything that can be refused, before the optimizer inside changes anything.
    fn prepare(&mut self, model: &dyn Module) -> Result<()> {
        self.check_own()?;
        if self.swapped.is_some() {
            return Err(evaluating(W::NAME));
        }
        if W::KEEPS.is_none() {
            return Ok(());
        }
        if self.t == 0 {
            // What a first step that failed has left is of other weights.
            self.kept = Kept::default();
        }
        let Wrapped { wrap, t, kept, .. } = self;
        kept.bind(W::NAME, wrap.since(*t), model, |param| wrap.start(param))
    }

    fn step_along(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        if W::NEEDS_OBJECTIVE {
            return self.ready(model, grads, loss).map(|()| StepReport::default());
        }
        self.prepare(model)?;
        let report = match self.wrap.see(model, grads)? {
            Seen::Pass => step_along(&mut self.inner, model, grads, loss),
            Seen::Changed(grads) => step_along(&mut self.inner, model, &grads, loss),
            Seen::Skip(not_finite) => Ok(StepReport { not_finite, ..StepReport::default() }),
        }?;
        self.after(model, &report).map(|()| report)
    }

    fn after(&mut self, model: &mut dyn Module, report: &StepReport) -> Result<()> {
        if W::KEEPS.is_some() && report.updated == 0 && !report.not_finite.is_empty() {
            // A step that was left out inside is none.
            return Ok(());
        }
        self.t += u64::from(W::KEEPS.is_some() || !report.not_finite.is_empty());
        let Wrapped { wrap, t, kept, .. } = self;
        if W::KEEPS.is_none() || !wrap.acts(*t) {
            return Ok(());
        }
        kept.each(model, |param, since, kept| match wrap.after(*t, since, param, kept)? {
            // What is frozen stays where it is.
            Some(value) if param.is_trainable() => param.set(value),
            _ => Ok(()),
        })
    }
}

impl<O: Optimizer, W: Wrap> Optimizer for Wrapped<O, W> {
    fn ready(&mut self, model: &dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<()> {
        if W::NEEDS_OBJECTIVE {
            let text = "a step evaluates the loss twice: step_with takes it as a function";
            return Err(Error::new(ErrorKind::Argument, format!("{}: {text}", W::NAME)));
        }
        self.prepare(model)?;
        self.wrap.see(model, grads)?;
        self.inner.ready(model, grads, loss)
    }

    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        self.step_along(model, grads, None)
    }

    fn step_with_loss(&mut self, model: &mut dyn Module, grads: &Gradients, loss: f64) -> Result<StepReport> {
        self.step_along(model, grads, Some(loss))
    }

    fn step_on(&mut self, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        self.prepare(objective.model())?;
        let (loss, report) = self.wrap.step_on(&mut self.inner, objective)?;
        self.after(objective.model(), &report).map(|()| (loss, report))
    }

    fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        match self.wrap.see_estimate(model, grads)? {
            Seen::Pass => self.inner.update_hessian(model, grads, batch_size),
            Seen::Changed(grads) => self.inner.update_hessian(model, &grads, batch_size),
            Seen::Skip(_) => Ok(()),
        }
    }

    fn ready_for_hessian(&mut self, model: &dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        match self.wrap.see_estimate(model, grads)? {
            Seen::Pass => self.inner.ready_for_hessian(model, grads, batch_size),
            Seen::Changed(grads) => self.inner.ready_for_hessian(model, &grads, batch_size),
            Seen::Skip(_) => Ok(()),
        }
    }

    fn estimates_hessian(&self) -> bool {
        self.inner.estimates_hessian()
    }

    fn eval(&mut self, model: &mut dyn Module) -> Result<()> {
        if !W::EVALUATES {
            return self.inner.eval(model);
        }
        if self.swapped.is_none() {
            let kept = |name: &str| self.kept.get(name).filter(|_| self.t > 0);
            let of = |name: &str, param: &Param| Ok(kept(name).map_or_else(|| param.detach(), Tensor::detach));
            self.swapped = Some(Swapped::put(W::NAME, model, of)?);
        }
        Ok(())
    }

    fn train(&mut self, model: &mut dyn Module) -> Result<()> {
        if !W::EVALUATES {
            return self.inner.train(model);
        }
        self.swapped.take().map_or(Ok(()), |swapped| swapped.take_back(model))
    }

    fn follows_all(&self) -> bool {
        W::NEEDS_OBJECTIVE || self.inner.follows_all()
    }

    fn evaluates_once(&self) -> bool {
        !W::NEEDS_OBJECTIVE && self.inner.evaluates_once()
    }

    fn upwards(&self) -> Option<String> {
        self.inner.upwards()
    }

    fn check(&self) -> Result<()> {
        self.check_own()?;
        self.wrap.around(&self.inner)?;
        self.inner.check()
    }

    fn lr(&self) -> f64 {
        self.inner.lr()
    }

    fn set_lr(&mut self, lr: f64) {
        self.inner.set_lr(lr);
    }

    fn is_lr(&self, name: &str) -> bool {
        self.inner.is_lr(name)
    }

    fn waits(&self, name: &str) -> bool {
        self.inner.waits(name)
    }

    fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        own::hyperparameters(&mut |see| self.wrap.clone().hyperparameters(see), &self.inner)
    }

    fn get(&self, name: &str) -> Result<f64> {
        own::get(name, &mut |see| self.wrap.clone().hyperparameters(see), &self.inner)
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let Wrapped { wrap, inner, .. } = self;
        own::set(W::NAME, name, value, &mut |see| wrap.hyperparameters(see), inner)
    }

    fn describe(&self, parameters: &[String]) -> Description {
        own::describe(W::NAME, W::PREFIX, self.wrap.options(), &self.inner.describe(parameters))
    }

    fn state_dict(&self) -> StateDict {
        let mut own = StateDict::new();
        if let Some(count) = W::COUNTS {
            own.insert(count, Tensor::scalar(self.t as i64));
        }
        if let Some(what) = W::KEEPS.filter(|_| self.t > 0) {
            self.kept.save(what, &mut own);
        }
        if let Some(swapped) = &self.swapped {
            swapped.save(&mut own);
        }
        let inner = self.inner.state_dict();
        let lr = inner.iter().filter(|(key, _)| *key == LR).map(|(key, value)| (key.to_string(), value.clone()));
        let rest = inner.iter().filter(|(key, _)| *key != LR);
        let rest = rest.map(|(key, value)| (format!("{INNER}{key}"), value.clone()));
        let own = own.iter().map(|(key, value)| (format!("{}.{key}", W::PREFIX), value.clone()));
        lr.chain(own).chain(rest).collect()
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let (mut own, mut inner, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in state.iter() {
            let mine = key.strip_prefix(W::PREFIX).and_then(|rest| rest.strip_prefix('.'));
            match (key.strip_prefix(INNER), mine) {
                (Some(key), _) => inner.push((key.to_string(), value.clone())),
                (_, Some(key)) => own.push((key.to_string(), value.clone())),
                _ if key == LR => inner.insert(0, (key.to_string(), value.clone())),
                _ => problems.push(StateProblem::Unexpected(key.into())),
            }
        }
        let (swapped, mut own) = Swapped::split(&own.into_iter().collect())?;
        let key = |name: &str| format!("{}.{name}", W::PREFIX);
        let count = W::COUNTS.and_then(|count| Some((key(count), own.remove(count)?)));
        let t = count.map(|(key, count)| whole(W::NAME, &key, &count)).transpose()?;
        let load = |what| Kept::load(W::NAME, key, what, t.unwrap_or(u64::MAX), &mut own);
        let kept = W::KEEPS.map(load).transpose()?;
        problems.extend(own.iter().map(|(name, _)| StateProblem::Unexpected(key(name))));
        if let (Some(count), None) = (W::COUNTS, t) {
            problems.insert(0, StateProblem::Missing(key(count)));
        }
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        self.inner.load_state_dict(&inner.into_iter().collect())?;
        self.t = t.unwrap_or_default();
        self.kept = kept.unwrap_or_default();
        self.swapped = swapped;
        Ok(())
    }
}
