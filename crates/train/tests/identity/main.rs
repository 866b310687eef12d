//! The identity of a run: its checkpoint is refused to every other run, with everything that differs by name.

mod changes;
mod models;
#[path = "../moons/mod.rs"]
mod moons;
mod sets;

use autograd_core::module::Module;
use autograd_core::seeded;
use changes::{Setup, adam, base, changes, early, net, plain, setup};
use moons::{bits, directory, sets};
use std::path::Path;
use tempfile::TempDir;
use wengert_nn::{Sequential, cross_entropy};
use wengert_optim::{Adam, StepLR};
use wengert_train::{
    Accuracy, Better, Callback, Checkpoint, EarlyStopping, ErrorKind, History, IdentityMismatch, Result, Snapshot,
    Trainer,
};

fn written(of: fn() -> Setup) -> TempDir {
    let dir = directory();
    let every = Checkpoint::new(dir.path());
    // Stopped in the second of three epochs.
    let stop = moons::Killed { epoch: 2, batch: 2 };
    of().fit(|trainer| trainer.checkpoint(every).callback(stop)).expect_err("killed");
    dir
}

#[test]
fn what_differs_is_refused_by_name_and_allowed_by_name() {
    for (row, change) in changes().into_iter().chain(models::changes()).enumerate() {
        let dir = written(change.of);
        let (mut to, untouched) = ((change.to)(), (change.to)());
        let error = to.fit(|trainer| trainer.checkpoint(dir.path()).resume(true)).expect_err("another run");
        assert_eq!(error.kind(), ErrorKind::State, "row {row}: {error}");
        let text = error.to_string().replace(&dir.path().display().to_string(), "DIR");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "DIR: the checkpoint is of another run, and nothing was loaded:");
        let names: Vec<&str> = change.lines.iter().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(lines.last(), Some(&&*format!("allow(\"{}\") lets a difference be that is meant", names[0])));
        let differences = &lines[1..lines.len() - 1];
        let all =
            differences.iter().zip(change.lines).all(|(line, expected)| line.starts_with(&format!("  {expected}")));
        assert!(all && differences.len() == change.lines.len(), "row {row}: {text}");
        let mismatch = error.detail::<IdentityMismatch>().expect("the report");
        assert_eq!(mismatch.differences.iter().map(|difference| &*difference.name).collect::<Vec<_>>(), names);
        assert_eq!(bits(&to.model), bits(&untouched.model), "row {row}: the model has changed");

        let mut to = (change.to)();
        let allowed = |trainer: Trainer<'static>| names.iter().fold(trainer, |trainer, name| trainer.allow(*name));
        let outcome = to.fit(|trainer| allowed(trainer.checkpoint(dir.path()).resume(true)));
        assert_eq!(outcome.is_ok(), change.can, "row {row}: {:?}", outcome.err());
        if change.can {
            // From now on it is this run's checkpoint.
            let mut again = (change.to)();
            again.fit(|trainer| trainer.checkpoint(dir.path()).resume(true)).expect("the same run");
            assert_eq!(bits(&again.model), bits(&to.model), "row {row}");
        } else {
            assert_eq!(bits(&to.model), bits(&untouched.model), "row {row}: the model has changed");
        }
    }
}

fn resumed(dir: &Path, change: impl FnOnce(Trainer<'static>) -> Trainer<'static>) -> Result<History> {
    base().fit(|trainer| change(trainer.checkpoint(dir).resume(true)))
}

#[test]
fn allowances() {
    let dir = written(base);
    let text = |change: fn(Trainer<'static>) -> Trainer<'static>| {
        let outcome = resumed(dir.path(), change);
        outcome.expect_err("refused").to_string().replace(&dir.path().display().to_string(), "DIR")
    };
    let expected = "fit: allow: a run has nothing called \"epoch\"; it has batch_size, clip_norm, epochs, library, \
                    loss, model, optimizer, schedule, train, valid";
    assert_eq!(text(|trainer| trainer.allow("epoch")), expected);
    // Fewer epochs than were done.
    let [train, valid] = sets();
    let five = plain(adam(), cross_entropy).epochs(5).checkpoint(dir.path()).resume(true).allow("epochs");
    five.fit(&mut net(4), &train, &valid, &mut seeded(7)).expect("two more");
    let expected = "fit: epochs is 2, it must be at least 5: the checkpoint in DIR has done as many";
    assert_eq!(text(|trainer| trainer.epochs(2).allow("epochs")), expected);
    // The rate that is meant is this run's; the history tells.
    let slow = plain(Adam::new(0.001), cross_entropy).epochs(7).checkpoint(dir.path()).resume(true);
    let slow = slow.allow("epochs").allow("lr").fit(&mut net(4), &train, &valid, &mut seeded(7)).expect("two more");
    assert_eq!(
        slow.epochs.iter().map(|epoch| epoch.lr).collect::<Vec<_>>(),
        [0.05, 0.05, 0.05, 0.05, 0.05, 0.001, 0.001]
    );
    // A whole chapter.
    assert!(resumed(dir.path(), |trainer| trainer.epochs(7).allow("optimizer")).is_ok());
}

/// What is frozen or held is that of the checkpoint, but where it is allowed to differ.
#[test]
fn an_allowed_state_of_a_layer_is_this_runs() {
    let state = |model: &Sequential, dir: &Path| {
        let trainable: Vec<bool> = model.parameters().iter().map(|parameter| parameter.is_trainable()).collect();
        (trainable, Snapshot::load(dir).expect("whole").held)
    };
    let other = || base().model(|model| (model.freeze("0").is_ok(), model.hold_eval("2").is_ok()));
    for (of, to) in [(other as fn() -> Setup, base as fn() -> Setup), (base, other)] {
        let (dir, mut to) = (written(of), to());
        let held = if to.model.parameters()[0].is_trainable() { vec![] } else { vec!["2.mode".to_string()] };
        let expected = (to.model.parameters().iter().map(|parameter| parameter.is_trainable()).collect(), held);
        let allowed = |trainer: Trainer<'static>| trainer.allow("trainable").allow("held_in_evaluation");
        to.fit(|trainer| allowed(trainer.checkpoint(dir.path()).resume(true))).expect("allowed");
        assert_eq!(state(&to.model, dir.path()), expected);
    }
}

#[test]
fn another_learning_rate_has_the_same_schedule() {
    let run = |lr: f64| setup(plain(Adam::new(lr), cross_entropy).schedule(StepLR::new(1)));
    let dir = directory();
    let stop = moons::Killed { epoch: 2, batch: 2 };
    run(0.05).fit(|trainer| trainer.checkpoint(dir.path()).callback(stop)).expect_err("killed");
    let history = run(0.01).fit(|trainer| trainer.checkpoint(dir.path()).resume(true).allow("optimizer.lr"));
    let rates: Vec<f64> = history.expect("allowed").epochs.iter().map(|epoch| epoch.lr).collect();
    assert_eq!(rates[0], 0.05);
    assert!((rates[1] - 1e-3).abs() < 1e-12 && (rates[2] - 1e-4).abs() < 1e-12, "{rates:?}");
}

#[test]
fn callbacks_have_names_of_their_own() {
    struct Named(&'static str);
    impl Callback for Named {
        fn name(&self) -> &str {
            self.0
        }
    }
    let three = plain(adam(), cross_entropy).callback(Named("A")).callback(Named("A")).callback(Named("A#2"));
    let text = setup(three).fit(|trainer| trainer).expect_err("one name for two").to_string();
    assert_eq!(text, "fit: two callbacks would be called \"A#2\" in a checkpoint; one needs another name");
}

#[test]
fn a_run_that_was_stopped_goes_on_with_more_patience() {
    let stubborn = |patience: u64| plain(adam(), cross_entropy).callback(early().patience(patience).min_delta(100.0));
    let dir = directory();
    let fit = |trainer: Trainer<'static>| setup(trainer.epochs(6)).fit(|trainer| trainer.checkpoint(dir.path()));
    assert_eq!(fit(stubborn(1)).expect("a good run").epochs.len(), 2);
    assert_eq!(fit(stubborn(1).resume(true)).expect("it had ended").epochs.len(), 2);
    let on = fit(stubborn(3).resume(true).allow("patience")).expect("two more");
    assert_eq!((on.epochs.len(), on.stopped.is_some()), (4, true));
}

/// Options that give a callback's memory its meaning are refused even if they are allowed, before training.
#[test]
fn the_memory_of_a_callback_keeps_its_meaning() {
    let names = ["monitor", "mode", "restore_best_weights"];
    let fit = |early: EarlyStopping, dir: &Path, resume: bool| {
        let mut setup = setup(plain(adam(), cross_entropy).metric(Accuracy).epochs(5).callback(early));
        let allowed = |trainer: Trainer<'static>| names.iter().fold(trainer, |trainer, name| trainer.allow(*name));
        let kill = moons::Killed { epoch: 4, batch: 1 };
        let outcome = setup.fit(|trainer| {
            let trainer = trainer.checkpoint(dir).resume(resume);
            if resume { allowed(trainer) } else { trainer.callback(kill) }
        });
        (outcome.map(|history| history.epochs.len()).map_err(|e| e.to_string()), bits(&setup.model))
    };
    type Make = fn() -> EarlyStopping;
    let cases: [(Make, Make, &str); 4] = [
        (early, || early().monitor("val_accuracy"), "monitor is \"val_accuracy\", the state is that of \"val_loss\""),
        (
            || early().monitor("val_accuracy"),
            || early().monitor("loss"),
            "monitor is \"loss\", the state is that of \"val_accuracy\"",
        ),
        (early, || early().mode(Better::Higher), "mode is Higher, the state is that of Lower"),
        (
            || early().restore_best_weights(false),
            early,
            "restore_best_weights is on, and the weights of epoch N, the best, were not kept: it was off until now",
        ),
    ];
    for (first, then, text) in cases {
        let dir = directory();
        assert_eq!(fit(first(), dir.path(), false).0, Err("Killed: killed".into()));
        let (outcome, after) = fit(then(), dir.path(), true);
        let got = outcome.expect_err("a misfit").replace(|c: char| c.is_ascii_digit(), "N");
        assert_eq!(got, format!("EarlyStopping: {text}"));
        assert_eq!(after, bits(&net(4)), "the model has changed");
        assert_eq!(fit(first(), dir.path(), true).0, Ok(5));
    }
    // Said the same way twice, it is the same: the metric's own direction.
    let dir = directory();
    fit(early(), dir.path(), false).0.expect_err("killed");
    assert_eq!(fit(early().mode(Better::Lower), dir.path(), true).0, Ok(5));
}
