//! Sizes of a train and a test part.

use autograd_core::{Error, ErrorKind, Result};

/// The size of a part: a fraction of the samples, or a number of them.
///
/// # Examples
/// ```
/// use wengert_data::split::{Size, Splitter, TrainTestSplit};
/// assert_eq!((Size::from(0.25), Size::from(3)), (Size::Fraction(0.25), Size::Count(3)));
/// assert_eq!(TrainTestSplit::new().test_size(3).split(10)?[0].test, [7, 8, 9]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// A fraction, between 0 and 1, both excluded.
    Fraction(f64),
    /// A number of samples, at least 1 and fewer than all.
    Count(usize),
}

impl From<f64> for Size {
    fn from(fraction: f64) -> Size {
        Size::Fraction(fraction)
    }
}

impl From<usize> for Size {
    fn from(count: usize) -> Size {
        Size::Count(count)
    }
}

/// The numbers of train and test samples. `default_test` is the test fraction if neither size is given.
pub(in crate::split) fn train_test_sizes(
    op: &str,
    n: usize,
    test: Option<Size>,
    train: Option<Size>,
    default_test: f64,
) -> Result<(usize, usize)> {
    let test = if test.is_none() && train.is_none() { Some(Size::Fraction(default_test)) } else { test };
    for (name, size) in [("test_size", test), ("train_size", train)] {
        match size {
            Some(Size::Fraction(f)) if !(f > 0.0 && f < 1.0) => {
                return Err(Error::argument(op, name, f, "a fraction between 0 and 1, both excluded"));
            }
            Some(Size::Count(count)) if count == 0 || count >= n => {
                let must = format!("at least 1 and less than the number of samples, {n}");
                return Err(Error::argument(op, name, count, must));
            }
            _ => {}
        }
    }
    if let (Some(Size::Fraction(test)), Some(Size::Fraction(train))) = (test, train)
        && test + train > 1.0
    {
        let text = format!("{op}: test_size {test:?} and train_size {train:?} exceed 1 together");
        return Err(Error::new(ErrorKind::Argument, text));
    }
    // Only the product can exceed n by rounding, and only for an n that no memory holds.
    let n_test = test.map(|size| match size {
        Size::Fraction(f) => ((f * n as f64).ceil() as usize).min(n),
        Size::Count(count) => count,
    });
    let n_train = train.map(|size| match size {
        Size::Fraction(f) => ((f * n as f64).floor() as usize).min(n),
        Size::Count(count) => count,
    });
    let (n_train, n_test) = match (n_train, n_test) {
        (Some(train), Some(test)) => (train, test),
        (Some(train), None) => (train, n - train),
        (None, test) => (n - test.unwrap_or(0), test.unwrap_or(0)),
    };
    // Neither exceeds n, and together they may be more than can be counted.
    if n_train > n - n_test {
        let text = format!("{op}: train_size and test_size ask for {n_train} + {n_test} samples of {n}");
        return Err(Error::new(ErrorKind::Data, text));
    }
    if n_train == 0 {
        let why = match train {
            Some(Size::Fraction(f)) => format!("train_size {f:?} of {n} samples is less than one"),
            _ => format!("{n_test} of {n} samples are for testing"),
        };
        return Err(Error::new(ErrorKind::Data, format!("{op}: the train part would be empty: {why}")));
    }
    Ok((n_train, n_test))
}
