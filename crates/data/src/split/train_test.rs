//! One division into a train and a test part.

use super::input::train_test_sizes;
use super::{Fold, Samples, Size, Splitter};
use crate::shuffle::{numbers, permutation};
use crate::tensor_dataset::TensorDataset;
use autograd_core::{Result, seeded};
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
    test_size: Option<Size>,
    train_size: Option<Size>,
    shuffle: Option<u64>,
}

impl TrainTestSplit {
    /// By default: the last quarter for testing, the rest for training.
    pub fn new() -> TrainTestSplit {
        TrainTestSplit::default()
    }

    /// The size of the test part. Default: the rest, or a quarter if `train_size` is not given either.
    #[must_use]
    pub fn test_size(mut self, size: impl Into<Size>) -> TrainTestSplit {
        self.test_size = Some(size.into());
        self
    }

    /// The size of the train part. Default: the rest.
    ///
    /// # Examples
    /// ```
    /// # use wengert_data::split::{Splitter, TrainTestSplit};
    /// let fold = &TrainTestSplit::new().train_size(2).test_size(1).split(10)?[0];
    /// assert_eq!((&fold.train[..], &fold.test[..]), (&[0, 1][..], &[2][..]));
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    #[must_use]
    pub fn train_size(mut self, size: impl Into<Size>) -> TrainTestSplit {
        self.train_size = Some(size.into());
        self
    }

    /// Random samples in random order, the same for the same seed; by default the samples keep their order.
    /// `rng.random()` draws a seed.
    ///
    /// # Examples
    /// ```
    /// # use wengert_data::split::{Splitter, TrainTestSplit};
    /// let split = TrainTestSplit::new().shuffle(7);
    /// assert_eq!(split.split(100)?, split.split(100)?);
    /// assert_ne!(split.split(100)?[0].test, (75..100).collect::<Vec<_>>());
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> TrainTestSplit {
        self.shuffle = Some(seed);
        self
    }

    fn fold(&self, n: usize) -> Result<Fold> {
        let (train, test) = train_test_sizes("train_test_split", n, self.test_size, self.train_size, 0.25)?;
        Ok(match self.shuffle {
            None => {
                let mut all = numbers("train_test_split", train + test)?;
                let test = all.split_off(train);
                Fold { train: all, test }
            }
            Some(seed) => {
                let order = permutation("train_test_split", n, &mut seeded(seed))?;
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
/// Those of [`TrainTestSplit`].
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
    rng: &mut dyn Rng,
) -> Result<(TensorDataset, TensorDataset)> {
    let split = TrainTestSplit::new().test_size(test_size);
    // What is refused is refused before the generator moves.
    set.check()?;
    split.fold(set.len())?;
    let fold = split.shuffle(rng.random()).fold(set.len())?;
    Ok((set.select(&fold.train)?, set.select(&fold.test)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    cases![
        Case::new("a quarter", TrainTestSplit::new(), TrainTestSplit::shuffle)
            .complete(|n| n.div_ceil(4))
            .divides(|n, _| n >= 2)
            .example(4, &[(&[0, 1, 2], &[3])])
            .refuses(1, "train_test_split: the train part would be empty: 1 of 1 samples are for testing")
            .refuses(0, "train_test_split: the train part would be empty: 0 of 0 samples are for testing"),
        Case::new("nine tenths", TrainTestSplit::new().test_size(0.9), TrainTestSplit::shuffle)
            .complete(|n| (0.9 * n as f64).ceil() as usize)
            .divides(|n, _| n >= 10),
        Case::new("a third", TrainTestSplit::new().test_size(0.33), TrainTestSplit::shuffle)
            .complete(|n| (0.33 * n as f64).ceil() as usize)
            .divides(|n, _| n >= 2)
            .example(7, &[(&[0, 1, 2, 3], &[4, 5, 6])]),
        Case::new("seven tenths to train on", TrainTestSplit::new().train_size(0.7), TrainTestSplit::shuffle)
            .complete(|n| n - (0.7 * n as f64).floor() as usize)
            .divides(|n, _| n >= 2),
        Case::new("less than one to train on", TrainTestSplit::new().train_size(0.05), TrainTestSplit::shuffle)
            .refuses(
                10,
                "train_test_split: the train part would be empty: train_size 0.05 of 10 samples is less than one"
            ),
        Case::new(
            "less than one, and some to test",
            TrainTestSplit::new().train_size(0.05).test_size(1),
            TrainTestSplit::shuffle,
        )
        .refuses(10, "train_test_split: the train part would be empty: train_size 0.05 of 10 samples is less than one"),
        Case::new("four to train on", TrainTestSplit::new().train_size(4), TrainTestSplit::shuffle)
            .complete(|n| n - 4)
            .divides(|n, _| n > 4)
            .refuses(
                2,
                "train_test_split: train_size is 4, it must be at least 1 and less than the number of samples, 2"
            ),
        // Three tenths twice leave samples that are in neither part.
        Case::new("two fractions", TrainTestSplit::new().test_size(0.3).train_size(0.3), TrainTestSplit::shuffle)
            .disjoint(|n| ((0.3 * n as f64).floor() as usize, (0.3 * n as f64).ceil() as usize))
            .divides(|n, _| n >= 4),
        Case::new("two counts", TrainTestSplit::new().test_size(2).train_size(5), TrainTestSplit::shuffle)
            .disjoint(|_| (5, 2))
            .divides(|n, _| n >= 7),
        Case::new("all of them", TrainTestSplit::new().test_size(7), TrainTestSplit::shuffle).refuses(
            7,
            "train_test_split: test_size is 7, it must be at least 1 and less than the number of samples, 7"
        ),
        Case::new("none of them", TrainTestSplit::new().test_size(0), TrainTestSplit::shuffle).refuses(
            9,
            "train_test_split: test_size is 0, it must be at least 1 and less than the number of samples, 9"
        ),
        Case::new("too much", TrainTestSplit::new().test_size(0.75).train_size(0.5), TrainTestSplit::shuffle)
            .refuses(10, "train_test_split: test_size 0.75 and train_size 0.5 exceed 1 together"),
        Case::new("too many", TrainTestSplit::new().test_size(6).train_size(0.5), TrainTestSplit::shuffle)
            .refuses(10, "train_test_split: train_size and test_size ask for 5 + 6 samples of 10"),
        Case::new(
            "more than can be counted",
            TrainTestSplit::new().test_size(usize::MAX - 1).train_size(usize::MAX - 1),
            TrainTestSplit::shuffle,
        )
        .refuses(
            usize::MAX,
            "train_test_split: train_size and test_size ask for \
             18446744073709551614 + 18446744073709551614 samples of 18446744073709551615",
        ),
        refused_fraction(0.0, "0.0"),
        refused_fraction(1.0, "1.0"),
        refused_fraction(1.5, "1.5"),
        refused_fraction(-0.5, "-0.5"),
        refused_fraction(f64::NAN, "NaN"),
    ];

    #[test]
    fn what_is_refused_draws_nothing() {
        let numbers = |n: usize| autograd_core::Tensor::zeros(&[n], autograd_core::DType::F32).expect("small");
        let fit = TensorDataset { x: numbers(4), y: numbers(4) };
        let misfit = TensorDataset { x: numbers(4), y: numbers(3) };
        let (mut rng, mut other) = (seeded(7), seeded(7));
        assert!(train_test_split(&fit, 2.0, &mut rng).is_err() && train_test_split(&fit, 5, &mut rng).is_err());
        assert!(train_test_split(&misfit, 0.5, &mut rng).is_err() && misfit.split([0.5, 0.5], &mut rng).is_err());
        assert!(fit.split([0.5, 0.25], &mut rng).is_err());
        assert_eq!(rng.random::<u64>(), other.random::<u64>());
    }

    fn refused_fraction(size: f64, shown: &str) -> crate::split::cases::Case {
        let text =
            format!("train_test_split: test_size is {shown}, it must be a fraction between 0 and 1, both excluded");
        crate::split::cases::Case::new("a bad fraction", TrainTestSplit::new().test_size(size), TrainTestSplit::shuffle)
            .refuses(10, &text)
    }
}
