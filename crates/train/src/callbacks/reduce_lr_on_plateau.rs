//! A lower learning rate where a run no longer improves.

use super::{Better, Callback};
use crate::run::{Plan, Run, letters, same_monitor};
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{Description, Error, ErrorKind, Result};
use wengert_optim::ThresholdMode;
use wengert_optim::schedule::ReduceLROnPlateau as Plateau;

/// Multiplies the learning rate by a factor when a metric has not improved for some epochs.
///
/// The rule, the ranges and the defaults are those of [`wengert_optim::schedule::ReduceLROnPlateau`]: after `patience`
/// (10) epochs in a row without improvement, the next such epoch reduces the rate to `factor` (0.1) times what it was,
/// but not below `min_lr` (0); then `cooldown` (0) epochs do not count. Nor does an epoch in which the metric was not
/// measured ([`Trainer::validate_every`](crate::Trainer::validate_every)). The rate is the run's: the optimizer has its
/// own again afterwards.
///
/// A resumed run goes on counting. Its `monitor` and `mode` must be those that the count was made with.
///
/// # Errors
/// The run does not begin if an option is out of its range, the metric is not measured (without a validation set there
/// is no `val_loss`), or a schedule sets the learning rate, which would undo every reduction.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{ReduceLROnPlateau, Trainer};
///
/// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// // With such steps the loss rises, until they are small enough.
/// let plateau = ReduceLROnPlateau::new().monitor("loss").factor(0.25).patience(0).cooldown(1).min_lr(0.1);
/// let trainer = Trainer::new(Sgd::new(1.6), mse_loss).epochs(6).callback(plateau);
/// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// let rates: Vec<f64> = history.epochs.iter().map(|epoch| epoch.lr).collect();
/// assert_eq!(rates, [1.6, 1.6, 0.4, 0.4, 0.1, 0.1]);
/// # Ok::<(), wengert_train::Error>(())
/// ```
///
/// # Differs from
/// Keras: it is PyTorch's rule. `threshold` is Keras's `min_delta`, which is [`ThresholdMode::Abs`]; and Keras's
/// `patience` is one more.
#[derive(Clone, Debug)]
pub struct ReduceLROnPlateau {
    monitor: String,
    mode: Option<Better>,
    plateau: Plateau,
    /// Whether the next run begins to count: unless it goes on from a checkpoint.
    begins: bool,
    /// The options, and nothing seen.
    fresh: Plateau,
}

impl ReduceLROnPlateau {
    /// By default, a tenth of the rate when `val_loss` has not improved for more than 10 epochs.
    pub fn new() -> ReduceLROnPlateau {
        let fresh = Plateau::new();
        ReduceLROnPlateau { monitor: "val_loss".into(), mode: None, plateau: fresh.clone(), begins: true, fresh }
    }

    fn with(mut self, change: impl FnOnce(Plateau) -> Plateau) -> ReduceLROnPlateau {
        self.fresh = change(self.fresh);
        self.plateau = self.fresh.clone();
        self
    }

    /// The metric to watch: `loss`, `val_loss`, `val_accuracy` and so on. Default `val_loss`.
    #[must_use]
    pub fn monitor(mut self, metric: impl Into<String>) -> ReduceLROnPlateau {
        self.monitor = metric.into();
        self
    }

    /// Whether lower or higher values are better. By default the metric decides.
    ///
    /// # Examples
    /// ```
    /// # use wengert_train::{Better, Callback, ReduceLROnPlateau};
    /// let plateau = ReduceLROnPlateau::new().monitor("val_accuracy").mode(Better::Higher);
    /// assert!(plateau.describe().options().any(|option| option == ("mode", "Higher")));
    /// ```
    #[must_use]
    pub fn mode(mut self, mode: Better) -> ReduceLROnPlateau {
        self.mode = Some(mode);
        self.with(|plateau| plateau.mode(mode))
    }

    /// The factor of a reduction, in [0, 1). Default 0.1.
    #[must_use]
    pub fn factor(self, factor: f64) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.factor(factor))
    }

    /// The number of epochs in a row without improvement that change nothing. Default 10.
    #[must_use]
    pub fn patience(self, patience: u64) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.patience(patience))
    }

    /// A better value must differ from the best by more than this, at least 0. Default 10⁻⁴.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::ThresholdMode;
    /// # use wengert_train::{Callback, ReduceLROnPlateau};
    /// let plateau = ReduceLROnPlateau::new().threshold(0.01).threshold_mode(ThresholdMode::Abs).eps(1e-6);
    /// assert!(plateau.describe().to_string().contains("threshold: 0.01, threshold_mode: Abs"));
    /// ```
    #[must_use]
    pub fn threshold(self, threshold: f64) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.threshold(threshold))
    }

    /// Whether the threshold is a part of the best value or a difference from it. Default [`ThresholdMode::Rel`].
    #[must_use]
    pub fn threshold_mode(self, threshold_mode: ThresholdMode) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.threshold_mode(threshold_mode))
    }

    /// The number of epochs after a reduction that do not count. Default 0.
    #[must_use]
    pub fn cooldown(self, cooldown: u64) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.cooldown(cooldown))
    }

    /// The lowest rate, at least 0. Default 0.
    #[must_use]
    pub fn min_lr(self, min_lr: f64) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.min_lr(min_lr))
    }

    /// A reduction by no more than this, at least 0, is left out. Default 10⁻⁸.
    #[must_use]
    pub fn eps(self, eps: f64) -> ReduceLROnPlateau {
        self.with(|plateau| plateau.eps(eps))
    }
}

impl Default for ReduceLROnPlateau {
    fn default() -> Self {
        ReduceLROnPlateau::new()
    }
}

impl Callback for ReduceLROnPlateau {
    fn name(&self) -> &str {
        "ReduceLROnPlateau"
    }

    fn describe(&self) -> Description {
        self.fresh.describe().option("monitor", &self.monitor)
    }

    fn check(&mut self, plan: &Plan) -> Result<()> {
        if plan.scheduled.iter().any(|name| name == "lr") {
            let text = "a schedule sets the learning rate, and would undo every reduction; leave one of the two out";
            return Err(Error::new(ErrorKind::Argument, text));
        }
        let of_metric = plan.metric(&self.monitor)?.better();
        // The run says the name of the callback, which is that of the rule.
        self.fresh.check().map_err(|e| Error::new(e.kind(), e.to_string().replacen("ReduceLROnPlateau: ", "", 1)))?;
        let mode = self.mode.unwrap_or(of_metric);
        self.fresh = self.fresh.clone().mode(mode);
        // A run that is refused after this leaves what was counted in the one before.
        self.begins = true;
        Ok(())
    }

    fn on_train_begin(&mut self, _: &mut Run<'_>) -> Result<()> {
        if std::mem::take(&mut self.begins) {
            self.plateau = self.fresh.clone();
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        // An epoch without validation says nothing.
        let Some(value) = run.last().and_then(|epoch| epoch.get(&self.monitor)) else { return Ok(()) };
        let (before, after) = (run.lr(), self.plateau.step(value, run.lr()));
        if after != before {
            run.set_lr(after);
        }
        Ok(())
    }

    fn state_dict(&self) -> StateDict {
        let mut state = self.plateau.state_dict();
        state.insert("monitor", letters(&self.monitor));
        state
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let Some(saved) = state.get("monitor") else {
            return Err(StateMismatch { problems: vec![StateProblem::Missing("monitor".into())] }.into());
        };
        same_monitor(&self.monitor, saved)?;
        let rest = state.iter().filter(|(name, _)| *name != "monitor");
        let mut plateau = self.fresh.clone();
        plateau.load_state_dict(&rest.map(|(name, value)| (name.to_string(), value.clone())).collect())?;
        self.plateau = plateau;
        self.begins = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    cases![
        Case::new("ReduceLROnPlateau: every epoch is better", |_| ReduceLROnPlateau::new().patience(0)),
        Case::new("ReduceLROnPlateau: every epoch is worse", |_| ReduceLROnPlateau::new().factor(0.5).patience(1))
            .diverging()
            .effects(&["epoch 3 end: sets the learning rate 1", "epoch 5 end: sets the learning rate 0.5"]),
        Case::new("ReduceLROnPlateau: cools down", |_| ReduceLROnPlateau::new()
            .factor(0.9)
            .patience(0)
            .cooldown(1)
            .min_lr(1.7))
        .diverging()
        .effects(&["epoch 2 end: sets the learning rate 1.8", "epoch 4 end: sets the learning rate 1.7"]),
        Case::new("ReduceLROnPlateau: small improvements do not count", |_| ReduceLROnPlateau::new()
            .patience(3)
            .threshold(100.0)
            .threshold_mode(ThresholdMode::Abs))
        .effects(&["epoch 5 end: sets the learning rate 0.005000000000000001"]),
        // A falling loss, which is to rise.
        Case::new("ReduceLROnPlateau: against the nature of the metric", |_| ReduceLROnPlateau::new()
            .monitor("loss")
            .mode(Better::Higher)
            .factor(0.5)
            .patience(3))
        .effects(&["epoch 5 end: sets the learning rate 0.025"]),
        Case::new("ReduceLROnPlateau: a small reduction is left out", |_| ReduceLROnPlateau::new()
            .factor(0.5)
            .patience(0)
            .eps(1.0))
        .diverging(),
        Case::new("ReduceLROnPlateau: epochs without validation do not count", |_| ReduceLROnPlateau::new()
            .factor(0.5)
            .patience(0)
            .min_lr(1.0))
        .diverging()
        .validate_every(2)
        .effects(&["epoch 4 end: sets the learning rate 1"]),
        Case::new("ReduceLROnPlateau: no reduction", |_| ReduceLROnPlateau::new().factor(1.0))
            .refuses("factor is 1.0, it must be in [0, 1)"),
        Case::new("ReduceLROnPlateau: a negative threshold", |_| ReduceLROnPlateau::new().threshold(-1.0))
            .refuses("threshold is -1.0, it must be finite and at least 0"),
        Case::new("ReduceLROnPlateau: an unknown metric", |_| ReduceLROnPlateau::new().monitor("val_f1")).refuses(
            "there is no metric \"val_f1\"; measured are \
             [\"loss\", \"binary_accuracy\", \"val_loss\", \"val_binary_accuracy\"]",
        ),
        Case::new("ReduceLROnPlateau: no validation set", |_| ReduceLROnPlateau::new()).refuses_without_validation(
            "\"val_loss\" is measured on a validation set, and this run has none; give one to fit, or use \"loss\"",
        ),
    ];
}
