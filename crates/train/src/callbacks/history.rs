//! The history of a run that is kept, however the run ends.

use super::Callback;
use crate::history::History;
use crate::run::Run;
use autograd_core::{Error, Result};

/// Keeps the history of a run: as `&mut history` it is there after the run, also if a panic has ended it, which
/// [`Trainer::fit`](crate::Trainer::fit) passes on without one.
///
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{History, Trainer};
///
/// let set = TensorDataset::new(Tensor::from([[1.0]]), Tensor::from([[2.0]]))?;
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let mut kept = History::default();
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(5).callback(&mut kept);
/// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// assert_eq!(kept, history);
/// # Ok::<(), wengert_train::Error>(())
/// ```
impl Callback for History {
    fn name(&self) -> &str {
        "History"
    }

    fn only_watches(&self) -> bool {
        true
    }

    fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        *self = run.history().clone();
        Ok(())
    }

    fn on_train_error(&mut self, run: &mut Run<'_>, _: &Error) -> Result<()> {
        *self = run.history().clone();
        Ok(())
    }
}

#[cfg(test)]
cases![Case::new("History", |_| History::default()).then(|kept, seen, _| assert_eq!(*kept, seen.history))];
