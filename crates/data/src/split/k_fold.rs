//! K-fold cross-validation.

use super::{Fold, Samples, Splitter, by_test_fold, check_n_splits};
use crate::shuffle::{numbers, permutation, room};
use autograd_core::{Result, seeded};

/// K folds of nearly equal size: each sample is tested once and trained on `n_splits − 1` times.
///
/// ```text
/// the test sets partition 0..n; the first n mod k of them have ⌊n/k⌋ + 1 samples, the others ⌊n/k⌋
/// ```
/// Without `shuffle` the test sets are neighbouring samples; with it, random ones. Either way both lists of a fold are
/// ascending.
///
/// # Errors
/// `split` fails if `n_splits < 2` or there are fewer samples than folds.
///
/// # Examples
/// ```
/// use wengert_data::split::{KFold, Splitter};
///
/// let folds = KFold::new(3).shuffle(7).split(10)?;
/// assert_eq!(folds.iter().map(|fold| fold.test.len()).collect::<Vec<_>>(), [4, 3, 3]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KFold {
    n_splits: usize,
    shuffle: Option<u64>,
}

impl KFold {
    /// `n_splits` folds, at least 2; by default of neighbouring samples.
    pub fn new(n_splits: usize) -> KFold {
        KFold { n_splits, shuffle: None }
    }

    /// Folds of random samples, the same for the same seed; by default the samples keep their order. `rng.random()`
    /// draws a seed.
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> KFold {
        self.shuffle = Some(seed);
        self
    }
}

impl Splitter for KFold {
    fn folds(&self, samples: &Samples<'_>) -> Result<Vec<Fold>> {
        let (n, k) = (samples.n(), self.n_splits);
        check_n_splits("KFold", k, n)?;
        let order = match self.shuffle {
            Some(seed) => permutation("KFold", n, &mut seeded(seed))?,
            None => numbers("KFold", n)?,
        };
        let sizes = (0..k).map(|fold| n / k + usize::from(fold < n % k));
        let places = sizes.enumerate().flat_map(|(fold, size)| std::iter::repeat_n(fold, size));
        let mut fold_of = room("KFold", Some(n))?;
        fold_of.resize(n, 0);
        for (sample, fold) in order.into_iter().zip(places) {
            fold_of[sample] = fold;
        }
        by_test_fold("KFold", k, &fold_of)
    }
}

#[cfg(test)]
cases![
    Case::new("two folds", KFold::new(2), KFold::shuffle).partition(2).divides(|n, _| n >= 2),
    Case::new("three folds", KFold::new(3), KFold::shuffle)
        .partition(3)
        .divides(|n, _| n >= 3)
        .example(7, &[(&[3, 4, 5, 6], &[0, 1, 2]), (&[0, 1, 2, 5, 6], &[3, 4]), (&[0, 1, 2, 3, 4], &[5, 6])],),
    Case::new("twenty folds", KFold::new(20), KFold::shuffle).partition(20).divides(|n, _| n >= 20),
    Case::new("no fold", KFold::new(0), KFold::shuffle).refuses(10, "KFold: n_splits is 0, it must be at least 2"),
    Case::new("one fold", KFold::new(1), KFold::shuffle).refuses(10, "KFold: n_splits is 1, it must be at least 2"),
    Case::new("more folds than samples", KFold::new(10), KFold::shuffle)
        .refuses(7, "KFold: n_splits is 10, greater than the number of samples, 7")
        .refuses(0, "KFold: n_splits is 10, greater than the number of samples, 0"),
];
