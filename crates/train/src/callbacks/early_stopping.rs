//! Ending a run that no longer gets better.

use super::{Callback, Plan, Run, misfit};
use crate::error::{Result, require};
use crate::history::short::short;
use autograd_core::Tensor;
use autograd_core::module::{StateDict, StateProblem};

/// Ends the run when a metric has not improved for some epochs, and puts back the weights of the best epoch.
///
/// By default the loss on the validation set is watched. An epoch is better if its value is below the best one so far by
/// more than `min_delta` (above it, for metrics where higher is better); a NaN is never better. The best weights (parameters
/// and buffers) are put back at the end of every run, stopped or not.
///
/// # Errors
/// The run does not begin if `patience` is 0, `min_delta` is negative or not finite, or the metric is not measured.
///
/// # Differs from
/// Keras: the best weights are restored by default, and `patience` is at least 1.
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    monitor: String,
    patience: u64,
    min_delta: f64,
    mode: Option<Mode>,
    restore_best_weights: bool,
    best: Best,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Smaller ones.
    Min,
    /// Larger ones.
    Max,
}

/// The best epoch so far.
#[derive(Clone, Debug, Default)]
struct Best {
    /// Counted from 1; 0 before there is one.
    epoch: u64,
    value: f64,
    /// Epochs since.
    wait: u64,
    weights: StateDict,
}

impl EarlyStopping {
    /// Ends the run after so many epochs in a row, at least 1, that were not better.
    pub fn patience(patience: u64) -> EarlyStopping {
        EarlyStopping {
            monitor: "val_loss".into(),
            patience,
            min_delta: 0.0,
            mode: None,
            restore_best_weights: true,
            best: Best::default(),
        }
    }

    /// Which metric to watch: `loss`, `val_loss`, `val_accuracy` and so on.
    pub fn monitor(mut self, metric: impl Into<String>) -> EarlyStopping {
        self.monitor = metric.into();
        self
    }

    /// Which values are better; by default the metric knows.
    pub fn mode(mut self, mode: Mode) -> EarlyStopping {
        self.mode = Some(mode);
        self
    }

    /// By how much more than this, at least 0, a better value must differ.
    pub fn min_delta(mut self, min_delta: f64) -> EarlyStopping {
        self.min_delta = min_delta;
        self
    }

    /// Whether to put the weights of the best epoch back; otherwise the model keeps the last ones.
    pub fn restore_best_weights(mut self, restore: bool) -> EarlyStopping {
        self.restore_best_weights = restore;
        self
    }

    /// The best epoch, counted from 1, and its value.
    pub fn best(&self) -> Option<(u64, f64)> {
        if self.best.epoch > 0 { Some((self.best.epoch, self.best.value)) } else { None }
    }

    fn is_better(&self, value: f64) -> bool {
        match self.mode {
            _ if self.best.epoch == 0 => !value.is_nan(),
            Some(Mode::Max) => value > self.best.value + self.min_delta,
            _ => value < self.best.value - self.min_delta,
        }
    }
}

impl Callback for EarlyStopping {
    fn check(&mut self, plan: &Plan) -> Result<()> {
        const OP: &str = "EarlyStopping";
        require(self.patience > 0, OP, "patience", self.patience, "at least 1")?;
        let delta = self.min_delta;
        require(delta >= 0.0 && delta.is_finite(), OP, "min_delta", delta, "finite and at least 0")?;
        let metric = plan.metric(OP, &self.monitor)?;
        self.mode.get_or_insert(if metric.higher_is_better { Mode::Max } else { Mode::Min });
        self.best = Best::default();
        Ok(())
    }

    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let value = run.last().and_then(|epoch| epoch.get(&self.monitor)).unwrap_or(f64::NAN);
        if self.is_better(value) {
            let weights = if self.restore_best_weights { run.state_dict() } else { StateDict::new() };
            self.best = Best { epoch: run.epoch(), value, wait: 0, weights };
            return Ok(());
        }
        self.best.wait += 1;
        if self.best.wait >= self.patience {
            let Best { epoch, value, wait, .. } = &self.best;
            let best = if *epoch > 0 { format!(" since {} in epoch {epoch}", short(*value)) } else { String::new() };
            let epochs = if *wait == 1 { "epoch" } else { "epochs" };
            run.stop(format!("{} has not improved for {wait} {epochs}{best}", self.monitor));
        }
        Ok(())
    }

    fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if self.restore_best_weights && self.best.epoch > 0 {
            run.model_mut().load_state_dict(&self.best.weights)?;
        }
        Ok(())
    }

    fn state_dict(&self) -> StateDict {
        let mut state = StateDict::new();
        state.insert("epoch", Tensor::scalar(self.best.epoch as i64));
        state.insert("value", Tensor::scalar(self.best.value));
        state.insert("wait", Tensor::scalar(self.best.wait as i64));
        self.best.weights.iter().for_each(|(name, value)| state.insert(format!("weights.{name}"), value.clone()));
        state
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let mut best = Best::default();
        let mut problems = Vec::new();
        for name in ["epoch", "value", "wait"] {
            if state.get(name).is_none() {
                problems.push(StateProblem::Missing(name.into()));
            }
        }
        for (name, value) in state.iter() {
            match name {
                // Negative counts were never written; the checksum of the file vouches for it.
                "epoch" => best.epoch = value.item::<i64>()?.unsigned_abs(),
                "wait" => best.wait = value.item::<i64>()?.unsigned_abs(),
                "value" => best.value = value.item::<f64>()?,
                _ => match name.strip_prefix("weights.") {
                    Some(name) => best.weights.insert(name, value.clone()),
                    None => problems.push(StateProblem::Unexpected(name.into())),
                },
            }
        }
        if !problems.is_empty() {
            return Err(misfit(problems));
        }
        self.best = best;
        Ok(())
    }
}
