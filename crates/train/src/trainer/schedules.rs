//! The schedules of a run.

use super::Trainer;
use wengert_optim::Schedule;

/// The schedule of a hyperparameter.
pub(crate) struct Scheduled<'t> {
    pub(crate) name: String,
    pub(crate) schedule: Box<dyn Schedule + 't>,
    pub(crate) every: Every,
}

/// The unit that a schedule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Every {
    Epoch,
    Step,
}

impl<'t> Trainer<'t> {
    /// Sets the learning rate before each *epoch*: epoch number k (the first is 0) runs with `schedule.rate(lr, k)`,
    /// where lr is that of the optimizer. By default the learning rate stays as it is. A run has one schedule; two in
    /// sequence are one with [`Schedule::then`]. Other hyperparameters have [`Trainer::schedule_of`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::{Sgd, StepLR};
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(3).schedule(StepLR::new(1).gamma(0.5));
    /// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// assert_eq!(history.epochs.iter().map(|epoch| epoch.lr).collect::<Vec<_>>(), [0.1, 0.05, 0.025]);
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn schedule(self, schedule: impl Schedule + 't) -> Self {
        self.schedule_of("lr", schedule)
    }

    /// Sets the learning rate before each *step*: the schedule counts steps, over all epochs. It stands in the place of
    /// [`Trainer::schedule`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::{Sgd, StepLR};
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).batch_size(1).schedule_by_step(StepLR::new(1).gamma(0.5));
    /// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// assert_eq!(history.epochs[0].lr, 0.05);                            // of the second step
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn schedule_by_step(self, schedule: impl Schedule + 't) -> Self {
        self.schedule_of_by_step("lr", schedule)
    }

    /// Sets a hyperparameter before each *epoch*, as [`Trainer::schedule`] sets the learning rate: `momentum`,
    /// `betas[0]`, `weight_decay`, or any other of
    /// [`Optimizer::hyperparameters`](wengert_optim::Optimizer::hyperparameters). The schedule's base is the
    /// optimizer's own number, which it has again after the run. A run has one schedule of each name.
    ///
    /// The learning rate of a group or a part, `encoder.lr`, is the one of its schedule at every step, also where that
    /// of all moves at other times; only where that is 0 so is it.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::{CosineDecay, Optimizer, Sgd};
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let mut sgd = Sgd::new(0.01).weight_decay(0.1);
    /// let trainer = Trainer::new(&mut sgd, mse_loss).epochs(3).schedule_of("weight_decay", CosineDecay::new(3));
    /// trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// assert_eq!(sgd.get("weight_decay")?, 0.1);
    ///
    /// let trainer = Trainer::new(&mut sgd, mse_loss).schedule_of("betas[0]", CosineDecay::new(3));
    /// let error = trainer.fit(&mut model, &set, None, &mut seeded(7)).expect_err("another optimizer's");
    /// assert!(error.to_string().starts_with("schedule_of: no hyperparameter is called \"betas[0]\", there are lr, "));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn schedule_of(self, name: impl Into<String>, schedule: impl Schedule + 't) -> Self {
        self.scheduled(name.into(), Box::new(schedule), Every::Epoch)
    }

    /// Sets a hyperparameter before each *step*, as [`Trainer::schedule_by_step`] sets the learning rate. It stands in
    /// the place of [`Trainer::schedule_of`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::{OneCycleLR, Sgd};
    /// # use wengert_train::Trainer;
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// // The rate up and down, the momentum down and up.
    /// let cycle = OneCycleLR::new(20);
    /// let trainer = Trainer::new(Sgd::new(0.1).momentum(0.95), mse_loss).epochs(20);
    /// let trainer = trainer.schedule_of_by_step("momentum", cycle.momentum(0.85, 0.95)).schedule_by_step(cycle);
    /// let history = trainer.fit(&mut model, &set, None, &mut seeded(7))?;
    /// assert_eq!((history.epochs[0].lr, history.epochs[5].lr), (0.1 / 25.0, 0.1));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn schedule_of_by_step(self, name: impl Into<String>, schedule: impl Schedule + 't) -> Self {
        self.scheduled(name.into(), Box::new(schedule), Every::Step)
    }

    fn scheduled(mut self, name: String, schedule: Box<dyn Schedule + 't>, every: Every) -> Self {
        // The learning rate may have another name, and is one thing.
        let name = if self.optimizer.is_lr(&name) { "lr".into() } else { name };
        self.schedules.push(Scheduled { name, schedule, every });
        self
    }
}
