//! A run as its callbacks see it.

mod identity;
mod monitor;
mod plan;

pub use identity::{Difference, Identity, IdentityMismatch};
pub(crate) use monitor::{Best, Monitor, letters, same_monitor};
pub use plan::{MetricInfo, Plan};

use crate::history::{EpochRecord, History};
use autograd_core::module::StateDict;
use wengert_nn::Layer;
use wengert_optim::Optimizer;

/// The state of a run, and the changes that a callback may make.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, seeded};
/// # use wengert_data::TensorDataset;
/// # use wengert_nn::{Linear, mse_loss};
/// # use wengert_optim::Sgd;
/// use wengert_train::{Callback, Result, Run, Trainer};
///
/// /// Halves the learning rate after each epoch, and ends the run where it is small.
/// struct Halve;
///
/// impl Callback for Halve {
///     fn name(&self) -> &str {
///         "Halve"
///     }
///     fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
///         assert_eq!((run.batch(), run.step(), run.plan().batches), (1, run.epoch(), 1));
///         assert!(run.loss().is_finite());
///         Ok(())
///     }
///     fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
///         assert_eq!(run.last(), run.history().epochs.last());
///         assert!(!run.lr_is_scheduled());
///         run.set_lr(run.lr() / 2.0);
///         if run.lr() < 0.02 {
///             run.stop("the steps are small");
///         }
///         Ok(())
///     }
///     fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
///         assert!(run.is_stopping() && run.model().num_parameters() == run.state_dict().len());
///         run.model_mut().freeze("weight").map(drop)
///     }
/// }
///
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(100).callback(Halve);
/// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// assert_eq!((history.epochs.len(), model.weight.is_trainable()), (3, false));
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub struct Run<'r> {
    pub(crate) model: &'r mut dyn Layer,
    pub(crate) optimizer: &'r mut dyn Optimizer,
    pub(crate) plan: Plan,
    pub(crate) history: History,
    pub(crate) epoch: u64,
    pub(crate) batch: usize,
    pub(crate) step: u64,
    pub(crate) loss: f64,
    pub(crate) paused: bool,
    /// What a pause was asked for, whatever else has ended the run.
    pub(crate) pause: Option<String>,
}

impl Run<'_> {
    /// Sizes and names.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The epoch, counted from 1; 0 before the first.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The batch of the epoch, counted from 1.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// How many steps the optimizer has made since the first epoch.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The loss of the last batch, without penalties; NaN before the first, and for a batch of which nothing counts.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// The epochs so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The last epoch that has ended.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.history.epochs.last()
    }

    /// The model's parameters and buffers; they are shared, not copied, until the next step changes them.
    pub fn state_dict(&self) -> StateDict {
        self.model.state_dict()
    }

    /// The model.
    pub fn model(&self) -> &dyn Layer {
        &*self.model
    }

    /// The model, for changing its weights.
    pub fn model_mut(&mut self) -> &mut dyn Layer {
        &mut *self.model
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        self.optimizer.lr()
    }

    /// Whether a schedule sets the learning rate.
    pub fn lr_is_scheduled(&self) -> bool {
        self.plan.scheduled.iter().any(|name| name == "lr")
    }

    /// Changes the learning rate, for this run. A schedule sets it again when its next step comes.
    pub fn set_lr(&mut self, lr: f64) {
        self.optimizer.set_lr(lr);
    }

    /// Ends the run after this epoch, for good: from a checkpoint it does not go on. The first reason counts; it
    /// becomes [`History::stopped`].
    pub fn stop(&mut self, reason: impl Into<String>) {
        // A pause in the same epoch was for a while only.
        if !self.is_stopping() || std::mem::take(&mut self.paused) {
            self.history.stopped = Some(reason.into());
        }
    }

    /// Ends the run after this epoch, for a while: from its checkpoint it goes on as if nothing had happened. Otherwise
    /// like [`Run::stop`], which comes before it. It is for what has nothing to do with the model: Ctrl-C, a signal, a
    /// limit of time. A cross-validation ends with it as well, and goes on where it was.
    ///
    /// # Examples
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use wengert_train::{Callback, Result, Run};
    ///
    /// /// Set by a handler of signals, such as that of the crate `ctrlc`.
    /// static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    ///
    /// struct OnCtrlC;
    ///
    /// impl Callback for OnCtrlC {
    ///     fn name(&self) -> &str {
    ///         "OnCtrlC"
    ///     }
    ///     fn only_watches(&self) -> bool {
    ///         true
    ///     }
    ///     fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
    ///         if INTERRUPTED.load(Ordering::Relaxed) {
    ///             run.pause("Ctrl-C");
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let dir = std::env::temp_dir().join(format!("wengert-pause-{}", std::process::id()));
    /// let fit = |resume: bool| {
    ///     let mut model = Linear::new(1, 1, &mut seeded(7))?;
    ///     let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(3).callback(OnCtrlC).checkpoint(&*dir);
    ///     trainer.resume(resume).fit(&mut model, &set, None, &mut seeded(7))
    /// };
    /// INTERRUPTED.store(true, Ordering::Relaxed);
    /// let history = fit(false)?;
    /// assert_eq!((history.epochs.len(), history.stopped.as_deref()), (1, Some("Ctrl-C")));
    /// INTERRUPTED.store(false, Ordering::Relaxed);
    /// let history = fit(true)?;
    /// assert_eq!((history.epochs.len(), history.stopped), (3, None));
    /// # std::fs::remove_dir_all(&dir).map_err(wengert_train::Error::user)?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn pause(&mut self, reason: impl Into<String>) {
        let reason = self.pause.get_or_insert(reason.into());
        if self.history.stopped.is_none() {
            self.history.stopped = Some(reason.clone());
            self.paused = true;
        }
    }

    /// The history as a checkpoint has it.
    pub(crate) fn history_to_go_on_from(&self) -> History {
        let stopped = self.history.stopped.clone().filter(|_| !self.paused);
        History { stopped, ..self.history.clone() }
    }

    /// Whether the run ends after this epoch because [`Run::stop`] or [`Run::pause`] was called.
    pub fn is_stopping(&self) -> bool {
        self.history.stopped.is_some()
    }
}
