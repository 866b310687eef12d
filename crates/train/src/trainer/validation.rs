//! Validation in a run.

use super::Trainer;

impl Trainer<'_> {
    /// Samples in a batch of validation, at least 1. Default: as many as in training, [`Trainer::batch_size`].
    ///
    /// Nothing is kept for derivatives there, so there is room for larger ones. Without a validation set it says
    /// nothing.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0], [3.0]]), Tensor::from([[2.0], [4.0], [6.0]]))?;
    /// let val_loss = |size: usize| {
    ///     let mut model = Linear::new(1, 1, &mut seeded(7))?;
    ///     let trainer = Trainer::new(Sgd::new(0.1), mse_loss).batch_size(1).validation_batch_size(size);
    ///     let history = trainer.fit(&mut model, &set, &set, &mut seeded(7))?;
    ///     Ok::<_, wengert_train::Error>(history.values("val_loss")[0])
    /// };
    /// assert!((val_loss(3)? - val_loss(1)?).abs() < 1e-6);            // the loss of the set, however it is cut
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn validation_batch_size(mut self, batch_size: usize) -> Self {
        self.validation_batch_size = Some(batch_size);
        self
    }

    /// The number of epochs from one validation to the next, at least 1; there is also one after the last epoch.
    /// Default 1.
    ///
    /// An epoch without validation has nothing named `val_…` in its record. A callback that watches such a value passes
    /// over that epoch: it is not the best, and is not counted as one without improvement, so a patience is one of
    /// validations. The last epoch is the last of [`Trainer::epochs`], or one in which a callback has stopped the run
    /// before its end. A run that is stopped at the end of an epoch ends with what was measured; without a validation
    /// set nothing is. Where a run goes on with more epochs than it had, its last epoch was validated, which that of a
    /// longer run would not have been: callbacks have seen one value more.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(5).validate_every(2);
    /// let history = trainer.fit(&mut model, &set, &set, &mut seeded(7))?;
    /// let validated = history.epochs.iter().filter(|epoch| epoch.get("val_loss").is_some());
    /// assert_eq!(validated.map(|epoch| epoch.epoch).collect::<Vec<_>>(), [2, 4, 5]);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    ///
    /// # Differs from
    /// Keras, where it is `validation_freq` of `fit`, and the last epoch is none of its own.
    pub fn validate_every(mut self, epochs: u64) -> Self {
        self.validate_every = epochs;
        self
    }
}
