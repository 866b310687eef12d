//! What a splitter is told about the samples.

use crate::dataset::TensorDataset;
use crate::error::{Error, Result};
use std::borrow::Cow;

/// How many samples there are, and, if they are known, their classes.
///
/// ```
/// use wengert_data::split::{Samples, Splitter, StratifiedKFold};
///
/// let folds = StratifiedKFold::new(2).split(Samples::of(4).classes(&[0, 0, 1, 1]))?;
/// assert_eq!(folds[0].test, [0, 2]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    n: usize,
    classes: Option<Cow<'a, [i64]>>,
}

impl<'a> Samples<'a> {
    /// So many samples.
    pub fn of(n: usize) -> Samples<'a> {
        Samples { n, classes: None }
    }

    /// With a class each.
    pub fn classes(mut self, classes: &'a [i64]) -> Samples<'a> {
        self.classes = Some(Cow::Borrowed(classes));
        self
    }

    /// How many samples there are.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The class of each sample, for a splitter that needs it.
    ///
    /// # Errors
    /// If the classes were not given, or are more or fewer than the samples.
    pub fn need_classes(&self, op: &'static str) -> Result<&[i64]> {
        let classes = self.classes.as_deref().ok_or(Error::NoClasses { op })?;
        if classes.len() != self.n {
            return Err(Error::LabelCount { op, what: "classes", got: classes.len(), n: self.n });
        }
        Ok(classes)
    }
}

impl From<usize> for Samples<'_> {
    fn from(n: usize) -> Self {
        Samples::of(n)
    }
}

impl From<&TensorDataset> for Samples<'_> {
    /// The targets are the classes, if they are `I64` of shape `[N]`.
    fn from(set: &TensorDataset) -> Self {
        Samples { n: set.len(), classes: set.classes().map(Cow::Owned) }
    }
}
