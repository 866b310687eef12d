//! Number and classes of the samples to be divided.

use crate::tensor_dataset::TensorDataset;
use autograd_core::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// How many samples there are, and, if they are known, their classes.
///
/// ```
/// use wengert_data::split::{Samples, Splitter, StratifiedKFold};
///
/// let folds = StratifiedKFold::new(2).split(Samples::new(4).classes(&[0, 0, 1, 1]))?;
/// assert_eq!(folds[0].test, [0, 2]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    n: usize,
    classes: Option<Cow<'a, [i64]>>,
}

impl<'a> Samples<'a> {
    /// This number of samples, without classes.
    pub fn new(n: usize) -> Samples<'a> {
        Samples { n, classes: None }
    }

    /// The class of each sample, for splitters that need it. By default there are none.
    #[must_use]
    pub fn classes(mut self, classes: &'a [i64]) -> Samples<'a> {
        self.classes = Some(Cow::Borrowed(classes));
        self
    }

    /// How many samples there are.
    ///
    /// # Examples
    /// ```
    /// # use wengert_data::split::Samples;
    /// assert_eq!(Samples::new(4).n(), 4);
    /// ```
    pub fn n(&self) -> usize {
        self.n
    }

    /// The class of each sample, for a splitter that needs it.
    ///
    /// # Errors
    /// If the classes were not given, or are more or fewer than the samples.
    ///
    /// # Examples
    /// ```
    /// # use wengert_data::split::Samples;
    /// assert_eq!(Samples::new(3).classes(&[0, 0, 1]).need_classes("KFold")?, [0, 0, 1]);
    /// assert!(Samples::new(3).need_classes("KFold").is_err());
    /// # Ok::<(), wengert_data::Error>(())
    /// ```
    pub fn need_classes(&self, op: &str) -> Result<&[i64]> {
        let Some(classes) = self.classes.as_deref() else {
            let given = "Samples::classes gives them, or a dataset whose y is I64 [N]";
            return Err(Error::new(ErrorKind::Data, format!("{op}: the classes of the samples are needed; {given}")));
        };
        if classes.len() != self.n {
            let text = format!("{op}: {} classes for {} samples", classes.len(), self.n);
            return Err(Error::new(ErrorKind::Data, text));
        }
        Ok(classes)
    }
}

impl From<usize> for Samples<'_> {
    fn from(n: usize) -> Self {
        Samples::new(n)
    }
}

impl From<&TensorDataset> for Samples<'_> {
    /// The targets are the classes, if they are `I64` of shape `[N]`.
    fn from(set: &TensorDataset) -> Self {
        Samples { n: set.len(), classes: set.classes().map(Cow::Owned) }
    }
}
