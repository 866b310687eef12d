//! The loop: a [`Trainer`] at work on a model and its sets.

mod before;
mod cause;
mod check;
mod content;
mod ending;
mod group;
mod hessian;
mod identity;
mod learned;
mod lr_finder;
mod objective;
mod pass;
mod rates;
mod resume;
mod snapshot;
mod statistics;
mod steps;
mod validation;

pub use lr_finder::{LrFinder, LrPoint, LrReport};
pub use validation::Validation;

use crate::callbacks::Callback;
use crate::history::{EpochRecord, History};
use crate::interrupted::Interrupted;
use crate::metrics::Metric;
use crate::run::{Identity, Run};
use crate::trainer::{Every, Sampled, Trainer};
use autograd_core::{Result, enable_grad};
use before::Before;
use ending::{Failure, held, leave};
use learned::Learned;
use objective::Terms;
use rand::{Rng, RngExt};
use rates::Rates;
use statistics::Estimates;
use steps::Steps;
use wengert_data::{DataLoader, Dataset};
use wengert_nn::Layer;

impl Trainer<'_> {
    /// Trains a model. It is left in evaluation mode, with the weights to evaluate at if the optimizer has such
    /// ([`Optimizer::eval`](wengert_optim::Optimizer::eval)): they are those of validation, of checkpoints, and of
    /// callbacks at the end of an epoch. Another run with the same optimizer begins with the weights to train.
    ///
    /// All layers of the model are set to training in each epoch, and to evaluation after it, whatever they were;
    /// layers that [`hold_eval`](autograd_core::module::Module::hold_eval) holds stay in evaluation. What is frozen,
    /// and what is held, is part of a checkpoint: a callback may change both while training.
    ///
    /// The validation set is `&valid`, or `None` for none: then nothing is named `val_…`, neither in the history nor
    /// for callbacks. Its first batch is tried before the first step, and what that changes is put back. Exactly one
    /// number is drawn from `rng`; it decides the order of the samples in all epochs, if they are shuffled.
    ///
    /// An optimizer that evaluates the loss several times in a step, as [`Lbfgs`](wengert_optim::Lbfgs) does, gets each
    /// batch as a function of the weights: penalties and clipping are part of it, dropout draws the same numbers each
    /// time, and running statistics count the batch once. What is reported is the first evaluation, at the weights
    /// before the step. Curvature wants the same function in every step, too: such optimizers are meant for one batch
    /// of all samples.
    ///
    /// The optimizer, if it was borrowed, has its own learning rate again when the run has ended, in whatever way, and
    /// every other number that a schedule has set: what a schedule or a callback makes of it is part of the run.
    ///
    /// # Errors
    /// Before anything has changed, but that the directory of a checkpoint, and its lock file, may have been made: if a
    /// set is empty, a number is out of its range (also one of the optimizer, the schedule or a metric), the model has
    /// nothing to train, a schedule has fewer rates than the run has epochs or steps, or is of a hyperparameter that
    /// the optimizer does not have, a callback cannot do its work, or there is no checkpoint to resume from, or that of
    /// another run. Callbacks keep what they remember of the run before.
    ///
    /// In the middle: if the model or the loss fails on a batch, the loss is NaN or infinite (the text says whether a
    /// sample, a parameter, the model or the loss makes it so) or the norm of the gradients is (if they are clipped),
    /// the loss depends on no parameter, the last step of an epoch leaves a trainable parameter that is not finite or a
    /// NaN in a buffer, a schedule or a callback sets a number that the optimizer cannot have, or a callback fails.
    /// Before the first step model and optimizer are put back as they were, also by a run that goes on from a
    /// checkpoint, whatever a callback has changed. Later the model keeps what it has learned up to the step before the
    /// one that failed, or what the last step of an epoch has spoilt, unless a callback puts back the best weights;
    /// what is frozen or held in it is as it was, and checkpoints stay: the same run can go on. The error has the
    /// history of the run as [`Interrupted`].
    ///
    /// # Panics
    /// If the model, the loss, a dataset, a metric or a callback does. The panic is passed on when all is done that an
    /// error would do: callbacks are told, the best weights are put back, the model is in evaluation mode, or as it was
    /// before the first step, checkpoints stay and can be gone on from. The history is lost with it, unless a
    /// [`History`] is one of the callbacks.
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
        Ok(self.run(model, train, valid.into().set(), rng)?.history)
    }

    /// The run of [`Trainer::fit`]; afterwards the optimizer is still there.
    pub(crate) fn run(
        &mut self,
        model: &mut dyn Layer,
        train: &dyn Dataset,
        valid: Option<&dyn Dataset>,
        rng: &mut dyn Rng,
    ) -> Result<Ended> {
        // A run without recording has no meaning.
        let outcome = held(|| enable_grad(|| fit(self, model, train, valid, rng)));
        let left = leave(&mut self.callbacks);
        let ended = outcome.map_err(Failure::raise)?;
        left.map_err(Failure::raise)?;
        Ok(ended)
    }
}

/// A run that no error has ended.
pub(crate) struct Ended {
    pub(crate) history: History,
    /// What a pause was asked for, and whether there is anything left to do.
    pub(crate) pause: Option<String>,
    pub(crate) is_whole: bool,
}

fn fit(
    trainer: &mut Trainer<'_>,
    model: &mut dyn Layer,
    train: &dyn Dataset,
    valid: Option<&dyn Dataset>,
    rng: &mut dyn Rng,
) -> Result<Ended> {
    let plan = check::plan(trainer, train, valid)?;
    check::all(trainer, &plan, model)?;
    let mut identity = identity::of(trainer, &plan, model);
    let Trainer {
        optimizer,
        loss,
        capture,
        check_capture,
        batch_size,
        drop_last,
        shuffle,
        validation_batch_size,
        validate_every,
        penalties,
        schedules,
        gradients,
        clip_norm,
        accumulate,
        update_batch_norm,
        sampled,
        metrics,
        callbacks,
        ..
    } = trainer;
    let (own_lr, mut resumed) = (optimizer.lr(), None);
    let numbers = |every| rates::numbers_of(every, &plan, *accumulate);
    let mut rates = Rates::new(schedules, &**optimizer, numbers)?;
    let (before, settings) = (Before::all(model, &**optimizer), Before::of(model));
    if let (true, Some(dir)) = (trainer.resume, &trainer.checkpoint) {
        identity::of_data(&mut identity, train, valid);
        let snapshot = resume::load(dir, &identity, &*model, &rates, &trainer.allowed, plan.epochs, own_lr)?;
        let left = crate::Plan { epochs: plan.epochs.saturating_sub(snapshot.epoch), ..plan.clone() };
        rates.check_steps(snapshot.step.saturating_add(rates::numbers_of(Every::Step, &left, *accumulate)))?;
        let unscheduled = resume::unscheduled(&snapshot, &rates, &**optimizer);
        let mut memories = Vec::new();
        rates.set_base_lr(snapshot.base_lr);
        let restored = held(|| {
            rates.set_as_after(&mut **optimizer, snapshot.epoch, snapshot.step)?;
            resume::restore(&snapshot, model, &mut **optimizer, callbacks, &mut memories)?;
            resume::set_back(&snapshot, &rates, &mut **optimizer, &unscheduled, own_lr)
        });
        if let Err(misfit) = restored {
            rates.put_back(&mut **optimizer, own_lr);
            memories.into_iter().for_each(|(i, old)| drop(held(|| callbacks[i].load_state_dict(&old))));
            // A model or an optimizer that refuses its own state is not what has ended the run.
            drop(before.restore(model, &mut **optimizer));
            return Err(misfit.raise());
        }
        rates.describe(&mut identity, None);
        resumed = Some(snapshot);
    }
    let not_finite = cause::not_finite(model)?;
    // A resumed run draws, too: it leaves the generator where the first run would have left it.
    let drawn: u64 = rng.random();
    let seed = resumed.as_ref().map_or(drawn, |snapshot| snapshot.seed);
    let batches = || DataLoader::new(train).batch_size(*batch_size).drop_last(*drop_last);
    // Of several batches penalties count once.
    let (of_each, once) = if *accumulate == 1 { (&penalties[..], &[][..]) } else { (&[][..], &penalties[..]) };
    let session = Session {
        base_lr: resumed.as_ref().map_or(own_lr, |snapshot| snapshot.base_lr),
        own_lr,
        last_lr: own_lr,
        not_finite,
        settings,
        begun: Before::of(model),
        seed,
        learned: resumed.as_ref().map_or_else(Learned::default, Learned::resumed),
        before: Some(before),
        accumulate: *accumulate,
        sampled: sampled.as_ref(),
        terms: Terms { loss: &**loss, penalties: of_each, once, gradients, clip_norm: *clip_norm },
        steps: Steps::new(*capture, *check_capture),
        rates,
        metrics,
        knows_all: resumed.is_some(),
        identity,
        sets: (train, valid),
        train: if *shuffle { batches().shuffle(seed) } else { batches() },
        valid: valid.map(|valid| DataLoader::new(valid).batch_size(validation_batch_size.unwrap_or(*batch_size))),
        validate_every: *validate_every,
        estimates: update_batch_norm.then(batches),
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
            paused: false,
            pause: None,
        },
    };
    session.run()
}

/// A run in progress.
struct Session<'s, 'r, 't> {
    run: Run<'r>,
    /// How many batches a step takes.
    accumulate: usize,
    /// Whether the Hessian is estimated, and how.
    sampled: Option<&'s Sampled<'t>>,
    terms: Terms<'s, 's>,
    steps: Steps<'s, 'r>,
    rates: Rates<'s, 't>,
    metrics: &'s [Box<dyn Metric + 't>],
    callbacks: &'s mut Vec<Box<dyn Callback + 't>>,
    train: DataLoader<'s, dyn Dataset + 's>,
    valid: Option<DataLoader<'s, dyn Dataset + 's>>,
    /// How many epochs there are from one validation to the next.
    validate_every: u64,
    /// The training set, if statistics are estimated again.
    estimates: Option<Estimates<'s>>,
    seed: u64,
    /// The learning rate that the schedule is applied to.
    base_lr: f64,
    /// The optimizer's rate before the run; it has it again afterwards.
    own_lr: f64,
    /// That of the last step.
    last_lr: f64,
    /// The model before the run: what is frozen and held in it is so again after an error.
    settings: Before,
    /// The model at the beginning: before the run, or as the checkpoint has it that the run goes on from.
    begun: Before,
    /// The trainable parameters that are not finite from the beginning.
    not_finite: Vec<String>,
    /// Which parameters have had a gradient.
    learned: Learned,
    /// Until the first step of this session: what the run has found.
    before: Option<Before>,
    identity: Identity,
    /// Whether the identity has the facts about sets and rates, which take time.
    knows_all: bool,
    sets: (&'s dyn Dataset, Option<&'s dyn Dataset>),
}

impl Session<'_, '_, '_> {
    fn run(mut self) -> Result<Ended> {
        let outcome = held(|| self.go());
        if let Err(failure) = &outcome {
            if self.before.is_none() {
                // Before callbacks put the best weights back. An optimizer that refuses is not what has ended the run.
                drop(held(|| self.run.optimizer.eval(self.run.model)));
            }
            self.tell(failure);
        }
        let Session { run, before, own_lr, rates, settings, .. } = self;
        rates.put_back(run.optimizer, own_lr);
        match outcome {
            Ok(()) => {
                run.model.eval();
                let is_whole = !run.paused || run.epoch >= run.plan.epochs;
                Ok(Ended { pause: run.pause, is_whole, history: run.history })
            }
            Err(failure) => {
                match before {
                    // An optimizer that refuses its own state is not what has ended the run.
                    Some(before) => drop(before.restore(run.model, run.optimizer)),
                    None => {
                        settings.put_back_settings(run.model);
                        run.model.eval();
                    }
                }
                Err(Interrupted::attach(failure.raise(), run.history))
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
        self.run.optimizer.train(self.run.model)?;
        let number = self.run.epoch - 1;
        let set = self.rates.set(&mut self.run, Every::Epoch, number);
        set.map_err(|e| e.context(format_args!("epoch {}", self.run.epoch)))?;
        self.call(|callback, run| callback.on_epoch_begin(run))?;
        let train = self.train_epoch()?;
        self.evaluation_weights()?;
        let valid = self.validate()?;
        self.run.history.without_gradient = self.learned.without(&*self.run.model);
        let record = EpochRecord { epoch: self.run.epoch, lr: self.last_lr, train, valid };
        self.run.history.epochs.push(record);
        self.call(|callback, run| callback.on_epoch_end(run))?;
        self.snapshot()
    }

    /// Calls every callback, in order. A learning rate that it leaves, and the optimizer cannot have, is its fault.
    fn call(&mut self, f: impl Fn(&mut dyn Callback, &mut Run<'_>) -> Result<()>) -> Result<()> {
        let Session { callbacks, run, .. } = self;
        callbacks.iter_mut().try_for_each(|callback| {
            let called = f(&mut **callback, run).and_then(|()| possible(run));
            called.map_err(|e| e.context(callback.name()))
        })
    }
}

/// Whether the optimizer can have its learning rate. It says so itself, but would not before the next step.
fn possible(run: &Run<'_>) -> Result<()> {
    let rate = run.lr();
    // All that optimizers have checked is fine but for the rate.
    if rate >= 0.0 && rate.is_finite() { Ok(()) } else { run.optimizer.check() }
}
