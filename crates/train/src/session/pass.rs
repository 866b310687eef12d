//! One pass over a set: learning from it, or being tried on it.

use super::Session;
use crate::callbacks::Run;
use crate::error::{Error, Part, Result};
use crate::history::Metrics;
use crate::metrics::mean_loss::number;
use crate::metrics::{Mean, Metric, Tally};
use crate::trainer::Every;
use autograd_core::{Tensor, no_grad};
use wengert_optim::clip_grad_norm;

/// What is measured in a pass: the loss of the batches, weighted with their numbers of samples, and the metrics.
struct Measured<'m> {
    loss: Mean,
    tallies: Vec<(&'m str, Box<dyn Tally + 'm>)>,
}

impl<'m> Measured<'m> {
    fn start(metrics: &'m [Box<dyn Metric + '_>]) -> Measured<'m> {
        let tallies = metrics.iter().map(|metric| (metric.name(), metric.start())).collect();
        Measured { loss: Mean::default(), tallies }
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
        let mut measured = Measured::start(self.metrics);
        for (i, batch) in self.train.epoch(self.run.epoch - 1)?.enumerate() {
            self.run.batch = i + 1;
            self.call(|callback, run| callback.on_train_batch_begin(run))?;
            let learned = batch.map_err(Error::from).and_then(|(x, y)| {
                let output = self.step(&x, &y)?;
                measured.update(self.run.loss, &output, &y)
            });
            learned.map_err(|e| e.in_batch(self.run.epoch, Part::Train, i + 1))?;
            self.call(|callback, run| callback.on_train_batch_end(run))?;
        }
        Ok(measured.values())
    }

    /// Learns from one batch; returns the output.
    fn step(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let Run { epoch, batch, .. } = self.run;
        let output = self.run.model.forward(x)?;
        let loss = self.loss.loss(&output, y)?;
        let value = number(&loss)?;
        if !value.is_finite() {
            return Err(Error::LossNotFinite { epoch, batch, value });
        }
        let mut grads = loss.backward()?;
        if let Some(max_norm) = self.clip_norm {
            let norm = clip_grad_norm(&mut grads, max_norm)?;
            if !norm.is_finite() {
                return Err(Error::GradientNotFinite { epoch, batch, norm });
            }
        }
        if let Some((schedule, Every::Step)) = self.schedule {
            self.run.optimizer.set_lr(schedule.rate(self.base_lr, self.run.step));
        }
        let report = self.run.optimizer.step(&mut *self.run.model, &grads)?;
        if report.updated == 0 {
            return Err(Error::NoGradient { parameters: report.missing });
        }
        self.stepped = true;
        match &mut self.missing {
            Some(missing) => missing.retain(|name| report.missing.contains(name)),
            None => self.missing = Some(report.missing),
        }
        self.run.step += 1;
        self.run.loss = value;
        Ok(output.detach())
    }

    /// The model on the validation set. A loss that is NaN here ends nothing: it is in the history.
    pub(super) fn validate(&mut self) -> Result<Metrics> {
        self.run.model.eval();
        let mut measured = Measured::start(self.metrics);
        for (i, batch) in self.valid.epoch(0)?.enumerate() {
            let tried = batch.map_err(Error::from).and_then(|(x, y)| {
                let (output, loss) = no_grad(|| {
                    let output = self.run.model.forward(&x)?;
                    let loss = number(&self.loss.loss(&output, &y)?)?;
                    Ok::<_, Error>((output, loss))
                })?;
                measured.update(loss, &output, &y)
            });
            tried.map_err(|e| e.in_batch(self.run.epoch, Part::Valid, i + 1))?;
        }
        Ok(measured.values())
    }
}
