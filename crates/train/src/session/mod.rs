//! The loop: a [`Trainer`] at work on a model and its sets.

mod before;
mod check;
mod content;
mod identity;
mod pass;
mod resume;
mod validation;

pub use validation::Validation;

use crate::callbacks::Callback;
use crate::checkpoint::Snapshot;
use crate::history::{EpochRecord, History};
use crate::interrupted::Interrupted;
use crate::metrics::Metric;
use crate::penalty::Penalty;
use crate::run::{Identity, Run};
use crate::trainer::{Every, Trainer};
use autograd_core::Result;
use autograd_core::module::stream_positions;
use before::Before;
use rand::{Rng, RngExt};
use resume::callback_keys;
use wengert_data::{DataLoader, Dataset};
use wengert_nn::{Layer, Loss};
use wengert_optim::Schedule;

impl Trainer<'_> {
    /// Trains a model. It is left in evaluation mode.
    ///
    /// All layers of the model are set to training in each epoch, and to evaluation after it, whatever they were;
    /// layers that [`hold_eval`](autograd_core::module::Module::hold_eval) holds stay in evaluation. What is frozen,
    /// and what is held, is part of a checkpoint: a callback may change both while training.
    ///
    /// The validation set is `&valid`, or `None` for none: then nothing is named `val_…`, neither in the history nor
    /// for callbacks. Its first batch is tried before the first step, and what that changes is put back. Exactly one
    /// number is drawn from `rng`; it decides the order of the samples in all epochs.
    ///
    /// # Errors
    /// Before anything has changed:
    /// if a set is empty, a number is out of its range (also one of the optimizer, the schedule or a metric), the model
    /// has nothing to train, a callback cannot do its work, or there is no checkpoint to resume from, or that of
    /// another run.
    ///
    /// In the middle: if the model or the loss fails on a batch, the loss is NaN or infinite (or the norm of the
    /// gradients, if they are clipped), the loss depends on no parameter, or a callback fails. Before the first step
    /// the model is put back as it was, also by a run that goes on from a checkpoint; later it keeps what it has
    /// learned up to the step before the one that failed, unless a callback puts back the best weights, and checkpoints
    /// stay. The error has the history of the run as [`Interrupted`].
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// # use wengert_train::Trainer;
    /// let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(20);
    /// let history = trainer.fit(&mut model, &set, &set, &mut seeded(7))?;
    /// assert!(history.epochs[19].get("val_loss") < history.epochs[0].get("val_loss"));
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    pub fn fit<'v>(
        mut self,
        model: &mut dyn Layer,
        train: &dyn Dataset,
        valid: impl Into<Validation<'v>>,
        rng: &mut dyn Rng,
    ) -> Result<History> {
        let leaving = &mut Leaving(&mut self);
        fit(leaving.0, model, train, valid.into().set(), rng)
    }
}

/// Says goodbye to the callbacks, after a panic, too.
struct Leaving<'l, 't>(&'l mut Trainer<'t>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        self.0.callbacks.iter_mut().for_each(|callback| callback.on_exit());
    }
}

fn fit(
    trainer: &mut Trainer<'_>,
    model: &mut dyn Layer,
    train: &dyn Dataset,
    valid: Option<&dyn Dataset>,
    rng: &mut dyn Rng,
) -> Result<History> {
    let plan = check::plan(trainer, train, valid)?;
    check::all(trainer, &plan, model)?;
    let mut identity = identity::of(trainer, &plan, model);
    let Trainer { optimizer, loss, batch_size, penalties, schedules, clip_norm, metrics, callbacks, .. } = trainer;
    let (mut before, mut resumed) = (Before::of(model), None);
    if let (true, Some(dir)) = (trainer.resume, &trainer.checkpoint) {
        identity::of_data(&mut identity, train, valid);
        let snapshot = resume::load(dir, &identity, &trainer.allowed, plan.epochs, optimizer.lr())?;
        before = Before::loading(model, &**optimizer);
        if let Err(misfit) = resume::restore(&snapshot, model, &mut **optimizer, callbacks) {
            before.restore(model, &mut **optimizer)?;
            return Err(misfit);
        }
        resumed = Some(snapshot);
    }
    // A resumed run draws, too: it leaves the generator where the first run would have left it.
    let drawn: u64 = rng.random();
    let seed = resumed.as_ref().map_or(drawn, |snapshot| snapshot.seed);
    let session = Session {
        base_lr: resumed.as_ref().map_or(optimizer.lr(), |snapshot| snapshot.base_lr),
        seed,
        missing: resumed.as_ref().map(|snapshot| snapshot.history.without_gradient.clone()),
        before: Some(before),
        loss: &**loss,
        penalties,
        schedule: schedules.first().map(|(schedule, every)| (&**schedule, *every)),
        clip_norm: *clip_norm,
        metrics,
        knows_data: resumed.is_some(),
        identity,
        sets: (train, valid),
        train: DataLoader::new(train).batch_size(*batch_size).shuffle(seed),
        valid: valid.map(|valid| DataLoader::new(valid).batch_size(*batch_size)),
        callbacks,
        run: Run {
            epoch: resumed.as_ref().map_or(0, |snapshot| snapshot.epoch),
            step: resumed.as_ref().map_or(0, |snapshot| snapshot.step),
            history: resumed.map(|snapshot| snapshot.history).unwrap_or_default(),
            model,
            optimizer: &mut **optimizer,
            plan,
            batch: 0,
            loss: f64::NAN,
        },
    };
    session.run()
}

/// A run in progress.
struct Session<'s, 'r, 't> {
    run: Run<'r>,
    loss: &'s (dyn Loss + 't),
    penalties: &'s [Box<dyn Penalty + 't>],
    schedule: Option<(&'s (dyn Schedule + 't), Every)>,
    clip_norm: Option<f64>,
    metrics: &'s [Box<dyn Metric + 't>],
    callbacks: &'s mut Vec<Box<dyn Callback + 't>>,
    train: DataLoader<'s, dyn Dataset + 's>,
    valid: Option<DataLoader<'s, dyn Dataset + 's>>,
    seed: u64,
    base_lr: f64,
    /// Parameters that got no gradient in any step; none before the first step.
    missing: Option<Vec<String>>,
    /// Until the first step of this session: what the run has found.
    before: Option<Before>,
    identity: Identity,
    /// Whether the identity has the facts about the sets, which take time to read.
    knows_data: bool,
    sets: (&'s dyn Dataset, Option<&'s dyn Dataset>),
}

impl Session<'_, '_, '_> {
    fn run(mut self) -> Result<History> {
        let outcome = self.go();
        if let Err(e) = &outcome {
            // The error that ends the run is the one to report.
            let _ = self.call(|callback, run| {
                let _ = callback.on_train_error(run, e);
                Ok(())
            });
        }
        let Session { run, before, schedule, base_lr, .. } = self;
        if schedule.is_some() {
            run.optimizer.set_lr(base_lr);
        }
        match outcome {
            Ok(()) => {
                run.model.eval();
                Ok(run.history)
            }
            Err(e) => {
                match before {
                    // An optimizer that refuses its own state is not what has ended the run.
                    Some(before) => drop(before.restore(run.model, run.optimizer)),
                    None => run.model.eval(),
                }
                Err(Interrupted::attach(e, run.history))
            }
        }
    }

    fn go(&mut self) -> Result<()> {
        self.call(|callback, run| callback.on_train_begin(run))?;
        while self.run.epoch < self.run.plan.epochs && !self.run.is_stopping() {
            self.epoch()?;
        }
        self.call(|callback, run| callback.on_train_end(run))
    }

    fn epoch(&mut self) -> Result<()> {
        self.run.epoch += 1;
        self.run.batch = 0;
        if let Some((schedule, Every::Epoch)) = self.schedule {
            self.run.optimizer.set_lr(schedule.rate(self.base_lr, self.run.epoch - 1));
        }
        self.call(|callback, run| callback.on_epoch_begin(run))?;
        let train = self.train_epoch()?;
        let valid = self.validate()?;
        self.run.history.without_gradient = self.missing.clone().unwrap_or_default();
        let record = EpochRecord { epoch: self.run.epoch, lr: self.run.lr(), train, valid };
        self.run.history.epochs.push(record);
        self.call(|callback, run| callback.on_epoch_end(run))?;
        self.snapshot()
    }

    /// Calls every callback, in order.
    fn call(&mut self, f: impl Fn(&mut dyn Callback, &mut Run<'_>) -> Result<()>) -> Result<()> {
        let Session { callbacks, run, .. } = self;
        let mut call =
            |callback: &mut Box<dyn Callback + '_>| f(&mut **callback, run).map_err(|e| e.context(callback.name()));
        callbacks.iter_mut().try_for_each(&mut call)
    }

    /// Shows the whole run to the callbacks that want to see it.
    fn snapshot(&mut self) -> Result<()> {
        if !self.callbacks.iter().any(|callback| callback.wants_snapshot(&self.run)) {
            return Ok(());
        }
        if !self.knows_data {
            identity::of_data(&mut self.identity, self.sets.0, self.sets.1);
            self.knows_data = true;
        }
        let run = &self.run;
        let (frozen, held) = resume::frozen_and_held(&*run.model);
        let states = callback_keys(self.callbacks).into_iter().zip(self.callbacks.iter().map(|c| c.state_dict()));
        let snapshot = Snapshot {
            plan: run.plan.clone(),
            identity: self.identity.clone(),
            frozen,
            held,
            epoch: run.epoch,
            step: run.step,
            seed: self.seed,
            base_lr: self.base_lr,
            model: run.model.state_dict(),
            streams: stream_positions(&*run.model),
            optimizer: run.optimizer.state_dict(),
            history: run.history.clone(),
            callbacks: states.filter(|(_, state)| !state.is_empty()).collect(),
        };
        for callback in self.callbacks.iter_mut().filter(|callback| callback.wants_snapshot(&self.run)) {
            callback.on_snapshot(&snapshot).map_err(|e| e.context(callback.name()))?;
        }
        Ok(())
    }
}
