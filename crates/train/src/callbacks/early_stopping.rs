//! The early end of a run that no longer improves.

use super::{Better, Callback, bad_option};
use crate::history::short::short;
use crate::run::{Best, Monitor, Plan, Run};
use autograd_core::module::StateDict;
use autograd_core::{Description, Error, ErrorKind, Result};

/// Ends the run when a metric has not improved for some epochs, and puts back the weights of the best epoch.
///
/// An epoch is better if its value is below the best one so far by more than `min_delta` (above it, for metrics where
/// higher is better); a NaN is never better, and in the first epoch it does not end the run. An epoch in which the
/// metric was not measured does not count ([`Trainer::validate_every`](crate::Trainer::validate_every)). The best
/// weights (parameters and buffers) are put back at the end of every run, stopped or not, also of one that an error has
/// ended after a step. Of several in one run, one may do so.
///
/// A resumed run goes on counting. Its `monitor` and `mode` must be those that the count was made with, and weights can
/// be put back only if the run before has kept them.
///
/// # Errors
/// The run does not begin if `patience` is 0, `min_delta` is negative or not finite, `baseline` is NaN, or the metric
/// is not measured: without a validation set there is no `val_loss`. Nor does it if another one in it restores weights,
/// too.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{Better, EarlyStopping, Trainer};
///
/// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// // With such steps every epoch is worse than the one before.
/// let mut early = EarlyStopping::new().monitor("loss").patience(3).min_delta(0.01).restore_best_weights(true);
/// let trainer = Trainer::new(Sgd::new(2.0), mse_loss).epochs(100).callback(&mut early);
/// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// assert_eq!((history.epochs.len(), early.best().map(|(epoch, _)| epoch)), (4, Some(1)));
/// assert_eq!(early.best_weights().map(|weights| weights.len()), Some(2));
///
/// let early = EarlyStopping::new().monitor("val_accuracy").mode(Better::Higher);
/// assert_eq!(early.best(), None);                                    // before a run
/// # Ok::<(), wengert_train::Error>(())
/// ```
///
/// # Differs from
/// Keras: the best weights are restored by default, and `patience` is at least 1, which does what Keras's 0 does.
/// `mode` takes [`Better`] in place of `"min"` and `"max"`.
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: u64,
    min_delta: f64,
    start_from_epoch: u64,
    baseline: Option<f64>,
    restore_best_weights: bool,
    best: Best,
    /// Whether the next run forgets the best epoch: unless it goes on from a checkpoint.
    begins: bool,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        EarlyStopping {
            monitor: Monitor::new("val_loss"),
            patience: 1,
            min_delta: 0.0,
            start_from_epoch: 0,
            baseline: None,
            restore_best_weights: true,
            best: Best::default(),
            begins: true,
        }
    }
}

impl EarlyStopping {
    /// By default, the run ends after the first epoch whose `val_loss` is no better.
    pub fn new() -> EarlyStopping {
        EarlyStopping::default()
    }

    /// The number of epochs in a row, at least 1, without improvement that ends the run. Default 1.
    #[must_use]
    pub fn patience(mut self, patience: u64) -> EarlyStopping {
        self.patience = patience;
        self
    }

    /// The metric to watch: `loss`, `val_loss`, `val_accuracy` and so on. Default `val_loss`.
    #[must_use]
    pub fn monitor(mut self, metric: impl Into<String>) -> EarlyStopping {
        self.monitor.name = metric.into();
        self
    }

    /// Whether lower or higher values are better. By default the metric decides.
    #[must_use]
    pub fn mode(mut self, mode: Better) -> EarlyStopping {
        self.monitor.mode = Some(mode);
        self
    }

    /// A better value must differ by more than this, at least 0. Default 0.
    #[must_use]
    pub fn min_delta(mut self, min_delta: f64) -> EarlyStopping {
        self.min_delta = min_delta;
        self
    }

    /// So many epochs come first, in which nothing counts: none is the best, and none ends the run. A run of no more
    /// epochs is as it would be without this callback. Default 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::{EarlyStopping, Trainer};
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// // With such steps every epoch is worse than the one before.
    /// let early = EarlyStopping::new().monitor("loss").start_from_epoch(3);
    /// let trainer = Trainer::new(Sgd::new(2.0), mse_loss).epochs(9).callback(early);
    /// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// assert_eq!(history.epochs.len(), 5);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[must_use]
    pub fn start_from_epoch(mut self, epochs: u64) -> EarlyStopping {
        self.start_from_epoch = epochs;
        self
    }

    /// A value that is to be improved on: epochs that are the best so far, but no better than it by more than
    /// `min_delta`, are counted like those without improvement, and the run ends in the first one that is not the best
    /// when `patience` have been counted. The best weights are those of the best epoch all the same. By default there
    /// is none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::{EarlyStopping, Trainer};
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// // With such steps every epoch is worse than the one before; the first one is counted as well.
    /// let early = EarlyStopping::new().monitor("loss").patience(3).baseline(0.0);
    /// let trainer = Trainer::new(Sgd::new(2.0), mse_loss).epochs(9).callback(early);
    /// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// assert_eq!(history.epochs.len(), 3);
    /// assert_eq!(history.stopped.as_deref(), Some("loss has not improved on the baseline, 0, for 3 epochs"));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[must_use]
    pub fn baseline(mut self, baseline: f64) -> EarlyStopping {
        self.baseline = Some(baseline);
        self
    }

    /// Whether to put the weights of the best epoch back; otherwise the model keeps the last ones. Default true.
    #[must_use]
    pub fn restore_best_weights(mut self, restore: bool) -> EarlyStopping {
        self.restore_best_weights = restore;
        self
    }

    /// The best epoch, counted from 1, and its value.
    pub fn best(&self) -> Option<(u64, f64)> {
        if self.best.epoch > 0 { Some((self.best.epoch, self.best.value)) } else { None }
    }

    /// The weights of the best epoch, if they are to be put back and there is one.
    pub fn best_weights(&self) -> Option<&StateDict> {
        if self.best.weights.is_empty() { None } else { Some(&self.best.weights) }
    }

    fn restore(&self, run: &mut Run<'_>) -> Result<()> {
        match self.best_weights() {
            Some(weights) if self.restore_best_weights => run.model_mut().load_state_dict(weights),
            _ => Ok(()),
        }
    }

    /// Whether a value is better than the baseline, if there is one.
    fn beats_baseline(&self, value: f64) -> bool {
        self.baseline.is_none_or(|baseline| self.monitor.is_better(value, baseline, self.min_delta))
    }

    /// Why the run ends in this epoch.
    fn reason(&self, now: u64) -> String {
        let Best { epoch, value, wait, since, .. } = self.best;
        let of_all = epoch == 0 || !self.beats_baseline(value);
        // Where some epochs were not measured, the count is not one of epochs.
        let epochs = now.saturating_sub(if of_all { since.max(self.start_from_epoch) } else { epoch });
        let what = if wait == epochs { "epoch" } else { "measurement" };
        let (monitor, count) = (&self.monitor.name, format!("{wait} {what}{}", if wait == 1 { "" } else { "s" }));
        match self.baseline {
            Some(baseline) if of_all => {
                format!("{monitor} has not improved on the baseline, {}, for {count}", short(baseline))
            }
            _ if epoch == 0 => format!("{monitor} has not improved for {count}"),
            _ => format!("{monitor} has not improved for {count} since {} in epoch {epoch}", short(value)),
        }
    }
}

impl Callback for EarlyStopping {
    fn name(&self) -> &str {
        "EarlyStopping"
    }

    fn describe(&self) -> Description {
        let description = Description::new("EarlyStopping")
            .option("monitor", &self.monitor.name)
            .option("mode", self.monitor.better)
            .option("patience", self.patience)
            .option("min_delta", self.min_delta)
            .option("restore_best_weights", self.restore_best_weights);
        // Only what is set: so older checkpoints, which know nothing of it, are of the same run.
        let description = match self.start_from_epoch {
            0 => description,
            epochs => description.option("start_from_epoch", epochs),
        };
        self.baseline.into_iter().fold(description, |description, x| description.option("baseline", x))
    }

    fn check(&mut self, plan: &Plan) -> Result<()> {
        if self.patience == 0 {
            return Err(bad_option("patience", self.patience, "at least 1"));
        }
        if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) {
            return Err(bad_option("min_delta", self.min_delta, "finite and at least 0"));
        }
        if self.baseline.is_some_and(f64::is_nan) {
            return Err(bad_option("baseline", f64::NAN, "a number"));
        }
        self.monitor.check(plan)?;
        // A run that is refused after this leaves the best epoch of the one before.
        self.begins = true;
        Ok(())
    }

    fn on_train_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        if std::mem::take(&mut self.begins) {
            self.best = Best { since: run.epoch(), ..Best::default() };
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let Some(value) = self.monitor.value(run).filter(|_| run.epoch() > self.start_from_epoch) else {
            return Ok(());
        };
        self.best.wait += 1;
        if self.monitor.improves(&self.best, value, self.min_delta) {
            let weights = if self.restore_best_weights { run.state_dict() } else { StateDict::new() };
            let wait = if self.beats_baseline(value) { 0 } else { self.best.wait };
            self.best = Best { epoch: run.epoch(), value, wait, weights, since: self.best.since };
        } else if self.best.wait >= self.patience && run.epoch() > 1 {
            // The first epoch has nothing that it could improve on: its value is NaN.
            run.stop(self.reason(run.epoch()));
        }
        Ok(())
    }

    fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.restore(run)
    }

    fn on_train_error(&mut self, run: &mut Run<'_>, _: &Error) -> Result<()> {
        // A callback before this one may have failed at the beginning: then the best weights are another run's.
        if self.begins { Ok(()) } else { self.restore(run) }
    }

    fn state_dict(&self) -> StateDict {
        self.monitor.state_of(&self.best)
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let mut best = self.monitor.load(state)?;
        if self.restore_best_weights && best.epoch > 0 && best.weights.is_empty() {
            let epoch = best.epoch;
            let kept = format!("the weights of epoch {epoch}, the best, were not kept: it was off until now");
            return Err(Error::new(ErrorKind::State, format!("restore_best_weights is on, and {kept}")));
        }
        if !self.restore_best_weights {
            best.weights = StateDict::new();
        }
        self.best = best;
        self.begins = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    cases![
        Case::new("EarlyStopping: every epoch is better", |_| EarlyStopping::new()).then(|early, seen, _| {
            assert_eq!((early.best().map(|best| best.0), &seen.history.stopped), (Some(6), &None));
        }),
        Case::new("EarlyStopping: stops, and restores the best weights", |_| EarlyStopping::new().patience(3))
            .diverging()
            .effects(&["epoch 4 end: stops", "train end: sets the weights of epoch 1"])
            .then(|early, seen, _| {
                let (epoch, value) = early.best().expect("an epoch is best");
                assert_eq!((epoch, value), (1, seen.history.values("val_loss")[0]));
                let reason = format!("val_loss has not improved for 3 epochs since {} in epoch 1", short(value));
                assert_eq!((seen.history.stopped.as_deref(), &seen.last), (Some(&*reason), &seen.weights[0]));
            }),
        Case::new("EarlyStopping: restores the best weights when the run was not stopped", |_| EarlyStopping::new()
            .patience(6))
        .diverging()
        .effects(&["train end: sets the weights of epoch 1"]),
        Case::new("EarlyStopping: leaves the last weights", |_| EarlyStopping::new().restore_best_weights(false))
            .diverging()
            .effects(&["epoch 2 end: stops"])
            .then(|_, seen, _| {
                let reason = seen.history.stopped.as_deref().expect("stopped");
                assert!(reason.starts_with("val_loss has not improved for 1 epoch since "), "{reason}");
                assert_eq!(seen.last, seen.weights[1]);
            }),
        Case::new("EarlyStopping: small improvements do not count", |_| EarlyStopping::new()
            .patience(2)
            .min_delta(100.0))
        .effects(&["epoch 3 end: stops", "train end: sets the weights of epoch 1"]),
        Case::new("EarlyStopping: the metric knows the direction", |_| EarlyStopping::new()
            .patience(9)
            .monitor("val_binary_accuracy"))
        .then(|early, seen, _| {
            let values = seen.history.values("val_binary_accuracy");
            let highest = values.iter().copied().fold(0.0, f64::max);
            let first = values.iter().position(|value| *value == highest).expect("one of them") as u64 + 1;
            assert_eq!(early.best(), Some((first, highest)));
        },),
        // The first epoch of a falling loss is the highest.
        Case::new("EarlyStopping: against the nature of the metric", |_| EarlyStopping::new()
            .monitor("loss")
            .mode(Better::Higher))
        .effects(&["epoch 2 end: stops", "train end: sets the weights of epoch 1"]),
        Case::new("EarlyStopping: epochs without validation do not count", |_| EarlyStopping::new())
            .diverging()
            .validate_every(2)
            .effects(&["epoch 4 end: stops", "train end: sets the weights of epoch 2"])
            .then(|early, seen, _| {
                let (_, value) = early.best().expect("an epoch is best");
                let reason = format!("val_loss has not improved for 1 measurement since {} in epoch 2", short(value));
                assert_eq!(seen.history.stopped.as_deref(), Some(&*reason));
            }),
        Case::new("EarlyStopping: the first epochs do not count", |_| EarlyStopping::new()
            .patience(2)
            .start_from_epoch(2))
        .diverging()
        .effects(&["epoch 5 end: stops", "train end: sets the weights of epoch 3"]),
        Case::new("EarlyStopping: the best is below the baseline", |_| EarlyStopping::new().patience(2).baseline(1e9))
            .diverging()
            .effects(&["epoch 3 end: stops", "train end: sets the weights of epoch 1"]),
        Case::new("EarlyStopping: no epoch reaches the baseline", |_| EarlyStopping::new().patience(2).baseline(-1.0))
            .diverging()
            .effects(&["epoch 2 end: stops", "train end: sets the weights of epoch 1"])
            .then(|_, seen, _| {
                let reason = "val_loss has not improved on the baseline, -1.000, for 2 epochs";
                assert_eq!(seen.history.stopped.as_deref(), Some(reason));
            }),
        // Each epoch is the best so far.
        Case::new("EarlyStopping: on the way to the baseline", |_| EarlyStopping::new().baseline(-1.0)),
        Case::new("EarlyStopping: a baseline that is no number", |_| EarlyStopping::new().baseline(f64::NAN))
            .refuses("baseline is NaN, it must be a number"),
        Case::new("EarlyStopping: no patience", |_| EarlyStopping::new().patience(0))
            .refuses("patience is 0, it must be at least 1"),
        Case::new("EarlyStopping: a negative difference", |_| EarlyStopping::new().min_delta(-1.0))
            .refuses("min_delta is -1.0, it must be finite and at least 0"),
        Case::new("EarlyStopping: an unknown metric", |_| EarlyStopping::new().monitor("val_f1"))
            .refuses(
                "there is no metric \"val_f1\"; measured are \
                 [\"loss\", \"binary_accuracy\", \"val_loss\", \"val_binary_accuracy\"]",
            )
            .refuses_without_validation("there is no metric \"val_f1\"; measured are [\"loss\", \"binary_accuracy\"]"),
        Case::new("EarlyStopping: no validation set", |_| EarlyStopping::new()).refuses_without_validation(
            "\"val_loss\" is measured on a validation set, and this run has none; give one to fit, or use \"loss\"",
        ),
    ];
}
