//! One division into a train and a test part.

use super::size::train_test_sizes;
use super::{Fold, Samples, Size, Splitter};
use crate::dataset::TensorDataset;
use crate::error::Result;
use crate::shuffle::permutation;
use autograd_core::seeded;
use rand::{Rng, RngExt};

/// A train and a test part, in order (the train part first) or of random samples.
///
/// ```text
/// n_test = ⌈test_size · n⌉, n_train = ⌊train_size · n⌋ for fractions; a size that is not given is the rest
/// ```
/// If neither is given, a quarter is for testing. Two sizes may leave samples that are in neither part.
///
/// # Errors
/// `split` fails if a fraction is not between 0 and 1, a count is 0 or not less than the number of samples, the two
/// sizes exceed it together, or no sample is left for training.
///
/// # Examples
/// ```
/// use wengert_data::split::{Splitter, TrainTestSplit};
///
/// let folds = TrainTestSplit::new().test_size(0.33).split(7)?;
/// assert_eq!((&folds[0].train[..], &folds[0].test[..]), (&[0, 1, 2, 3][..], &[4, 5, 6][..]));
/// # Ok::<(), wengert_data::Error>(())
/// ```
///
/// # Differs from
/// scikit-learn: in order unless a seed is given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrainTestSplit {
    /// Size of the test part; if not given the rest, or a quarter.
    pub test_size: Option<Size>,
    /// Size of the train part; if not given the rest.
    pub train_size: Option<Size>,
    /// The seed of the order in which samples are taken; none keeps their own.
    pub shuffle: Option<u64>,
}

impl TrainTestSplit {
    /// The last quarter for testing, the rest for training.
    pub fn new() -> TrainTestSplit {
        TrainTestSplit::default()
    }

    /// Sets the size of the test part.
    pub fn test_size(mut self, size: impl Into<Size>) -> TrainTestSplit {
        self.test_size = Some(size.into());
        self
    }

    /// Sets the size of the train part.
    pub fn train_size(mut self, size: impl Into<Size>) -> TrainTestSplit {
        self.train_size = Some(size.into());
        self
    }

    /// Random samples in random order, the same for the same seed. `rng.random()` draws a seed.
    pub fn shuffle(mut self, seed: u64) -> TrainTestSplit {
        self.shuffle = Some(seed);
        self
    }

    fn fold(&self, n: usize) -> Result<Fold> {
        let (train, test) = train_test_sizes("train_test_split", n, self.test_size, self.train_size, 0.25)?;
        Ok(match self.shuffle {
            None => Fold { train: (0..train).collect(), test: (train..train + test).collect() },
            Some(seed) => {
                let order = permutation(n, &mut seeded(seed));
                Fold { train: order[test..test + train].to_vec(), test: order[..test].to_vec() }
            }
        })
    }
}

impl Splitter for TrainTestSplit {
    fn folds(&self, samples: &Samples<'_>) -> Result<Vec<Fold>> {
        Ok(vec![self.fold(samples.n())?])
    }
}

/// A dataset's samples in two parts, shuffled: for training, and `test_size` of them for testing.
///
/// # Errors
/// As [`TrainTestSplit`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_data::split::train_test_split;
///
/// let set = TensorDataset::new(Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]), Tensor::from([1, 2, 3, 4, 5]))?;
/// let (train, test) = train_test_split(&set, 0.2, &mut seeded(7))?;
/// assert_eq!((train.len(), test.len()), (4, 1));
/// # Ok::<(), wengert_data::Error>(())
/// ```
pub fn train_test_split(
    set: &TensorDataset,
    test_size: impl Into<Size>,
    rng: &mut (impl Rng + ?Sized),
) -> Result<(TensorDataset, TensorDataset)> {
    let fold = TrainTestSplit::new().test_size(test_size).shuffle(rng.random()).fold(set.len())?;
    Ok((set.select(&fold.train)?, set.select(&fold.test)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sizes(n: usize, test: Option<Size>, train: Option<Size>) -> std::result::Result<(usize, usize), String> {
        let splitter = TrainTestSplit { test_size: test, train_size: train, shuffle: None };
        splitter.fold(n).map(|fold| (fold.train.len(), fold.test.len())).map_err(|e| e.to_string())
    }

    #[test]
    fn fractions_are_rounded_towards_the_test_part() {
        let f = |size: f64| Some(Size::Fraction(size));
        let c = |count: usize| Some(Size::Count(count));
        assert_eq!(sizes(11, None, None), Ok((8, 3)));
        assert_eq!(sizes(7, f(0.1), None), Ok((6, 1)));
        assert_eq!(sizes(11, f(0.9), None), Ok((1, 10)));
        assert_eq!(sizes(7, None, f(0.7)), Ok((4, 3)));
        assert_eq!(sizes(11, f(0.3), f(0.3)), Ok((3, 4)));
        assert_eq!(sizes(101, c(2), c(5)), Ok((5, 2)));
        assert_eq!(sizes(10, None, c(4)), Ok((4, 6)));
    }

    #[test]
    fn bad_input() {
        let check = |n: usize, test: Option<Size>, train: Option<Size>, text: &str| {
            assert_eq!(sizes(n, test, train), Err(format!("train_test_split: {text}")));
        };
        for (size, shown) in [(0.0, "0.0"), (1.0, "1.0"), (1.5, "1.5"), (-0.5, "-0.5"), (f64::NAN, "NaN")] {
            let text = format!("test_size is {shown}, it must be a fraction between 0 and 1, both excluded");
            check(10, Some(size.into()), None, &text);
        }
        let count = "it must be at least 1 and less than the number of samples";
        check(7, Some(Size::Count(7)), None, &format!("test_size is 7, {count}, 7"));
        check(2, None, Some(Size::Count(4)), &format!("train_size is 4, {count}, 2"));
        check(9, Some(Size::Count(0)), None, &format!("test_size is 0, {count}, 9"));
        check(10, Some(0.75.into()), Some(0.5.into()), "test_size + train_size is 1.25, it must be at most 1");
        check(10, Some(Size::Count(6)), Some(0.5.into()), "train_size and test_size ask for 5 + 6 samples of 10");
        check(1, Some(0.2.into()), None, "the train part would be empty: 1 of 1 samples are for testing");
        check(0, None, None, "the train part would be empty: 0 of 0 samples are for testing");
    }

    proptest! {
        #[test]
        fn parts_are_disjoint(
            n in 0usize..100,
            test in 0.0f64..1.1,
            train in prop::option::of(0.0f64..1.1),
            seed: Option<u64>,
        ) {
            let train_size = train.map(Size::Fraction);
            let splitter = TrainTestSplit { test_size: Some(test.into()), train_size, shuffle: seed };
            let Ok(fold) = splitter.fold(n) else { return Ok(()) };
            let mut both = [fold.train.clone(), fold.test.clone()].concat();
            both.sort_unstable();
            both.dedup();
            prop_assert_eq!(both.len(), fold.train.len() + fold.test.len());
            prop_assert!(both.iter().all(|sample| *sample < n) && !fold.train.is_empty());
            if train.is_none() {
                prop_assert_eq!(both.len(), n);
            }
        }
    }
}
