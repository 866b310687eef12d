//! A run as its callbacks see it.

mod identity;
mod plan;

pub use identity::{Difference, Identity, IdentityMismatch};
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
    pub(crate) lr_is_scheduled: bool,
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
        self.lr_is_scheduled
    }

    /// Changes the learning rate, for this run. A schedule sets it again when its next step comes.
    pub fn set_lr(&mut self, lr: f64) {
        self.optimizer.set_lr(lr);
    }

    /// Ends the run after this epoch. The first reason counts; it becomes [`History::stopped`].
    pub fn stop(&mut self, reason: impl Into<String>) {
        self.history.stopped.get_or_insert_with(|| reason.into());
    }

    /// Whether the run ends after this epoch because [`Run::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.history.stopped.is_some()
    }
}
