//! K-fold cross-validation with the same mix of classes in every fold.
//!
//! ```text
//! classes are numbered in the order they first appear; c₀ ≤ c₁ ≤ .. are the class numbers of all samples, sorted
//! fold i tests as many of each class as there are among cᵢ, cᵢ₊ₖ, cᵢ₊₂ₖ, ..
//! the samples of a class go to its folds in order of appearance, or in random order
//! ```

use super::{Fold, Samples, Splitter, by_test_fold, check_n_splits};
use crate::error::{Error, Result};
use autograd_core::seeded;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// K folds that test nearly the same number of each class.
///
/// A class with fewer than `n_splits` members is missing from some folds; only if *every* class is that small is it an
/// error.
///
/// # Errors
/// `split` fails if `n_splits < 2`, if there are fewer samples than folds, if every class has fewer members than there
/// are folds, or if the classes are not given.
///
/// # Examples
/// ```
/// use wengert_data::split::{Samples, Splitter, StratifiedKFold};
///
/// let classes = [0, 0, 0, 0, 1, 1];
/// let folds = StratifiedKFold::new(2).split(Samples::of(6).classes(&classes))?;
/// assert_eq!((&folds[0].test[..], &folds[1].test[..]), (&[0, 1, 4][..], &[2, 3, 5][..]));
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StratifiedKFold {
    /// How many folds, at least 2.
    pub n_splits: usize,
    /// The seed of the order in which the samples of a class are dealt out; none keeps their own.
    pub shuffle: Option<u64>,
}

impl StratifiedKFold {
    /// So many folds, each class dealt out in order.
    pub fn new(n_splits: usize) -> StratifiedKFold {
        StratifiedKFold { n_splits, shuffle: None }
    }

    /// Folds of random samples, the same for the same seed. `rng.random()` draws a seed.
    pub fn shuffle(mut self, seed: u64) -> StratifiedKFold {
        self.shuffle = Some(seed);
        self
    }
}

impl Splitter for StratifiedKFold {
    fn folds(&self, samples: &Samples<'_>) -> Result<Vec<Fold>> {
        let op = "StratifiedKFold";
        let (n, k) = (samples.n(), self.n_splits);
        check_n_splits(op, k, n)?;
        let members = members_by_appearance(samples.need_classes(op)?);
        let largest = members.iter().map(Vec::len).max().unwrap_or(0);
        if k > largest {
            return Err(Error::SmallClasses { op, n_splits: k, largest });
        }
        let mut rng = self.shuffle.map(seeded);
        let mut fold_of = vec![0; n];
        let mut position = 0;
        for class in members {
            // This class takes up the places position.. of the sorted class numbers; place p belongs to fold p mod k.
            let mut places: Vec<usize> = (position..position + class.len()).map(|place| place % k).collect();
            position += class.len();
            places.sort_unstable();
            if let Some(rng) = &mut rng {
                places.shuffle(rng);
            }
            for (sample, fold) in class.into_iter().zip(places) {
                fold_of[sample] = fold;
            }
        }
        Ok(by_test_fold(k, &fold_of))
    }
}

/// The samples of each class, ascending; classes in the order they first appear.
fn members_by_appearance(classes: &[i64]) -> Vec<Vec<usize>> {
    let mut number: BTreeMap<i64, usize> = BTreeMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (sample, class) in classes.iter().enumerate() {
        let next = members.len();
        let number = *number.entry(*class).or_insert(next);
        if number == next {
            members.push(Vec::new());
        }
        members[number].push(sample);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TensorDataset;
    use autograd_core::Tensor;
    use proptest::prelude::*;

    #[test]
    fn classes_are_numbered_by_appearance() {
        let y = [2, 2, 1, 0, 0, 0, 1, 2, 2, 1, 0, 0];
        let folds = StratifiedKFold::new(3).split(Samples::of(12).classes(&y)).expect("enough of each class");
        let tests: Vec<_> = folds.into_iter().map(|fold| fold.test).collect();
        assert_eq!(tests, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9, 10, 11]]);
    }

    #[test]
    fn a_dataset_brings_its_classes() {
        let set = |y: Tensor| TensorDataset::new(Tensor::from([0.0, 1.0, 2.0, 3.0]), y).expect("four of each");
        let labelled = set(Tensor::from([5, 6, 5, 6]));
        assert_eq!(StratifiedKFold::new(2).split(&labelled).expect("two of each class")[1].test, [2, 3]);

        let error = StratifiedKFold::new(2).split(&set(Tensor::from([0.5, 1.5, 0.5, 1.5]))).expect_err("no classes");
        let text = "StratifiedKFold: the classes of the samples are needed; \
                    Samples::classes gives them, or a dataset whose y is I64 [N]";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn bad_input() {
        let check = |n_splits: usize, y: &[i64], text: &str| {
            let error = StratifiedKFold::new(n_splits).split(Samples::of(8).classes(y)).expect_err("a bad split");
            assert_eq!(error.to_string(), text);
        };
        let y = [0, 0, 0, 0, 1, 1, 1, 1];
        check(1, &y, "StratifiedKFold: n_splits is 1, it must be at least 2");
        check(9, &y, "StratifiedKFold: n_splits is 9, greater than the number of samples, 8");
        let text = "StratifiedKFold: n_splits is 5, greater than the number of members of every class (at most 4)";
        check(5, &y, text);
        check(2, &y[..7], "StratifiedKFold: 7 classes for 8 samples");
    }

    proptest! {
        #[test]
        fn every_fold_gets_its_share(y in prop::collection::vec(0i64..4, 8..60), k in 2usize..5, seed: Option<u64>) {
            let splitter = StratifiedKFold { n_splits: k, shuffle: seed };
            let Ok(folds) = splitter.split(Samples::of(y.len()).classes(&y)) else { return Ok(()) };
            let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort_unstable();
            prop_assert_eq!(tested, (0..y.len()).collect::<Vec<_>>());
            for class in 0..4 {
                let count = |fold: &Fold| fold.test.iter().filter(|sample| y[**sample] == class).count();
                let (all, counts) = (y.iter().filter(|y| **y == class).count(), folds.iter().map(count));
                prop_assert!(counts.clone().all(|count| count == all / k || count == all.div_ceil(k)));
            }
        }
    }
}
