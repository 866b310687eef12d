//! Runs that end before their end: wherever an error or a panic comes from, at the beginning or later.

#[path = "../moons/mod.rs"]
mod moons;
mod refused;
mod saboteur;

use autograd_core::module::{Item, Module, Path, StateDict, stream_positions};
use autograd_core::{Error, seeded};
use moons::{bits, directory, sets};
use saboteur::{At, Clock, Data, How, Net, PLACES, Place, Saboteur, Trigger};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wengert_nn::cross_entropy;
use wengert_optim::{Adam, Optimizer};
use wengert_train::{Callback, EarlyStopping, History, Interrupted, Result, Run, Trainer};

const EPOCHS: u64 = 4;

/// Changes all that it can before the first step, and the rate after each epoch.
struct Vandal;

impl Callback for Vandal {
    fn name(&self) -> &str {
        "Vandal"
    }
    fn on_train_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() > 0 {
            return Ok(());
        }
        let state: StateDict = run.state_dict().iter().map(|(name, x)| (name.into(), x.mul_scalar(0.5))).collect();
        run.model_mut().load_state_dict(&state)?;
        run.model_mut().hold_eval("net.2")?;
        run.model_mut().freeze("net.0.bias")?;
        run.set_lr(run.lr() * 2.0);
        Ok(())
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        run.set_lr(run.lr() * 0.75);
        Ok(())
    }
}

/// Notes the end, and cannot leave without a panic.
struct Angry<'n>(&'n mut Vec<String>);

impl Callback for Angry<'_> {
    fn name(&self) -> &str {
        "Angry"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_train_error(&mut self, _: &mut Run<'_>, error: &Error) -> Result<()> {
        self.0.push(error.to_string());
        std::panic::resume_unwind(Box::new("dropped"));
    }
    fn on_exit(&mut self) {
        self.0.push("exit".into());
        std::panic::resume_unwind(Box::new("on_exit"));
    }
}

/// All that lasts longer than a run.
struct Lasting {
    adam: Adam,
    early: EarlyStopping,
    history: History,
    notes: Vec<String>,
}

fn lasting() -> Lasting {
    let early = EarlyStopping::new().monitor("loss").patience(9);
    Lasting { adam: Adam::new(0.02), early, history: History::default(), notes: Vec::new() }
}

/// A run with everything; the text of its panic is an error of the outer result.
fn run(
    trigger: &Arc<Trigger>,
    net: &mut Net,
    lasting: &mut Lasting,
    change: impl FnOnce(Trainer<'_>) -> Trainer<'_>,
) -> Result<Result<History>, String> {
    let [train, valid] = sets().map(|set| Data { set, trigger: trigger.clone() });
    let of = |place| trigger.clone().trip(place);
    let (in_loss, in_penalty, in_rate) = (of(Place::Loss), of(Place::Penalty), of(Place::Schedule));
    let loss = move |y: &autograd_core::Tensor, t: &autograd_core::Tensor| {
        in_loss()?;
        cross_entropy(y, t)
    };
    let penalty = move |model: &dyn Module| {
        in_penalty()?;
        Ok(model.parameters()[0].square().sum().mul_scalar(1e-3))
    };
    // A schedule cannot fail: an error is a rate that the optimizer cannot have.
    let rate = move |lr: f64, step: u64| if in_rate().is_err() { f64::NAN } else { lr / (1.0 + step as f64 / 50.0) };
    let Lasting { adam, early, history, notes } = lasting;
    let trainer = Trainer::new(adam, loss).epochs(EPOCHS).batch_size(40).penalty(penalty);
    let trainer = if trigger.place == Place::Schedule { trainer.schedule_by_step(rate) } else { trainer };
    let trainer = trainer.metric(saboteur::Counted(trigger.clone())).callback(Clock(trigger.clone())).callback(Vandal);
    let trainer = trainer.callback(early).callback(Saboteur(trigger.clone())).callback(Angry(notes)).callback(history);
    let fit = || change(trainer).fit(net, &train, &valid, &mut seeded(7));
    catch_unwind(AssertUnwindSafe(fit)).map_err(|panic| panic.downcast_ref::<&str>().expect("a text").to_string())
}

/// Everything of a model that a run may change.
fn all(model: &dyn Module) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut flags = Vec::new();
    model.visit(&Path::root(), &mut |path, item| match item {
        Item::Param(param) => flags.push((path.to_string(), param.is_trainable())),
        Item::Mode(mode) => flags.extend([(path.to_string(), mode.is_training()), (path.to_string(), mode.is_held())]),
        _ => {}
    });
    let state = model.state_dict();
    let bits: Vec<u64> = state.iter().flat_map(|(_, value)| value.to_f64s()).map(f64::to_bits).collect();
    (bits, stream_positions(model), flags)
}

fn state_of(adam: &Adam) -> Vec<u8> {
    adam.state_dict().to_safetensors().expect("plain")
}

fn expect_failure(place: Place, how: How, outcome: Result<Result<History>, String>) -> Option<History> {
    match (how, outcome) {
        (How::Panic, Err(text)) => {
            assert_eq!(text, "sabotage", "{place:?}");
            None
        }
        // Whoever leaves with a panic ends a run that has failed otherwise, too: here by the first failure.
        (How::Error, Ok(Err(error))) => {
            let told =
                if place == Place::Schedule { "Adam: lr is NaN, it must be finite and at least 0" } else { "sabotage" };
            assert!(error.to_string().ends_with(told), "{place:?}: {error}");
            Some(error.detail::<Interrupted>().expect("the run had begun").history.clone())
        }
        (_, outcome) => panic!("{place:?} {how:?}: {outcome:?}"),
    }
}

#[test]
fn before_the_first_step_everything_is_put_back() {
    for (place, how) in PLACES.iter().flat_map(|place| [(place, How::Error), (place, How::Panic)]) {
        let Some(epoch) = place.first_epoch(how) else { continue };
        let trigger = Arc::new(Trigger::new(place.place, how, At::Epoch(epoch)));
        let (mut net, mut lasting) = (Net::new(3, &trigger), lasting());
        net.net.eval();
        let before = (all(&net), state_of(&lasting.adam));
        let history = expect_failure(place.place, how, run(&trigger, &mut net, &mut lasting, |trainer| trainer));
        assert_eq!((all(&net), state_of(&lasting.adam)), before, "{:?} {how:?}", place.place);
        assert!(history.is_none_or(|history| history.epochs.is_empty()) && lasting.history.epochs.is_empty());
        assert!(matches!(&lasting.notes[..], [_, exit] if exit == "exit"), "{:?}", lasting.notes);
    }
}

#[test]
fn later_what_was_found_is_kept_and_the_same_run_goes_on() {
    let straight = |place: Place| {
        let never = Arc::new(Trigger::new(place, How::Error, At::Never));
        let (mut net, mut lasting) = (Net::new(3, &never), lasting());
        let outcome = run(&never, &mut net, &mut lasting, |trainer| trainer);
        assert_eq!(outcome.expect_err("the way out"), "on_exit");
        assert_eq!((lasting.adam.lr(), &lasting.notes[..]), (0.02, &["exit".to_string()][..]));
        (bits(&net), lasting.history)
    };
    let (plain, scheduled) = (straight(Place::Loss), straight(Place::Schedule));
    for (place, how) in PLACES.iter().flat_map(|place| [(place, How::Error), (place, How::Panic)]) {
        let Some((epoch, done)) = place.later_epoch(how, EPOCHS) else { continue };
        let (place, dir) = (place.place, directory());
        let trigger = Arc::new(Trigger::new(place, how, At::Epoch(epoch)));
        let (mut net, mut lasting) = (Net::new(3, &trigger), lasting());
        let outcome = run(&trigger, &mut net, &mut lasting, |trainer| trainer.checkpoint(dir.path()));
        let history = expect_failure(place, how, outcome);
        let context = format!("{place:?} {how:?}");
        assert_eq!(lasting.history.epochs.len() as u64, done, "{context}");
        assert!(history.is_none_or(|history| history == lasting.history), "{context}");
        // The best weights are in the model, which is in evaluation; the rate is its own again.
        let best = lasting.early.best_weights().expect("two epochs are done").clone();
        let same = net.state_dict().iter().all(|(name, x)| best.get(name).expect("there").to_f64s() == x.to_f64s());
        assert!(same && lasting.adam.lr() == 0.02, "{context}");
        net.visit(&Path::root(), &mut |_, item| {
            assert!(!matches!(item, Item::Mode(mode) if mode.is_training()), "{context}");
        });
        let told = if how == How::Panic { "a panic: sabotage" } else { "" };
        assert!(matches!(&lasting.notes[..], [error, exit] if error.ends_with(told) && exit == "exit"), "{context}");
        // The same model, optimizer and callbacks go on from the checkpoint.
        trigger.disarm();
        let outcome = run(&trigger, &mut net, &mut lasting, |trainer| trainer.checkpoint(dir.path()).resume(true));
        assert_eq!(outcome.expect_err("the way out"), "on_exit", "{context}");
        let straight = if place == Place::Schedule { &scheduled } else { &plain };
        assert_eq!((&bits(&net), &lasting.history), (&straight.0, &straight.1), "{context}");
    }
}
