//! Resumed runs, which end with the bits of one that was never interrupted, and checkpoints, which are always whole.

use crate::moons::{Killed, bits, make, model, sets};
use autograd_core::module::{Buffer, Module};
use autograd_core::{Tensor, seeded};
use std::fs;
use std::path::Path;
use std::time::Duration;
use wengert_nn::{Dropout, Layer, Linear, ReLU, Sequential, cross_entropy, sequential};
use wengert_optim::schedule::CosineAnnealingLR;
use wengert_optim::{Adam, Sgd};
use wengert_train::{Accuracy, Callback, Checkpoint, EarlyStopping, History, Result, Snapshot, Trainer};

/// A callback that only looks on.
struct Idle;

impl Callback for Idle {
    fn name(&self) -> &str {
        "Idle"
    }
    fn only_watches(&self) -> bool {
        true
    }
}

fn trainer(patience: u64) -> Trainer<'static> {
    Trainer::new(Adam::new(0.05), cross_entropy)
        .epochs(6)
        .batch_size(16)
        .schedule(CosineAnnealingLR::new(6).eta_min(1e-4))
        .clip_norm(1.0)
        .metric(Accuracy)
        .callback(EarlyStopping::new().patience(patience).min_delta(0.02))
}

fn fit(trainer: Trainer<'_>, model_seed: u64, seed: u64) -> (Vec<u64>, Result<String>) {
    let [train, valid] = sets();
    let mut model = model(model_seed);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(seed));
    (bits(&model), history.map(|history| serde_json::to_string(&history).expect("plain data")))
}

fn straight_and_resumed(patience: u64, killed_in: u64, every: u64) -> History {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let checkpoint = || Checkpoint::new(dir.path()).every(every);
    let (weights, history) = fit(trainer(patience), 7, 7);
    let history = history.expect("a good run");

    let (_, outcome) =
        fit(trainer(patience).checkpoint(checkpoint()).callback(Killed { epoch: killed_in, batch: 3 }), 7, 7);
    assert_eq!(outcome.expect_err("killed").to_string(), "Killed: killed");
    // Other weights, other dropout, another generator: all of it must come from the checkpoint. A callback that only
    // looks on may be new.
    let again = trainer(patience).checkpoint(checkpoint()).resume(true).callback(Idle);
    let (resumed_weights, resumed_history) = fit(again, 100, 200);
    assert_eq!(resumed_history.expect("a good run"), history);
    assert_eq!(resumed_weights, weights);

    // A run that has ended returns at once, with the same result.
    let (same_weights, same_history) = fit(trainer(patience).checkpoint(checkpoint()).resume(true), 101, 201);
    assert_eq!(same_history.expect("a good run"), history);
    assert_eq!(same_weights, weights);
    serde_json::from_str(&history).expect("as written")
}

#[test]
fn three_and_three_epochs_are_six() {
    let history = straight_and_resumed(50, 4, 1);
    assert_eq!((history.epochs.len(), history.stopped), (6, None));
}

#[test]
fn epochs_after_the_last_checkpoint_are_done_again() {
    straight_and_resumed(50, 6, 2);
}

#[test]
fn early_stopping_remembers() {
    // No epoch is better than the first by so much: it stops in the third, counting one from before the interruption.
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stubborn = || {
        let early = EarlyStopping::new().patience(2).min_delta(100.0);
        Trainer::new(Adam::new(0.05), cross_entropy).epochs(6).batch_size(16).callback(early)
    };
    let (weights, history) = fit(stubborn(), 7, 7);
    let history = history.expect("a good run");
    assert!(history.contains("val_loss has not improved for 2 epochs since "), "{history}");
    let (_, outcome) = fit(stubborn().checkpoint(dir.path()).callback(Killed { epoch: 3, batch: 3 }), 7, 7);
    outcome.expect_err("killed");
    let (resumed, resumed_history) = fit(stubborn().checkpoint(dir.path()).resume(true), 8, 9);
    assert_eq!(resumed_history.expect("a good run"), history);
    assert_eq!(resumed, weights);
}

/// The epoch that a checkpoint has kept as the best by a metric.
fn best_by(dir: &Path, metric: &str) -> Option<u64> {
    Snapshot::load(dir).expect("whole").best(metric).map(|(epoch, _)| epoch)
}

fn best(dir: &Path) -> Option<u64> {
    best_by(dir, "val_loss")
}

#[test]
fn the_best_epoch_is_known_wherever_the_callback_stands_that_keeps_it() {
    let (all, keeps) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let (plain, keeper) = (|| Checkpoint::new(all.path()), || Checkpoint::new(keeps.path()).best("val_loss"));
    // Nothing changes, so the first epoch is the best.
    let trainer =
        |epochs: u64| Trainer::new(Sgd::new(0.0), cross_entropy).epochs(epochs).batch_size(40).allow("epochs");
    let run = |trainer: Trainer<'_>| fit(trainer, 7, 7).1.map(drop).expect("a good run");
    let orders: [fn(Trainer<'static>, Checkpoint, Checkpoint) -> Trainer<'static>; 4] = [
        |trainer, plain, keeper| trainer.checkpoint(keeper).checkpoint(plain),
        |trainer, _, keeper| trainer.checkpoint(keeper),
        |trainer, plain, keeper| trainer.checkpoint(plain).checkpoint(keeper),
        |trainer, plain, keeper| trainer.callback(Idle).checkpoint(keeper).checkpoint(plain),
    ];
    for (i, order) in orders.into_iter().enumerate() {
        run(trainer(2).checkpoint(plain()).checkpoint(keeper()));
        assert_eq!(best(keeps.path()), Some(1));
        run(order(trainer(3).resume(true), plain(), keeper()));
        assert_eq!(best(keeps.path()), Some(1), "{i}");
        // Once more, from what that has written.
        run(trainer(4).resume(true).checkpoint(keeper()));
        assert_eq!(best(keeps.path()), Some(1), "{i}");
    }
    // Where none keeps it any more, it is given up.
    run(trainer(5).resume(true).checkpoint(Checkpoint::new(keeps.path())));
    assert_eq!(best(keeps.path()), None);
}

#[test]
fn each_of_several_checkpoints_goes_on_from_the_best_by_its_metric() {
    let [one, two, three] = [(); 3].map(|()| tempfile::tempdir().expect("a temporary directory"));
    // Nothing changes, so the first epoch is the best in validation.
    let trainer =
        |epochs: u64| Trainer::new(Sgd::new(0.0), cross_entropy).epochs(epochs).batch_size(40).allow("epochs");
    let run = |trainer: Trainer<'_>| fit(trainer, 7, 7).1.map(drop).map_err(|e| e.to_string());
    let valid = || Checkpoint::new(one.path()).best("val_loss");
    let train = || Checkpoint::new(two.path()).best("loss");
    let begin = |epochs: u64| run(trainer(epochs).checkpoint(valid()).checkpoint(train())).expect("a good run");
    let go_on = || trainer(6).resume(true);
    let both = || (best(one.path()), best_by(two.path(), "loss"));
    begin(6);
    let straight = both();
    assert_eq!(straight.0, Some(1));
    begin(2);
    run(go_on().checkpoint(train()).checkpoint(valid())).expect("they have changed places");
    assert_eq!(both(), straight);
    begin(2);
    run(go_on().checkpoint(train())).expect("the other is no more there");
    assert_eq!(best_by(two.path(), "loss"), straight.1);
    // One by another metric begins, in place of both.
    begin(2);
    let accuracy = Checkpoint::new(two.path()).best("val_accuracy");
    run(trainer(3).resume(true).metric(Accuracy).allow("metrics").checkpoint(accuracy)).expect("a good run");
    assert_eq!(best_by(two.path(), "val_accuracy"), Some(3));
    // Of one and one it is the metric that has changed; one without a memory does not count.
    run(trainer(2).checkpoint(valid())).expect("a good run");
    let other = || Checkpoint::new(one.path()).best("loss");
    let text = "monitor is \"loss\", the state is that of \"val_loss\"";
    assert_eq!(run(go_on().checkpoint(other())), Err(format!("Checkpoint: {text}")));
    let beside = go_on().checkpoint(Checkpoint::new(three.path()));
    assert_eq!(run(beside.checkpoint(other())), Err(format!("Checkpoint#2: {text}")));
}

/// A model with a number that nothing reads.
#[derive(wengert_nn::Module)]
struct Marked {
    linear: Linear,
    mark: Buffer,
}

impl Layer for Marked {
    fn forward(&self, x: &Tensor) -> wengert_nn::Result<Tensor> {
        self.linear.forward(x)
    }
}

#[test]
fn a_nan_that_was_there_from_the_beginning_ends_no_resumed_run() {
    let [train, valid] = sets();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = |mark: f32, epochs: u64, resume: bool| {
        let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let mut model = Marked { linear, mark: Buffer::new(Tensor::from(mark)) };
        let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(epochs).allow("epochs");
        let trainer = trainer.checkpoint(dir.path()).resume(resume);
        trainer.fit(&mut model, &train, &valid, &mut seeded(7)).map(|history| history.epochs.len())
    };
    assert_eq!(run(f32::NAN, 2, false), Ok(2));
    // The checkpoint has the NaN, the model as it is made has none.
    assert_eq!(run(0.0, 4, true), Ok(4));
}

fn saved(dir: &Path) {
    let (_, history) = fit(trainer(50).checkpoint(dir), 7, 7);
    history.expect("a good run");
}

/// The error of resuming from a directory; nothing may have changed.
fn resume(trainer: Trainer<'_>, dir: &Path) -> String {
    let (weights, outcome) = fit(trainer.checkpoint(dir).resume(true), 7, 7);
    assert_eq!(weights, bits(&model(7)));
    outcome.expect_err("a bad checkpoint").to_string().replace(&dir.display().to_string(), "DIR")
}

#[test]
fn a_directory_that_cannot_be_written() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("file");
    fs::write(&file, "not a directory").expect("writable");
    for place in [file.clone(), file.join("below")] {
        let (weights, outcome) = fit(trainer(50).checkpoint(&place), 7, 7);
        let text = outcome.expect_err("no directory").to_string();
        assert!(text.starts_with(&format!("Checkpoint: {}: ", place.display())), "{text}");
        assert_eq!(weights, bits(&model(7)));
    }
    assert_eq!(fs::read_to_string(&file).expect("still there"), "not a directory");
}

#[test]
fn missing_foreign_and_corrupt_checkpoints() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    let manifest = dir.join("checkpoint.json");
    assert_eq!(resume(trainer(50), dir), "DIR: there is no checkpoint here (no file checkpoint.json)");
    for (content, reason) in [
        ("{", "not a checkpoint: EOF while parsing"),
        ("[1, 2]", "not a checkpoint: "),
        (
            "{\"format\": \"other\", \"version\": 2}",
            "the format is \"other\" version 2, expected \"wengert-checkpoint\"",
        ),
        (
            "{\"format\": \"wengert-checkpoint\", \"version\": 1}",
            "the format is \"wengert-checkpoint\" version 1, expected \"wengert-checkpoint\" version 2",
        ),
        ("{\"format\": \"wengert-checkpoint\", \"version\": 2}", "not a checkpoint: missing field"),
    ] {
        fs::write(&manifest, content).expect("writable");
        let text = resume(trainer(50), dir);
        assert!(text.starts_with(&format!("DIR/checkpoint.json: {reason}")), "{text}");
    }
    saved(dir);
    let model = part(dir, ".model.");
    let whole = fs::read(&model).expect("just written");
    let name = model.file_name().and_then(|name| name.to_str()).expect("plain").to_string();
    fs::write(&model, &whole[..whole.len() - 1]).expect("writable");
    let (cut, len) = (whole.len() - 1, whole.len());
    assert_eq!(resume(trainer(50), dir), format!("DIR/{name}: the file has {cut} bytes, {len} were written"));
    let mut damaged = whole.clone();
    damaged[len - 3] ^= 1;
    fs::write(&model, &damaged).expect("writable");
    assert!(resume(trainer(50), dir).starts_with(&format!("DIR/{name}: the file is damaged: its checksum is ")));
    fs::remove_file(&model).expect("there");
    assert!(resume(trainer(50), dir).starts_with(&format!("DIR/{name}: No such file")));
    let lured = fs::read_to_string(&manifest).expect("there").replace(&name, "../other");
    fs::write(&manifest, lured).expect("writable");
    assert_eq!(resume(trainer(50), dir), "DIR/checkpoint.json: \"../other\" is no file of a checkpoint");
}

fn part(dir: &Path, of: &str) -> std::path::PathBuf {
    let mut files = fs::read_dir(dir).expect("there").map(|file| file.expect("readable").path());
    files.find(|path| path.to_string_lossy().contains(of)).expect("one of each")
}

#[test]
fn a_checkpoint_of_another_run() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    saved(dir);
    let refusal = |lines: &[&str], allow: &str| {
        let head = "DIR: the checkpoint is of another run, and nothing was loaded:";
        let lines = lines.iter().map(|line| format!("\n  {line}")).collect::<String>();
        format!("{head}{lines}\nallow(\"{allow}\") lets a difference be that is meant")
    };
    let text = refusal(&["batch_size: 16, this run has 8"], "batch_size");
    assert_eq!(resume(trainer(50).batch_size(8), dir), text);
    let plain = || {
        let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(6).batch_size(16).clip_norm(1.0);
        trainer.schedule(CosineAnnealingLR::new(6).eta_min(1e-4))
    };
    let early = "callbacks.EarlyStopping: EarlyStopping, this run has none";
    let text = refusal(&["metrics.accuracy: Accuracy, this run has none", early], "metrics.accuracy");
    assert_eq!(resume(plain(), dir), text);
    assert_eq!(resume(plain().metric(Accuracy), dir), refusal(&[early], "callbacks.EarlyStopping"));
    let other = Trainer::new(Sgd::new(0.05).momentum(0.9), cross_entropy).epochs(6).batch_size(16).metric(Accuracy);
    let other = other.callback(EarlyStopping::new().patience(50).min_delta(0.02));
    let text = resume(other, dir);
    assert!(text.contains("\n  optimizer: Adam, this run has SGD\n"), "{text}");

    let [train, valid] = sets();
    let mut wider = wide(32).expect("good sizes");
    let error = trainer(50).checkpoint(dir).resume(true).fit(&mut wider, &train, &valid, &mut seeded(7));
    let text = error.expect_err("another model").to_string();
    assert!(text.contains("\n  model.0.weight: F32 [16, 2], this run has F32 [32, 2]\n"), "{text}");
    let error = trainer(50).checkpoint(dir).resume(true).fit(&mut model(7), &train, &train, &mut seeded(7));
    let text = error.expect_err("another set").to_string();
    assert!(text.contains("\n  valid.samples: 30, this run has 120\n"), "{text}");
    // Early stopping on the validation set would be refused before.
    let without = plain().metric(Accuracy).checkpoint(dir).resume(true);
    let error = without.fit(&mut model(7), &train, None, &mut seeded(7));
    let text = error.expect_err("no set").to_string();
    assert!(text.contains("\n  valid: a set, this run has none\n"), "{text}");
}

fn wide(width: usize) -> wengert_nn::Result<Sequential> {
    let rng = &mut seeded(7);
    let first = Linear::new(2, width, rng)?;
    Ok(sequential![first, ReLU, Dropout::new(0.2, rng)?, Linear::new(width, 2, rng)?])
}

#[test]
fn only_the_last_checkpoint_is_kept() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("notes.txt"), "mine").expect("writable");
    assert!(!Checkpoint::exists(dir.path()));
    saved(dir.path());
    assert!(Checkpoint::exists(dir.path()));
    let mut names: Vec<String> = fs::read_dir(dir.path())
        .expect("there")
        .map(|file| file.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(names[..3].iter().all(|name| name.starts_with("checkpoint-000006-")), "{names:?}");
    assert_eq!(names[3..], ["checkpoint.json", "checkpoint.lock", "notes.txt"]);
}

const CHILD: &str = "WENGERT_TEST_CHECKPOINT_DIR";

fn endless(dir: &Path) -> Trainer<'static> {
    Trainer::new(Adam::new(0.01), cross_entropy).epochs(u64::MAX).batch_size(64).checkpoint(dir)
}

/// In the process that [`killed_at_any_moment`] starts, and kills: trains for ever. Elsewhere: nothing.
#[test]
fn child_trains_until_killed() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let [train, valid] = sets();
    let resume = Checkpoint::exists(&dir);
    let trainer = endless(Path::new(&dir)).resume(resume);
    let _ = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7));
}

#[test]
fn killed_at_any_moment() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut epoch = 0;
    for round in 0..4 {
        let exe = std::env::current_exe().expect("this test");
        let mut child = std::process::Command::new(exe);
        child.args(["--exact", "resume::child_trains_until_killed"]).env(CHILD, dir.path());
        let mut child = child.stdout(std::process::Stdio::null()).spawn().expect("this test runs");
        for _ in 0..2000 {
            std::thread::sleep(Duration::from_millis(5 + round));
            let load = || Snapshot::load(dir.path()).expect("whole, also while the child replaces it").epoch;
            if Checkpoint::exists(dir.path()) && load() > epoch {
                break;
            }
        }
        child.kill().expect("still running");
        child.wait().expect("killed");
        let reached = Snapshot::load(dir.path()).expect("whole").epoch;
        assert!(reached > epoch, "{reached} epochs after the kill, {epoch} before");
        epoch = reached;
    }
    let snapshot = Snapshot::load(dir.path()).expect("whole");
    let [train, valid] = sets();
    let mut model = make(&mut seeded(7)).expect("good sizes");
    let trainer = Trainer::new(Adam::new(0.01), cross_entropy).epochs(epoch).batch_size(64);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    let mut saved = self::model(8);
    saved.load_state_dict(&snapshot.model).expect("the same structure");
    assert_eq!(bits(&saved), bits(&model));
    assert_eq!(snapshot.history, history);
}
