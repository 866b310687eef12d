//! The common part of optimizers around optimizers: hyperparameters, state, weights to evaluate at.

use super::kept::Kept;
use super::own;
use super::wrap::{STEP, Seen, Wrap};
use crate::driver::whole;
use crate::evaluation::{Swapped, evaluating};
use crate::forward::step_along;
use crate::optimizer::{Objective, Optimizer, StepReport};
use autograd_core::module::{Module, Param, StateDict, StateMismatch, StateProblem};
use autograd_core::{Description, Error, ErrorKind, Gradients, Result, Tensor};

const LR: &str = "lr";
const INNER: &str = "inner.";

/// An optimizer and what is done around its steps.
#[derive(Clone, Debug)]
pub(super) struct Wrapped<O, W> {
    inner: O,
    wrap: W,
    /// What it counts.
    t: u64,
    kept: Kept,
    swapped: Option<Swapped>,
    /// What was seen when a step was found to be ready, so the step does not look again. If another part refuses that
    /// step, changed gradients stay in memory until the next one is prepared.
    seen: Option<Seen>,
}

impl<O: Optimizer, W: Wrap> Wrapped<O, W> {
    pub(super) fn new(inner: O, wrap: W) -> Self {
        Wrapped { inner, wrap, t: 0, kept: Kept::default(), swapped: None, seen: None }
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

    /// An error while the model has its weights to evaluate at.
    fn check_weights(&self) -> Result<()> {
        if self.swapped.is_some() { Err(evaluating(W::NAME)) } else { Ok(()) }
    }

    /// Everything that can be refused, before the optimizer inside changes anything; what is kept from this step on, if
    /// that is of other parameters than before.
    fn prepare(&mut self, model: &dyn Module) -> Result<Option<Kept>> {
        self.seen = None;
        self.check_own()?;
        self.check_weights()?;
        if W::KEEPS.is_none() {
            return Ok(None);
        }
        let (wrap, t, nothing) = (&self.wrap, self.t, Kept::default());
        // What there may be before the first step is of other weights.
        let kept = if t == 0 { &nothing } else { &self.kept };
        kept.bound(W::NAME, wrap.since(t), model, |param| wrap.start(param))
    }

    /// One step; along the gradients that were seen before, if it was found to be ready.
    fn step_along(
        &mut self,
        model: &mut dyn Module,
        grads: &Gradients,
        loss: Option<f64>,
        ready: Option<Seen>,
    ) -> Result<StepReport> {
        if W::NEEDS_OBJECTIVE {
            return self.ready(model, grads, loss).map(|()| StepReport::default());
        }
        let bound = self.prepare(model)?;
        let is_ready = ready.is_some();
        let seen = ready.map_or_else(|| self.wrap.see(self.t + 1, model, grads), Ok)?;
        let mut step = |grads: &Gradients| match is_ready {
            true => self.inner.step_ready(model, grads, loss),
            false => step_along(&mut self.inner, model, grads, loss),
        };
        let report = match seen {
            Seen::Pass => step(grads),
            Seen::Changed(grads) => step(&grads),
            Seen::Skip(not_finite) => Ok(StepReport { not_finite, ..StepReport::default() }),
        }?;
        self.after(model, &report, bound).map(|()| report)
    }

    fn after(&mut self, model: &mut dyn Module, report: &StepReport, bound: Option<Kept>) -> Result<()> {
        let counts_steps = self.wrap.counts() == Some(STEP);
        if counts_steps && report.updated == 0 && !report.not_finite.is_empty() {
            // A step that was left out inside is none.
            return Ok(());
        }
        self.t += u64::from(counts_steps || !report.not_finite.is_empty());
        let Wrapped { wrap, t, kept, .. } = self;
        if let Some(bound) = bound {
            *kept = bound;
        }
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
        let seen = self.wrap.see(self.t + 1, model, grads)?;
        match &seen {
            Seen::Pass => self.inner.ready(model, grads, loss)?,
            Seen::Changed(changed) => self.inner.ready(model, changed, loss)?,
            // The optimizer inside makes no step that it could refuse.
            Seen::Skip(_) => {}
        }
        self.seen = Some(seen);
        Ok(())
    }

    fn step_ready(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        let seen = self.seen.take();
        self.step_along(model, grads, loss, seen)
    }

    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        self.step_along(model, grads, None, None)
    }

    fn step_with_loss(&mut self, model: &mut dyn Module, grads: &Gradients, loss: f64) -> Result<StepReport> {
        self.step_along(model, grads, Some(loss), None)
    }

    fn step_on(&mut self, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        let bound = self.prepare(objective.model())?;
        let (loss, report) = self.wrap.step_on(self.t + 1, &mut self.inner, objective)?;
        self.after(objective.model(), &report, bound).map(|()| (loss, report))
    }

    fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.check_weights()?;
        match self.wrap.see_estimate(model, grads)? {
            Seen::Pass => self.inner.update_hessian(model, grads, batch_size),
            Seen::Changed(grads) => self.inner.update_hessian(model, &grads, batch_size),
            Seen::Skip(_) => Ok(()),
        }
    }

    fn ready_for_hessian(&mut self, model: &dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.check_weights()?;
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

    fn tries_points(&self) -> bool {
        !W::NEEDS_OBJECTIVE && self.inner.tries_points()
    }

    fn sees_all(&self) -> bool {
        W::SEES_ALL || self.inner.sees_all()
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
        if let Some(count) = self.wrap.counts() {
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
        let counts = self.wrap.counts();
        let count = counts.and_then(|count| Some((key(count), own.remove(count)?)));
        let t = count.map(|(key, count)| whole(W::NAME, &key, &count)).transpose()?;
        let (begun, most) = (t.is_some_and(|t| t > 0), t.unwrap_or(u64::MAX));
        let load = |what| Kept::load(W::NAME, key, what, most, begun, &mut own, &mut problems);
        let kept = W::KEEPS.map(load).transpose()?;
        problems.extend(own.iter().map(|(name, _)| StateProblem::Unexpected(key(name))));
        if let (Some(count), None) = (counts, t) {
            problems.insert(0, StateProblem::Missing(key(count)));
        }
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        self.inner.load_state_dict(&inner.into_iter().collect())?;
        self.t = t.unwrap_or_default();
        self.kept = kept.unwrap_or_default();
        self.swapped = swapped;
        self.seen = None;
        Ok(())
    }
}
