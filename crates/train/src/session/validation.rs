//! The validation set of a run, or none.

use wengert_data::Dataset;

/// The validation set of [`Trainer::fit`](crate::Trainer::fit), or none: `&set` and `None` become one.
#[derive(Clone, Copy)]
pub struct Validation<'v>(Option<&'v dyn Dataset>);

impl<'v> Validation<'v> {
    pub(super) fn set(self) -> Option<&'v dyn Dataset> {
        self.0
    }
}

impl<'v, D: Dataset> From<&'v D> for Validation<'v> {
    fn from(set: &'v D) -> Self {
        Validation(Some(set))
    }
}

impl<'v> From<&'v dyn Dataset> for Validation<'v> {
    fn from(set: &'v dyn Dataset) -> Self {
        Validation(Some(set))
    }
}

impl<'v> From<Option<&'v dyn Dataset>> for Validation<'v> {
    fn from(set: Option<&'v dyn Dataset>) -> Self {
        Validation(set)
    }
}
