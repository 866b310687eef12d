//! The suite that every callback runs.

use super::Callback;
use crate::checkpoint::Snapshot;
use crate::history::History;
use crate::metrics::BinaryAccuracy;
use crate::run::{Plan, Run};
use crate::trainer::Trainer;
use autograd_core::module::StateDict;
use autograd_core::{DType, Description, Error, Result, Tensor, seeded};
use std::path::Path;
use tempfile::TempDir;
use wengert_data::TensorDataset;
use wengert_nn::{Layer, Linear, mse_loss};
use wengert_optim::Sgd;

/// A callback in a tiny run, and all that must hold for it.
pub(super) struct Case<C> {
    /// The name of the callback, and after a colon what the case is about.
    title: &'static str,
    make: fn(&Path) -> C,
    epochs: u64,
    lr: f64,
    validate_every: u64,
    effects: Vec<String>,
    then: fn(&C, &Seen, &Path),
    refused: bool,
    wrong: Vec<String>,
}

/// The result of a run.
pub(super) struct Seen {
    pub(super) history: History,
    /// The effects of the callback: `place: effect`.
    effects: Vec<String>,
    /// The weights at the end of each epoch, before the callback was called.
    pub(super) weights: Vec<Vec<u64>>,
    /// The weights after the run.
    pub(super) last: Vec<u64>,
    state: Vec<(String, Vec<u64>)>,
}

impl<C: Callback> Case<C> {
    /// A callback: its name, after a colon what the case is about, and a function that makes it, with a directory that
    /// it may write into. The run has 6 epochs of two steps, all of which lower the loss.
    pub(super) fn new(title: &'static str, make: fn(&Path) -> C) -> Case<C> {
        let then = |_: &C, _: &Seen, _: &Path| {};
        let (effects, wrong) = (Vec::new(), Vec::new());
        Case { title, make, epochs: 6, lr: 0.05, validate_every: 1, effects, then, refused: false, wrong }
    }

    /// Every step raises the loss.
    pub(super) fn diverging(mut self) -> Case<C> {
        self.lr = 2.0;
        self
    }

    /// The number of epochs from one validation to the next.
    pub(super) fn validate_every(mut self, epochs: u64) -> Case<C> {
        self.validate_every = epochs;
        self
    }

    /// All effects of the callback in the run: `epoch 2 end: stops`, `train end: sets the weights of epoch 1`.
    pub(super) fn effects(mut self, effects: &[&str]) -> Case<C> {
        self.effects = effects.iter().map(|effect| effect.to_string()).collect();
        self
    }

    /// Other things that hold after the run.
    pub(super) fn then(mut self, then: fn(&C, &Seen, &Path)) -> Case<C> {
        self.then = then;
        self
    }

    /// The run does not begin, and nothing has changed; after the name of the callback the error has this text.
    pub(super) fn refuses(mut self, text: &str) -> Case<C> {
        self.refusal(true, text);
        self
    }

    /// Like `refuses`, but in a run without a validation set.
    pub(super) fn refuses_without_validation(mut self, text: &str) -> Case<C> {
        self.refusal(false, text);
        self
    }

    fn refusal(&mut self, validate: bool, text: &str) {
        self.refused = true;
        let dir = directory();
        let (mut linear, mut rng) = (model(7), seeded(7));
        let [train, valid] = sets();
        let valid: Option<&dyn wengert_data::Dataset> = if validate { Some(&valid) } else { None };
        let outcome = self.trainer().callback((self.make)(dir.path())).fit(&mut linear, &train, valid, &mut rng);
        let got = outcome.map(|history| history.epochs.len()).map_err(|e| e.to_string());
        self.expect("the refusal", got, Err(format!("{}: {text}", self.name())));
        self.expect("the model afterwards", bits(&linear), bits(&model(7)));
        self.expect("the generator is as before", rng == seeded(7), true);
    }

    fn name(&self) -> &'static str {
        self.title.split(':').next().unwrap_or_default()
    }

    fn trainer(&self) -> Trainer<'static> {
        let trainer = Trainer::new(Sgd::new(self.lr), mse_loss).epochs(self.epochs).batch_size(4);
        trainer.validate_every(self.validate_every).metric(BinaryAccuracy::new())
    }

    fn run(&mut self) {
        if self.refused {
            return;
        }
        let dir = directory();
        let mut callback = (self.make)(dir.path());
        self.expect("the name", callback.name().to_string(), self.name().to_string());
        let seen = fit(self.trainer(), 7, &mut callback).expect("a good run");
        self.expect("the effects", seen.effects.clone(), self.effects.clone());
        (self.then)(&callback, &seen, dir.path());
        for epoch in 2..=seen.history.epochs.len() as u64 {
            self.resume(epoch, &seen);
        }
    }

    /// A run that is killed in the middle of an epoch, and resumed, ends like one that was not.
    fn resume(&mut self, epoch: u64, straight: &Seen) {
        let (dir, own) = (directory(), directory());
        let trainer = || self.trainer().checkpoint(dir.path());
        let killed = fit(trainer().callback(Killed { epoch }), 7, &mut (self.make)(own.path()));
        let killed = killed.map(|seen| seen.history.epochs.len()).map_err(|e| e.to_string());
        // Other weights and another generator: all of it must come from the checkpoint.
        let resumed = fit(trainer().resume(true), 8, &mut (self.make)(own.path())).expect("a good run");
        self.expect("the interruption", killed, Err("Killed: killed".into()));
        let place = |what: &str| format!("{what} of a run resumed in epoch {epoch}");
        self.expect(&place("the weights"), &resumed.last, &straight.last);
        self.expect(&place("the history"), &resumed.history, &straight.history);
        self.expect(&place("the callback's state"), &resumed.state, &straight.state);
        let later = |effect: &&String| !(1..epoch).any(|epoch| effect.starts_with(&format!("epoch {epoch} ")));
        // The weights of epochs before the interruption are known to none but the callback.
        let unknown = |effect: &String| match effect.split_once("sets the weights of epoch ") {
            Some((at, of)) if of.parse::<u64>().is_ok_and(|of| of < epoch) => format!("{at}{UNKNOWN}"),
            _ => effect.clone(),
        };
        let effects: Vec<String> = straight.effects.iter().filter(later).map(unknown).collect();
        self.expect(&place("the effects"), resumed.effects, effects);
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: T, want: T) {
        if got != want {
            self.wrong.push(format!("{what}: got {got:?}, expected {want:?}"));
        }
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// `y = 3x`, for learning and for validation.
fn sets() -> [TensorDataset; 2] {
    let set = |values: [f32; 8]| {
        let x = Tensor::from_slice(&values, &[8, 1]).expect("8 rows");
        TensorDataset::new(x.clone(), x.mul_scalar(3.0)).expect("as many")
    };
    [set([0.1, 0.9, -0.5, 0.4, 1.0, -1.0, 0.2, 0.7]), set([0.3, -0.3, 0.8, -0.8, 0.6, 0.1, -0.1, 0.5])]
}

fn model(seed: u64) -> Linear {
    Linear::new(1, 1, &mut seeded(seed)).expect("good sizes")
}

fn bits(model: &dyn Layer) -> Vec<u64> {
    state_bits(&model.state_dict()).into_iter().flat_map(|(_, bits)| bits).collect()
}

fn state_bits(state: &StateDict) -> Vec<(String, Vec<u64>)> {
    let bits = |value: &Tensor| value.to_dtype(DType::F64).to_f64s().into_iter().map(f64::to_bits).collect();
    let mut all: Vec<_> = state.iter().map(|(name, value)| (name.to_string(), bits(value))).collect();
    all.sort();
    all
}

/// Trains with a callback.
fn fit(trainer: Trainer<'_>, seed: u64, callback: &mut dyn Callback) -> Result<Seen> {
    let [train, valid] = sets();
    let mut model = model(seed);
    let mut recorder = Recorder { callback, effects: Vec::new(), before: 0, weights: Vec::new() };
    let history = trainer.callback(&mut recorder).fit(&mut model, &train, &valid, &mut seeded(seed))?;
    let Recorder { callback, effects, weights, .. } = recorder;
    Ok(Seen { history, effects, weights, last: bits(&model), state: state_bits(&callback.state_dict()) })
}

/// A process that ends in the middle of an epoch.
struct Killed {
    epoch: u64,
}

impl Callback for Killed {
    fn name(&self) -> &str {
        "Killed"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_train_batch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() == self.epoch && run.batch() == 2 { Err(Error::user("killed")) } else { Ok(()) }
    }
}

const UNKNOWN: &str = "sets the weights of an unknown epoch";

/// Passes every call on to a callback, and notes its effects.
struct Recorder<'c> {
    callback: &'c mut dyn Callback,
    effects: Vec<String>,
    /// The epochs before those that it has seen.
    before: usize,
    weights: Vec<Vec<u64>>,
}

impl Recorder<'_> {
    fn note(
        &mut self,
        place: &str,
        run: &mut Run<'_>,
        f: impl FnOnce(&mut dyn Callback, &mut Run<'_>) -> Result<()>,
    ) -> Result<()> {
        let of = |run: &Run<'_>| (run.is_stopping(), run.lr().to_bits(), bits(run.model()));
        let before = of(run);
        f(self.callback, run)?;
        let after = of(run);
        if after.0 != before.0 {
            self.effects.push(format!("{place}: stops"));
        }
        if after.1 != before.1 {
            self.effects.push(format!("{place}: sets the learning rate {}", run.lr()));
        }
        if after.2 != before.2 {
            let epoch = self.weights.iter().position(|weights| *weights == after.2);
            let known = |epoch: usize| format!("sets the weights of epoch {}", self.before + epoch + 1);
            self.effects.push(format!("{place}: {}", epoch.map_or(UNKNOWN.into(), known)));
        }
        Ok(())
    }
}

impl Callback for Recorder<'_> {
    fn name(&self) -> &str {
        self.callback.name()
    }
    fn describe(&self) -> Description {
        self.callback.describe()
    }
    fn only_watches(&self) -> bool {
        self.callback.only_watches()
    }
    fn check(&mut self, plan: &Plan) -> Result<()> {
        self.callback.check(plan)
    }
    fn on_train_error(&mut self, run: &mut Run<'_>, error: &Error) -> Result<()> {
        self.note("train error", run, |callback, run| callback.on_train_error(run, error))
    }
    fn on_exit(&mut self) {
        self.callback.on_exit();
    }
    fn on_train_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.before = run.epoch() as usize;
        self.note("train begin", run, |callback, run| callback.on_train_begin(run))
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.note(&format!("epoch {} begin", run.epoch()), run, |callback, run| callback.on_epoch_begin(run))
    }
    fn on_train_batch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        let place = format!("epoch {} batch {} begin", run.epoch(), run.batch());
        self.note(&place, run, |callback, run| callback.on_train_batch_begin(run))
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let place = format!("epoch {} batch {} end", run.epoch(), run.batch());
        self.note(&place, run, |callback, run| callback.on_train_batch_end(run))
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.weights.push(bits(run.model()));
        self.note(&format!("epoch {} end", run.epoch()), run, |callback, run| callback.on_epoch_end(run))
    }
    fn wants_snapshot(&self, run: &Run<'_>) -> bool {
        self.callback.wants_snapshot(run)
    }
    fn on_snapshot(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.effects.push(format!("epoch {} end: takes a snapshot", snapshot.epoch));
        self.callback.on_snapshot(snapshot)
    }
    fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.note("train end", run, |callback, run| callback.on_train_end(run))
    }
    fn state_dict(&self) -> StateDict {
        self.callback.state_dict()
    }
    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        self.callback.load_state_dict(state)
    }
}

/// Runs the suite over all cases; fails with everything that is wrong.
pub(super) fn run<C: Callback>(mut cases: Vec<Case<C>>) {
    cases.iter_mut().for_each(Case::run);
    crate::cases::report(cases.iter().flat_map(|case| case.wrong.iter().map(|wrong| (&*case.title, wrong))));
}

family!($ callbacks);
