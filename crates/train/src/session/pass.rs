//! One pass over a set, for training or for validation.

use super::Session;
use super::before::Before;
use super::cause;
use super::group::Group;
use super::objective::{Batch, Evaluated, Weights};
use crate::history::Metrics;
use crate::metrics::{Mean, Metric, Tally};
use crate::number::number;
use crate::run::Run;
use crate::trainer::Every;
use autograd_core::{Error, ErrorKind, Gradients, Result, Tensor, no_grad, set_apart};
use wengert_nn::LossParts;

/// The measurements of a pass: the loss, numerators over denominators of all batches, and the metrics.
struct Measured<'m> {
    loss: Mean,
    tallies: Vec<(&'m str, Box<dyn Tally + 'm>)>,
}

impl<'m> Measured<'m> {
    fn start(metrics: &'m [Box<dyn Metric + '_>]) -> Result<Measured<'m>> {
        let tallies = metrics.iter().map(|metric| Ok((metric.name(), metric.start()?))).collect::<Result<_>>()?;
        Ok(Measured { loss: Mean::default(), tallies })
    }

    fn update(&mut self, loss: &LossParts, output: &Tensor, target: &Tensor) -> Result<()> {
        self.loss.add_parts(loss)?;
        no_grad(|| self.tallies.iter_mut().try_for_each(|(_, tally)| tally.update(output, target)))
    }

    fn values(self) -> Metrics {
        let loss = ("loss".to_string(), self.loss.value());
        std::iter::once(loss)
            .chain(self.tallies.iter().map(|(name, tally)| (name.to_string(), tally.value())))
            .collect()
    }
}

impl Session<'_, '_, '_> {
    /// One epoch of learning.
    pub(super) fn train_epoch(&mut self) -> Result<Metrics> {
        self.run.model.train();
        let mut measured = Measured::start(self.metrics)?;
        let (mut group, mut batches, mut started) = (Group::default(), Vec::new(), None);
        let epoch = self.train.epoch(self.run.epoch - 1)?.all();
        // The set may have another size than when the run began.
        let count = epoch.len();
        for (i, batch) in epoch.enumerate() {
            self.run.batch = i + 1;
            self.call(|callback, run| callback.on_train_batch_begin(run))?;
            let start = started.get_or_insert_with(|| Before::of(&*self.run.model));
            let is_last = (i + 1) % self.accumulate == 0 || i + 1 == count;
            let computed = batch.and_then(|(x, y)| {
                if self.steps.are_captured() {
                    set_apart(&mut *self.run.model)?;
                }
                let computed = self.steps.compute(self.terms, &*self.run.model, &x, &y)?;
                let cause = |output: &Tensor| {
                    cause::of((&*self.run.model, &*start), (&x, &y), output, |row| self.sample(i, row))
                };
                let Evaluated { output, loss, descent } = self.terms.evaluated(computed, Weights::Present, cause)?;
                self.run.loss = number("loss", &loss.value)?;
                group.add(descent)?;
                let finish =
                    |group: &mut Group| group.finish(self.terms, &*self.run.model, Weights::Present, self.run.step + 1);
                let descent = if is_last { finish(&mut group)? } else { None };
                Ok((output, loss, descent, x, y))
            });
            let (output, loss, descent, x, y) = computed.map_err(|e| self.in_batch("train", i, e))?;
            // Before the step: a metric that does not fit is found while nothing has changed.
            measured.update(&loss, &output, &y).map_err(|e| self.in_batch("train", i, e))?;
            batches.push((x, y));
            if let Some(first) = descent {
                // Now that the model works on the training set, and before anything has changed.
                if self.before.is_some() {
                    self.try_hessian(&batches, start)?;
                    self.try_validation()?;
                }
                self.step(&batches, first, start).map_err(|e| self.in_batch("train", i, e))?;
            }
            if is_last {
                batches.clear();
                started = None;
            }
            self.call(|callback, run| callback.on_train_batch_end(run))?;
        }
        if measured.loss.is_of_nothing() {
            let text = format!("epoch {}: nothing of the train set counts in the loss", self.run.epoch);
            return Err(Error::new(ErrorKind::Data, text));
        }
        // No loss follows the last step that would show it, and the weights are about to be kept.
        if let Some(spoilt) = cause::spoilt(&*self.run.model, &self.not_finite, &self.begun)? {
            let text = format!("epoch {}: after the last step {spoilt}", self.run.epoch);
            return Err(Error::new(ErrorKind::NotFinite, text));
        }
        Ok(measured.values())
    }

    /// One step of the optimizer, on batches that have been evaluated once.
    fn step(&mut self, batches: &[(Vec<Tensor>, Tensor)], first: (f64, Gradients), start: &Before) -> Result<()> {
        let number = self.run.step;
        self.rates.set(&mut self.run, Every::Step, number)?;
        self.last_lr = self.run.lr();
        let Run { model, optimizer, .. } = &mut self.run;
        let (terms, steps, model) = (self.terms, &mut self.steps, &mut **model);
        // Where a point is no trial, a loss that is no number would reach the weights.
        let weights = if optimizer.follows_all() { Weights::Present } else { Weights::Tried };
        let (first, t) = (Some(first), number + 1);
        let mut batch = Batch { terms, steps, model, batches, weights, t, first, start, evaluations: 0 };
        let (_, report) = optimizer.step_on(&mut batch)?;
        // An optimizer that has arrived changes nothing either.
        let none_has_a_gradient = || {
            let parameters = self.run.model.parameters();
            report.missing.len() == parameters.iter().filter(|parameter| parameter.is_trainable()).count()
        };
        if report.updated == 0 && none_has_a_gradient() {
            let text = format!("the loss depends on none of the trainable parameters {:?}", report.missing);
            return Err(Error::new(ErrorKind::Gradient, text));
        }
        self.before = None;
        let left_out = !report.not_finite.is_empty();
        self.run.step += 1;
        if left_out {
            // It says nothing of what has a gradient.
            return Ok(());
        }
        self.learned.note(&*self.run.model, &report.missing);
        self.update_hessian(batches, start).map_err(|e| e.context("update_hessian"))
    }

    /// The name of a sample of the training set, by its row in a batch.
    fn sample(&self, batch: usize, row: usize) -> String {
        let indices = self.train.indices(self.run.epoch - 1, batch).unwrap_or_default();
        match indices.get(row) {
            Some(index) => format!("sample {index} of the train set (counted from 0)"),
            None => format!("row {row} of the batch"),
        }
    }

    /// An error with its place in the run.
    fn in_batch(&self, part: &str, batch: usize, error: Error) -> Error {
        error.context(format_args!("epoch {}, {part} batch {}", self.run.epoch, batch + 1))
    }

    /// Tries the first batch of the validation set, and an estimate of statistics, before hours are spent on the first
    /// epoch. The model stays as it is.
    pub(super) fn try_validation(&mut self) -> Result<()> {
        let before = Before::of(&*self.run.model);
        let estimated = self.try_estimate().map_err(|e| e.context("update_batch_norm"));
        let tried = estimated.and_then(|()| self.validate_on(1));
        let tried = tried.map_err(|e| e.context("trial of validation before the first step"));
        before.restore(self.run.model, self.run.optimizer)?;
        tried.map(drop)
    }

    /// The model on the validation set; nothing without one, or in an epoch that has no validation. A NaN loss here
    /// does not end the run: the history has it.
    pub(super) fn validate(&mut self) -> Result<Metrics> {
        let run = &self.run;
        // A run that pauses has other epochs to come.
        let is_last = run.epoch >= run.plan.epochs || run.is_stopping() && !run.paused;
        let is_due = is_last || run.epoch.is_multiple_of(self.validate_every);
        self.validate_on(if is_due { usize::MAX } else { 0 })
    }

    /// The model on so many batches of the validation set.
    fn validate_on(&mut self, batches: usize) -> Result<Metrics> {
        self.run.model.eval();
        let Some(valid) = self.valid.as_ref().filter(|_| batches > 0) else { return Ok(Metrics::default()) };
        let mut measured = Measured::start(self.metrics)?;
        for (i, batch) in valid.epoch(0)?.all().take(batches).enumerate() {
            let tried = batch.and_then(|(x, y)| {
                let (output, loss) = no_grad(|| {
                    let output = self.run.model.forward_all(&x)?;
                    let loss = self.terms.loss.parts(&output, &y)?;
                    number("loss", &loss.value)?;
                    Ok::<_, Error>((output, loss))
                })?;
                measured.update(&loss, &output, &y)
            });
            tried.map_err(|e| self.in_batch("valid", i, e))?;
        }
        Ok(measured.values())
    }
}
