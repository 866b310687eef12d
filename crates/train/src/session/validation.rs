//! The validation set of a run, or none.

use wengert_data::Dataset;

/// The validation set of [`Trainer::fit`](crate::Trainer::fit), or none: `&set` and `None` become one.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, seeded};
/// use wengert_data::TensorDataset;
/// use wengert_nn::{Linear, mse_loss};
/// use wengert_optim::Sgd;
/// use wengert_train::{Trainer, Validation};
/// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// for (validation, measured) in [(Validation::from(&set), true), (Validation::from(None), false)] {
///     let mut model = Linear::new(1, 1, &mut seeded(7))?;
///     let history = Trainer::new(Sgd::new(0.1), mse_loss).fit(&mut model, &set, validation, &mut seeded(7))?;
///     assert_eq!(history.epochs[0].get("val_loss").is_some(), measured);
/// }
/// # Ok::<(), wengert_train::Error>(())
/// ```
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
