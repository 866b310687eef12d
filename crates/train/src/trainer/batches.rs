//! The batches of a run.

use super::Trainer;

impl Trainer<'_> {
    /// Samples in a batch, at least 1, in training and, unless [`Trainer::validation_batch_size`] says otherwise, in
    /// validation. Default 32.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Whether the last batch of a training epoch is left out if it has fewer samples than the others: another few in
    /// each epoch, if they are shuffled. Statistics of very few samples, as [`BatchNorm2d`](wengert_nn::BatchNorm2d)
    /// takes them, say little. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::{Callback, Result, Run, Trainer};
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0], [3.0]]), Tensor::from([[2.0], [4.0], [6.0]]))?;
    /// # struct Steps;
    /// # impl Callback for Steps {
    /// #     fn name(&self) -> &str { "Steps" }
    /// #     fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
    /// #         assert_eq!((run.plan().batches, run.step()), (1, 2));
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// // Of three samples two make a step.
    /// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(2).batch_size(2).drop_last(true);
    /// # let trainer = trainer.callback(Steps);
    /// trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// Whether the samples come in another order in each epoch; otherwise in that of the set. Default true.
    ///
    /// A set that has an order in time, or draws its samples itself, is a reason not to. In a set that is sorted by
    /// class the steps would be those of single classes.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0], [3.0]]), Tensor::from([[2.0], [4.0], [6.0]]))?;
    /// let fit = |shuffle: bool, seed: u64| {
    ///     let mut model = Linear::new(1, 1, &mut seeded(7))?;
    ///     let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(3).batch_size(1).shuffle(shuffle);
    ///     trainer.fit(&mut model, &set, None, &mut seeded(seed))?;
    ///     model.weight.item::<f32>()
    /// };
    /// assert_eq!(fit(false, 7)?, fit(false, 8)?);                     // the seed decides the order, and nothing else
    /// assert_ne!(fit(true, 7)?, fit(true, 8)?);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// How many batches a step takes, at least 1: their gradients are added up, and a batch of `n · batch_size` samples
    /// is learned from in the memory of one. Default 1.
    ///
    /// A mean over the samples is that over all of them, whatever the sizes of the batches, also with class weights and
    /// ignored targets: each batch has the weight of what its mean divides by
    /// ([`LossParts::denominator`](wengert_nn::LossParts::denominator)). A sum is the sum of all. So the gradients are
    /// those of the large batch, to the bit where all sums are exact, else up to their rounding; but layers that look
    /// at a batch as a whole, as normalisation does, see the small ones, and random numbers are drawn for each.
    /// Penalties count once. The last batches of an epoch, which may be fewer, are a step, too. Schedules and
    /// [`Run::step`](crate::Run::step) count steps; callbacks see each batch.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0], [4.0]]), Tensor::from([[2.0], [4.0], [8.0]]))?;
    /// let fit = |batch_size: usize, accumulate: usize| {
    ///     let mut model = Linear::new(1, 1, &mut seeded(7))?;
    ///     let trainer = Trainer::new(Sgd::new(0.01), mse_loss).epochs(3).batch_size(batch_size);
    ///     trainer.accumulate(accumulate).fit(&mut model, &set, None, &mut seeded(7))?;
    ///     model.weight.item::<f32>()
    /// };
    /// assert!((fit(2, 2)? - fit(3, 1)?).abs() < 1e-6);                // batches of 2 and 1
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.accumulate = batches;
        self
    }
}
