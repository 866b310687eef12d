//! Ways to divide samples into those to train on and those to test on, one file for each.
//!
//! A [`Splitter`] works on the numbers of the samples only; [`TensorDataset::select`](crate::TensorDataset::select)
//! takes the samples themselves. Names, sizes and orders are scikit-learn's.

#[cfg(test)]
#[macro_use]
mod cases;
mod input;
pub use input::{Samples, Size};

mod k_fold;
pub use k_fold::KFold;
mod stratified_k_fold;
pub use stratified_k_fold::StratifiedKFold;
mod train_test;
pub use train_test::{TrainTestSplit, train_test_split};

use crate::shuffle::room;
use autograd_core::{Error, ErrorKind, Result};

/// One division of samples, by their numbers.
///
/// # Examples
/// ```
/// use wengert_data::split::{Fold, KFold, Splitter};
/// let folds = KFold::new(2).split(4)?;
/// assert_eq!(folds[1], Fold { train: vec![0, 1], test: vec![2, 3] });
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Numbers of the samples to train on.
    pub train: Vec<usize>,
    /// Numbers of the samples to test on.
    pub test: Vec<usize>,
}

/// A way to divide samples, once or several times.
///
/// The answer is a pure function of the splitter (its seed included) and the samples. `folds` is what an implementation
/// writes; `split` is what a caller calls, with a number of samples, a [`Samples`] or a `&TensorDataset`.
///
/// ```
/// use wengert_data::split::{KFold, Splitter};
///
/// let folds = KFold::new(2).split(5)?;
/// assert_eq!((&folds[0].train, &folds[0].test), (&vec![3, 4], &vec![0, 1, 2]));
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub trait Splitter {
    /// The divisions of these samples.
    ///
    /// # Errors
    /// If the samples cannot be divided in this way.
    fn folds(&self, samples: &Samples<'_>) -> Result<Vec<Fold>>;

    /// The divisions of these samples.
    ///
    /// # Errors
    /// Those of `folds`.
    fn split<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Vec<Fold>>
    where
        Self: Sized,
    {
        self.folds(&samples.into())
    }
}

/// The folds of a partition: sample `k` is tested in fold `fold_of[k]` and trained on in all others; both lists are
/// ascending.
fn by_test_fold(op: &str, n_splits: usize, fold_of: &[usize]) -> Result<Vec<Fold>> {
    // The compiler would leave out memory that is not used, and take it for granted.
    drop(std::hint::black_box(room(op, n_splits.checked_mul(fold_of.len()))?));
    let of = |keep: &dyn Fn(usize) -> bool| {
        fold_of.iter().enumerate().filter(|(_, fold)| keep(**fold)).map(|(sample, _)| sample).collect()
    };
    Ok((0..n_splits).map(|fold| Fold { train: of(&|f| f != fold), test: of(&|f| f == fold) }).collect())
}

/// At least two folds, and no more than there are samples.
fn check_n_splits(op: &str, n_splits: usize, n: usize) -> Result<()> {
    if n_splits < 2 {
        return Err(Error::argument(op, "n_splits", n_splits, "at least 2"));
    }
    if n_splits > n {
        let text = format!("{op}: n_splits is {n_splits}, greater than the number of samples, {n}");
        return Err(Error::new(ErrorKind::Data, text));
    }
    Ok(())
}
