//! The statistics of normalisation in a run.

use super::Trainer;

impl Trainer<'_> {
    /// Whether the running statistics of all normalisation layers are estimated again after each epoch, at the weights
    /// to evaluate at ([`update_batch_norm`](wengert_nn::update_batch_norm)). Default false.
    ///
    /// For optimizers with such weights, like [`Swa`](wengert_optim::Swa) and [`Ema`](wengert_optim::Ema): otherwise
    /// the statistics at validation, in checkpoints and at the end are those of the weights that were trained, which
    /// the average is not. It takes one more forward pass over the training set for each epoch, in its order, and in
    /// batches of [`Trainer::batch_size`]: the samples of a batch should be as mixed as in training, so a set that is
    /// sorted by class is shuffled before. Neither weights nor sources of randomness change. Buffers of other layers go
    /// on as in any pass of training, like the vectors of [`SpectralNorm`](wengert_nn::SpectralNorm). A run that fails
    /// makes no such pass on its way out: its statistics are those that the last steps have left. A model without
    /// running statistics is refused before the first step. What is held in evaluation keeps its own.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{BatchNorm1d, mse_loss};
    /// # use wengert_optim::{Sgd, Swa};
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [3.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let mut norm = BatchNorm1d::new(1)?;
    /// let trainer = Trainer::new(Swa::new(Sgd::new(0.1)), mse_loss).update_batch_norm(true);
    /// trainer.fit(&mut norm, &set, &set, &mut seeded(7))?;
    /// let [mean, var] = norm.running_stats().expect("tracked");
    /// assert_eq!((mean.item::<f32>()?, var.item::<f32>()?), (2.0, 2.0)); // of all samples, not a tenth of the way there
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn update_batch_norm(mut self, update: bool) -> Self {
        self.update_batch_norm = update;
        self
    }
}
