//! One pass over a set, for training or for validation.

use super::Session;
use super::before::Before;
use crate::history::Metrics;
use crate::metrics::{Mean, Metric, Tally, number};
use crate::trainer::Every;
use autograd_core::module::Module;
use autograd_core::{Error, ErrorKind, Gradients, Result, Tensor, no_grad};
use wengert_optim::clip_grad_norm;

/// The measurements of a pass: the loss of the batches, weighted with their numbers of samples, and the metrics.
struct Measured<'m> {
    loss: Mean,
    tallies: Vec<(&'m str, Box<dyn Tally + 'm>)>,
}

impl<'m> Measured<'m> {
    fn start(metrics: &'m [Box<dyn Metric + '_>]) -> Result<Measured<'m>> {
        let tallies = metrics.iter().map(|metric| Ok((metric.name(), metric.start()?))).collect::<Result<_>>()?;
        Ok(Measured { loss: Mean::default(), tallies })
    }

    fn update(&mut self, loss: f64, output: &Tensor, target: &Tensor) -> Result<()> {
        let samples = target.shape().first().copied().unwrap_or(1);
        self.loss.add(loss * samples as f64, samples);
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
        for (i, batch) in self.train.epoch(self.run.epoch - 1)?.enumerate() {
            self.run.batch = i + 1;
            self.call(|callback, run| callback.on_train_batch_begin(run))?;
            let learned = batch.and_then(|(x, y)| {
                let output = self.step(&x, &y)?;
                measured.update(self.run.loss, &output, &y)
            });
            learned.map_err(|e| self.in_batch("train", i, e))?;
            self.call(|callback, run| callback.on_train_batch_end(run))?;
        }
        Ok(measured.values())
    }

    /// Learns from one batch; returns the output.
    fn step(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let output = self.run.model.forward(x)?;
        let loss = self.loss.forward(&output, y)?;
        let value = number(&loss)?;
        if !value.is_finite() {
            return Err(Error::new(ErrorKind::NotFinite, format!("the loss is {value}")));
        }
        let mut grads = loss.backward()?;
        if let Some(max_norm) = self.clip_norm {
            grads = of_parameters(&*self.run.model, grads)?;
            let norm = clip_grad_norm(&mut grads, max_norm)?;
            if !norm.is_finite() {
                return Err(Error::new(ErrorKind::NotFinite, format!("the norm of the gradients is {norm}")));
            }
        }
        if let Some((schedule, Every::Step)) = self.schedule {
            self.run.optimizer.set_lr(schedule.rate(self.base_lr, self.run.step));
        }
        let report = self.run.optimizer.step(&mut *self.run.model, &grads)?;
        if report.updated == 0 {
            let text = format!("the loss depends on none of the trainable parameters {:?}", report.missing);
            return Err(Error::new(ErrorKind::Gradient, text));
        }
        self.before = None;
        match &mut self.missing {
            Some(missing) => missing.retain(|name| report.missing.contains(name)),
            None => self.missing = Some(report.missing),
        }
        self.run.step += 1;
        self.run.loss = value;
        Ok(output.detach())
    }

    /// An error with its place in the run.
    fn in_batch(&self, part: &str, batch: usize, error: Error) -> Error {
        error.context(format_args!("epoch {}, {part} batch {}", self.run.epoch, batch + 1))
    }

    /// The first batch of the validation set, before hours are spent on the first epoch. The model stays as it is.
    pub(super) fn try_validation(&mut self) -> Result<()> {
        let before = Before::of(&*self.run.model);
        let tried = self.validate_on(1).map_err(|e| e.context("trial before training"));
        before.restore(self.run.model, self.run.optimizer)?;
        tried.map(drop)
    }

    /// The model on the validation set; nothing without one. A NaN loss here does not end the run: the history has it.
    pub(super) fn validate(&mut self) -> Result<Metrics> {
        self.validate_on(usize::MAX)
    }

    /// The model on so many batches of the validation set.
    fn validate_on(&mut self, batches: usize) -> Result<Metrics> {
        self.run.model.eval();
        let Some(valid) = &self.valid else { return Ok(Metrics::default()) };
        let mut measured = Measured::start(self.metrics)?;
        for (i, batch) in valid.epoch(0)?.take(batches).enumerate() {
            let tried = batch.and_then(|(x, y)| {
                let (output, loss) = no_grad(|| {
                    let output = self.run.model.forward(&x)?;
                    let loss = number(&self.loss.forward(&output, &y)?)?;
                    Ok::<_, Error>((output, loss))
                })?;
                measured.update(loss, &output, &y)
            });
            tried.map_err(|e| self.in_batch("valid", i, e))?;
        }
        Ok(measured.values())
    }
}

/// The gradients of the model's parameters, without those of other leaves.
fn of_parameters(model: &dyn Module, mut grads: Gradients) -> Result<Gradients> {
    let mut own = Gradients::default();
    for parameter in model.parameters() {
        if let Some(gradient) = grads.take(parameter) {
            own.insert(parameter, gradient)?;
        }
    }
    Ok(own)
}
