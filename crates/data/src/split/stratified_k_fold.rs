//! K-fold cross-validation with the same mix of classes in every fold.

use super::{Fold, Samples, Splitter, by_test_fold, check_n_splits};
use autograd_core::{Error, ErrorKind, Result, seeded};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// K folds that test nearly the same number of each class.
///
/// ```text
/// classes are numbered in the order they first appear; c₀ ≤ c₁ ≤ .. are the class numbers of all samples, sorted
/// fold i tests as many of each class as there are among cᵢ, cᵢ₊ₖ, cᵢ₊₂ₖ, ..
/// the samples of a class go to its folds in order of appearance, or in random order
/// ```
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
/// let folds = StratifiedKFold::new(2).split(Samples::new(6).classes(&classes))?;
/// assert_eq!((&folds[0].test[..], &folds[1].test[..]), (&[0, 1, 4][..], &[2, 3, 5][..]));
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StratifiedKFold {
    n_splits: usize,
    shuffle: Option<u64>,
}

impl StratifiedKFold {
    /// `n_splits` folds, at least 2; by default each class is dealt out in order.
    pub fn new(n_splits: usize) -> StratifiedKFold {
        StratifiedKFold { n_splits, shuffle: None }
    }

    /// Folds of random samples, the same for the same seed; by default the samples of a class keep their order.
    /// `rng.random()` draws a seed.
    ///
    /// # Examples
    /// ```
    /// # use wengert_data::split::{Samples, Splitter, StratifiedKFold};
    /// let classes = [0, 0, 0, 0, 1, 1];
    /// let folds = |seed| StratifiedKFold::new(2).shuffle(seed).split(Samples::new(6).classes(&classes));
    /// assert_eq!(folds(7)?, folds(7)?);
    /// assert_eq!(folds(7)?[0].test.iter().filter(|sample| **sample >= 4).count(), 1);
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    #[must_use]
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
            let members = format!("the number of members of every class (at most {largest})");
            return Err(Error::new(ErrorKind::Data, format!("{op}: n_splits is {k}, greater than {members}")));
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
        by_test_fold(op, k, &fold_of)
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

    cases![
        Case::new("two folds", StratifiedKFold::new(2), StratifiedKFold::shuffle)
            .stratified(2)
            .divides(|_, largest| largest >= 2)
            .example(&dataset(&Tensor::from([5, 6, 5, 6])), &[(&[2, 3], &[0, 1]), (&[0, 1], &[2, 3])]),
        Case::new("three folds", StratifiedKFold::new(3), StratifiedKFold::shuffle)
            .stratified(3)
            .divides(|_, largest| largest >= 3)
            .example(
                // Classes are numbered by appearance.
                Samples::new(12).classes(&[2, 2, 1, 0, 0, 0, 1, 2, 2, 1, 0, 0]),
                &[
                    (&[4, 5, 6, 7, 8, 9, 10, 11], &[0, 1, 2, 3]),
                    (&[0, 1, 2, 3, 8, 9, 10, 11], &[4, 5, 6, 7]),
                    (&[0, 1, 2, 3, 4, 5, 6, 7], &[8, 9, 10, 11]),
                ],
            ),
        Case::new("four folds", StratifiedKFold::new(4), StratifiedKFold::shuffle)
            .stratified(4)
            .divides(|_, largest| largest >= 4),
        Case::new("one fold", StratifiedKFold::new(1), StratifiedKFold::shuffle)
            .refuses(eight(), "StratifiedKFold: n_splits is 1, it must be at least 2"),
        Case::new("more folds than samples", StratifiedKFold::new(9), StratifiedKFold::shuffle)
            .refuses(eight(), "StratifiedKFold: n_splits is 9, greater than the number of samples, 8"),
        Case::new("more folds than members", StratifiedKFold::new(5), StratifiedKFold::shuffle).refuses(
            eight(),
            "StratifiedKFold: n_splits is 5, greater than the number of members of every class (at most 4)",
        ),
        Case::new("without classes", StratifiedKFold::new(2), StratifiedKFold::shuffle)
            .refuses(Samples::new(8).classes(&[0; 7]), "StratifiedKFold: 7 classes for 8 samples")
            .refuses(8, NO_CLASSES)
            .refuses(&dataset(&Tensor::from([0.5, 1.5, 0.5, 1.5])), NO_CLASSES),
    ];

    const NO_CLASSES: &str = "StratifiedKFold: the classes of the samples are needed; \
                              Samples::classes gives them, or a dataset whose y is I64 [N]";

    fn eight() -> Samples<'static> {
        Samples::new(8).classes(&[0, 0, 0, 0, 1, 1, 1, 1])
    }

    fn dataset(y: &Tensor) -> TensorDataset {
        TensorDataset::new(y.clone(), y.clone()).expect("as many inputs as targets")
    }
}
