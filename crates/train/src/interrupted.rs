//! The findings of a run that an error has ended.

use crate::history::History;
use autograd_core::Error;
use std::fmt;

/// The history of a run that an error has ended: a detail of that error.
///
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{Interrupted, Trainer};
///
/// let set = TensorDataset::new(Tensor::from([[1.0]]), Tensor::from([[2.0]]))?;
/// let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// // Every step is larger than the one before, until the loss is infinite.
/// let trainer = Trainer::new(Sgd::new(1e6), mse_loss).epochs(100);
/// let error = trainer.fit(&mut model, &set, None, &mut seeded(7)).expect_err("the loss is infinite");
/// let history = &error.detail::<Interrupted>().expect("the run had begun").history;
/// assert!(!history.epochs.is_empty() && history.epochs.len() < 100);
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Debug)]
pub struct Interrupted {
    /// The epochs that were done.
    pub history: History,
    cause: Error,
}

impl Interrupted {
    /// The error with the history behind it, and behind that whatever was behind the error.
    pub(crate) fn attach(error: Error, history: History) -> Error {
        let cause = error.clone();
        error.with_source(Interrupted { history, cause })
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs = self.history.epochs.len();
        write!(f, "the run ended after {epochs} epoch{}", if epochs == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Interrupted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}
