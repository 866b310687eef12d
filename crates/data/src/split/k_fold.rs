//! K-fold cross-validation.
//!
//! ```text
//! the test sets partition 0..n; the first n mod k of them have ⌊n/k⌋ + 1 samples, the others ⌊n/k⌋
//! ```

use super::{Fold, Samples, Splitter, by_test_fold, check_n_splits};
use crate::error::Result;
use crate::shuffle::permutation;
use autograd_core::seeded;

/// K folds of nearly equal size: each sample is tested once and trained on `n_splits − 1` times.
///
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
    /// How many folds, at least 2.
    pub n_splits: usize,
    /// The seed of the order in which samples are dealt out; none keeps their own.
    pub shuffle: Option<u64>,
}

impl KFold {
    /// So many folds of neighbouring samples.
    pub fn new(n_splits: usize) -> KFold {
        KFold { n_splits, shuffle: None }
    }

    /// Folds of random samples, the same for the same seed. `rng.random()` draws a seed.
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
            Some(seed) => permutation(n, &mut seeded(seed)),
            None => (0..n).collect(),
        };
        let sizes = (0..k).map(|fold| n / k + usize::from(fold < n % k));
        let places = sizes.enumerate().flat_map(|(fold, size)| std::iter::repeat_n(fold, size));
        let mut fold_of = vec![0; n];
        for (sample, fold) in order.into_iter().zip(places) {
            fold_of[sample] = fold;
        }
        Ok(by_test_fold(k, &fold_of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_folds_get_one_more() {
        let folds = KFold::new(3).split(7).expect("7 samples make 3 folds");
        let expected: [(&[usize], &[usize]); 3] =
            [(&[3, 4, 5, 6], &[0, 1, 2]), (&[0, 1, 2, 5, 6], &[3, 4]), (&[0, 1, 2, 3, 4], &[5, 6])];
        assert_eq!(folds.len(), 3);
        for (fold, (train, test)) in folds.iter().zip(expected) {
            assert_eq!((&fold.train[..], &fold.test[..]), (train, test));
        }
    }

    #[test]
    fn bad_input() {
        let check = |n_splits: usize, n: usize, text: &str| {
            for splitter in [KFold::new(n_splits), KFold::new(n_splits).shuffle(0)] {
                assert_eq!(splitter.split(n).expect_err("a bad split").to_string(), text);
            }
        };
        check(0, 10, "KFold: n_splits is 0, it must be at least 2");
        check(1, 10, "KFold: n_splits is 1, it must be at least 2");
        check(10, 7, "KFold: n_splits is 10, greater than the number of samples, 7");
        check(2, 0, "KFold: n_splits is 2, greater than the number of samples, 0");
    }

    #[test]
    fn seeds_decide() {
        let split = |seed| KFold::new(4).shuffle(seed).split(40).expect("40 samples make 4 folds");
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    proptest! {
        #[test]
        fn folds_partition(n in 2usize..200, k in 2usize..20, seed in proptest::option::of(any::<u64>())) {
            prop_assume!(k <= n);
            let folds = KFold { n_splits: k, shuffle: seed }.split(n).expect("k ≤ n");
            let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort_unstable();
            prop_assert_eq!(tested, (0..n).collect::<Vec<_>>());
            for (i, fold) in folds.iter().enumerate() {
                prop_assert_eq!(fold.test.len(), n / k + usize::from(i < n % k));
                let mut both = [fold.train.clone(), fold.test.clone()].concat();
                both.sort_unstable();
                prop_assert_eq!(both, (0..n).collect::<Vec<_>>());
                prop_assert!(fold.train.is_sorted() && fold.test.is_sorted());
            }
        }
    }
}
