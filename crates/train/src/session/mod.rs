//! The loop: a [`Trainer`] at work on a model and its sets.

mod before;
mod check;
mod pass;
mod resume;
mod validation;

pub use validation::Validation;

use crate::callbacks::Callback;
use crate::checkpoint::Snapshot;
use crate::history::{EpochRecord, History};
use crate::metrics::Metric;
use crate::penalty::Penalty;
use crate::run::Run;
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
    /// The validation set is `&valid`, or `None` for none: then nothing is named `val_…`, neither in the history nor
    /// for callbacks. Exactly one number is drawn from `rng`; it decides the order of the samples in all epochs.
    ///
    /// # Errors
    /// Before anything has changed:
    /// if a set is empty, a number is out of its range (also one of the optimizer, the schedule or a metric), the model
    /// has nothing to train, a callback cannot do its work, or there is no checkpoint to resume from, or that of
    /// another run.
    ///
    /// In the middle: if the model or the loss fails on a batch, the loss is NaN or infinite (or the norm of the
    /// gradients, if they are clipped), the loss depends on no parameter, or a callback fails. Before the first step
    /// the model is put back as it was; later it keeps what it has learned up to the step before the one that failed,
    /// and checkpoints stay.
    pub fn fit<'v>(
        self,
        model: &mut dyn Layer,
        train: &dyn Dataset,
        valid: impl Into<Validation<'v>>,
        rng: &mut dyn Rng,
    ) -> Result<History> {
        fit(self, model, train, valid.into().set(), rng)
    }
}

fn fit(
    mut trainer: Trainer<'_>,
    model: &mut dyn Layer,
    train: &dyn Dataset,
    valid: Option<&dyn Dataset>,
    rng: &mut dyn Rng,
) -> Result<History> {
    let plan = check::plan(&trainer, train, valid)?;
    let resumed = check::all(&mut trainer, &plan, model)?;
    if let Some((snapshot, dir)) = &resumed {
        resume::restore(snapshot, model, &mut *trainer.optimizer, &mut trainer.callbacks, dir)?;
    }
    // A resumed run draws, too: it leaves the generator where the first run would have left it.
    let drawn: u64 = rng.random();
    let Trainer { mut optimizer, loss, batch_size, penalties, schedules, clip_norm, metrics, mut callbacks, .. } =
        trainer;
    let before = Before::of(model);
    let resumed = resumed.map(|(snapshot, _)| snapshot);
    let seed = resumed.as_ref().map_or(drawn, |snapshot| snapshot.seed);
    let mut session = Session {
        base_lr: resumed.as_ref().map_or(optimizer.lr(), |snapshot| snapshot.base_lr),
        seed,
        missing: resumed.as_ref().map(|snapshot| snapshot.history.without_gradient.clone()),
        stepped: false,
        loss: &*loss,
        penalties: &penalties,
        schedule: schedules.first().map(|(schedule, every)| (&**schedule, *every)),
        clip_norm,
        metrics: &metrics,
        train: DataLoader::new(train).batch_size(batch_size).shuffle(seed),
        valid: valid.map(|valid| DataLoader::new(valid).batch_size(batch_size)),
        callbacks: &mut callbacks,
        run: Run {
            epoch: resumed.as_ref().map_or(0, |snapshot| snapshot.epoch),
            step: resumed.as_ref().map_or(0, |snapshot| snapshot.step),
            history: resumed.map(|snapshot| snapshot.history).unwrap_or_default(),
            model,
            optimizer: &mut *optimizer,
            plan,
            batch: 0,
            loss: f64::NAN,
        },
    };
    let outcome = session.go();
    let Session { run, stepped, .. } = session;
    if outcome.is_err() && !stepped {
        before.restore(run.model);
    } else {
        run.model.eval();
    }
    outcome.map(|()| run.history)
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
    /// Whether a step was made in this session.
    stepped: bool,
}

impl Session<'_, '_, '_> {
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
        let run = &self.run;
        let states = callback_keys(self.callbacks).into_iter().zip(self.callbacks.iter().map(|c| c.state_dict()));
        let snapshot = Snapshot {
            plan: run.plan.clone(),
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
