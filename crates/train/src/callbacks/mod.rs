//! Callbacks: all that happens beside the arithmetic of a run, one file for each.
//!
//! The loop calls every [`Callback`] at fixed points and shows it the [`Run`]. A user's own callback can do all that
//! the ones here do. Names are Keras's.

#[cfg(test)]
#[macro_use]
mod cases;

mod checkpoint;
pub use checkpoint::Checkpoint;
mod early_stopping;
pub use early_stopping::EarlyStopping;
mod history;
#[cfg(feature = "progress")]
mod progress_bar;
#[cfg(feature = "progress")]
pub use progress_bar::ProgressBar;
mod reduce_lr_on_plateau;
pub use reduce_lr_on_plateau::ReduceLROnPlateau;
pub use wengert_optim::Better;

use crate::checkpoint::Snapshot;
use crate::run::{Plan, Run};
use autograd_core::module::{StateDict, StateMismatch, StateProblem};
use autograd_core::{Description, Error, ErrorKind, Result};

/// Something that watches a run, and may change its course. Every method but `name` has a default that does nothing.
///
/// ```text
/// check                                    before anything has changed
/// on_train_begin
///   on_epoch_begin                         each epoch
///     on_train_batch_begin                   each batch
///     on_train_batch_end
///   on_epoch_end                           after validation, if there is one; the history has the epoch
///   on_snapshot                            if wants_snapshot
/// on_train_end                             also of a run that was stopped early
/// on_train_error                           if an error or a panic ended the run: in its place, or after it
/// on_exit                                  last, whatever happened
/// ```
///
/// A callback with a memory returns it from [`Callback::state_dict`], so that a resumed run goes on as if nothing had
/// happened. `&mut callback` is a callback, too: it can be looked at after the run. The run puts the callback's name
/// before the text of its errors; an error of another crate becomes one of this with
/// [`Error::user`](crate::Error::user).
///
/// ```
/// use autograd_core::seeded;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{Callback, Result, Run, Trainer};
/// # use wengert_data::TensorDataset;
/// # use autograd_core::Tensor;
///
/// /// Notes the loss of every batch.
/// #[derive(Default)]
/// struct Losses(Vec<f64>);
///
/// impl Callback for Losses {
///     fn name(&self) -> &str {
///         "Losses"
///     }
///     fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
///         self.0.push(run.loss());
///         if run.loss() < 1e-3 {
///             run.stop("good enough");
///         }
///         Ok(())
///     }
/// }
///
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0], [3.0]]), Tensor::from([[2.0], [4.0], [6.0]]))?;
/// let mut losses = Losses::default();
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let trainer = Trainer::new(Sgd::new(0.05), mse_loss).epochs(500).callback(&mut losses);
/// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// assert_eq!(history.stopped.as_deref(), Some("good enough"));
/// assert_eq!(losses.0.len(), history.epochs.len());
/// # Ok::<(), wengert_train::Error>(())
/// ```
pub trait Callback {
    /// Its name in errors and checkpoints. A resumed run finds the callback's state by it, so it must not change.
    fn name(&self) -> &str;

    /// Its kind and options: a run goes on from a checkpoint only with the same callbacks, in the same order. The
    /// default is the name of the type; a callback with options should describe them, too.
    fn describe(&self) -> Description {
        Description::of::<Self>()
    }

    /// Whether it only looks on, as progress bars and logs do. Such a callback may come and go between a run and the
    /// one that goes on from its checkpoint. By default it may change the run, and may not.
    fn only_watches(&self) -> bool {
        false
    }

    /// In a cross-validation, the number of the fold that the run is for, counted from 1; asked before anything else.
    /// What writes files keeps those of different folds apart.
    fn on_fold(&mut self, fold: usize) {
        let _ = fold;
    }

    /// Whether it can do its work in such a run. Nothing has changed yet, and nothing will if this fails, or whatever
    /// is asked after it: a memory of the run before stays until [`Callback::on_train_begin`]. Only the directory of a
    /// [`Checkpoint`] may have been made, with its lock file.
    ///
    /// # Errors
    /// If it cannot.
    fn check(&mut self, plan: &Plan) -> Result<()> {
        let _ = plan;
        Ok(())
    }

    /// Before the first epoch.
    ///
    /// # Errors
    /// Any error ends the run; this holds for all methods below.
    fn on_train_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        let _ = run;
        Ok(())
    }

    /// Before an epoch; the learning rate of the epoch is set.
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        let _ = run;
        Ok(())
    }

    /// Before a batch.
    fn on_train_batch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        let _ = run;
        Ok(())
    }

    /// After the step of a batch; [`Run::loss`] is its loss.
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let _ = run;
        Ok(())
    }

    /// After an epoch and its validation, if it has one; the last record of [`Run::history`] is this epoch's.
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let _ = run;
        Ok(())
    }

    /// Whether it wants to see a snapshot of the whole run now, at the end of an epoch.
    fn wants_snapshot(&self, run: &Run<'_>) -> bool {
        let _ = run;
        false
    }

    /// Everything that a run needs to go on from here; all callbacks are done with the epoch.
    fn on_snapshot(&mut self, snapshot: &Snapshot) -> Result<()> {
        let _ = snapshot;
        Ok(())
    }

    /// After the last epoch.
    fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let _ = run;
        Ok(())
    }

    /// After an error or a panic that has ended the run, in place of [`Callback::on_train_end`]; after it if its own,
    /// or that of a later callback, has failed. Of a panic the error has the message; it goes on when all callbacks
    /// have been called. If the run had not made a step, the model is put back afterwards as it was before.
    ///
    /// # Errors
    /// They are dropped, and panics, too: what has ended the run is what is reported.
    fn on_train_error(&mut self, run: &mut Run<'_>, error: &Error) -> Result<()> {
        let _ = (run, error);
        Ok(())
    }

    /// The last call, whatever happened, also after a panic and if the run was refused before it began: for giving back
    /// what [`Callback::check`] has taken.
    fn on_exit(&mut self) {}

    /// Its memory from one epoch to the next; empty by default. What gives the numbers in it their meaning (the name of
    /// a metric) belongs to it.
    fn state_dict(&self) -> StateDict {
        StateDict::new()
    }

    /// Replaces its memory by one that [`Callback::state_dict`] returned.
    ///
    /// # Errors
    /// If it does not fit; then the memory is as it was. Of callbacks that [only watch](Callback::only_watches) another
    /// one of the same name may get what one refuses.
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        let problems: Vec<_> = state.iter().map(|(name, _)| StateProblem::Unexpected(name.into())).collect();
        if problems.is_empty() { Ok(()) } else { Err(StateMismatch { problems }.into()) }
    }
}

/// The error for an option outside its range.
fn bad_option(name: &str, value: impl std::fmt::Debug, must: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("{name} is {value:?}, it must be {must}"))
}

macro_rules! forward {
    ($($method:ident($self:ident, $argument:ident: $of:ty);)*) => {$(
        fn $method(&mut $self, $argument: $of) -> Result<()> {
            (**$self).$method($argument)
        }
    )*};
}

impl<C: Callback + ?Sized> Callback for &mut C {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn describe(&self) -> Description {
        (**self).describe()
    }
    fn only_watches(&self) -> bool {
        (**self).only_watches()
    }
    fn on_fold(&mut self, fold: usize) {
        (**self).on_fold(fold);
    }
    fn wants_snapshot(&self, run: &Run<'_>) -> bool {
        (**self).wants_snapshot(run)
    }
    fn on_train_error(&mut self, run: &mut Run<'_>, error: &Error) -> Result<()> {
        (**self).on_train_error(run, error)
    }
    fn on_exit(&mut self) {
        (**self).on_exit();
    }
    fn state_dict(&self) -> StateDict {
        (**self).state_dict()
    }
    forward! {
        check(self, plan: &Plan);
        on_train_begin(self, run: &mut Run<'_>);
        on_epoch_begin(self, run: &mut Run<'_>);
        on_train_batch_begin(self, run: &mut Run<'_>);
        on_train_batch_end(self, run: &mut Run<'_>);
        on_epoch_end(self, run: &mut Run<'_>);
        on_snapshot(self, snapshot: &Snapshot);
        on_train_end(self, run: &mut Run<'_>);
        load_state_dict(self, state: &StateDict);
    }
}
