//! Directories of checkpoints: one owner at a time, whom a kill removes, and readers that see whole checkpoints.

mod moons;

use autograd_core::seeded;
use moons::{child, model, sets, stress};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};
use tempfile::tempdir;
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Callback, Checkpoint, Result, Run, Snapshot, Trainer};

const DIR: &str = "WENGERT_TEST_OWNED";
const EPOCHS: &str = "WENGERT_TEST_EPOCHS";
const REFUSED: i32 = 7;
/// What is said of the holder of a directory: who it is, or `another process`, until that has written who it is.
const TAKEN: &str = "a run is writing its checkpoints here: ";

fn train(dir: &Path, epochs: u64) -> Result<usize> {
    let [train, valid] = sets();
    let trainer = Trainer::new(Adam::new(0.01), cross_entropy).epochs(epochs).batch_size(64).checkpoint(dir);
    let trainer = trainer.resume(Checkpoint::exists(dir)).allow("epochs");
    Ok(trainer.fit(&mut model(7), &train, &valid, &mut seeded(7))?.epochs.len())
}

/// In processes that the tests below start: trains.
#[test]
fn child_trains() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let epochs = std::env::var(EPOCHS).expect("set beside it").parse().expect("a number");
    match train(Path::new(&dir), epochs) {
        Ok(_) => std::process::exit(0),
        Err(e) if e.to_string().contains(TAKEN) => std::process::exit(REFUSED),
        Err(e) => panic!("{e}"),
    }
}

fn start(dir: &Path, epochs: u64) -> Child {
    child("child_trains", DIR, dir).env(EPOCHS, epochs.to_string()).spawn().expect("this test runs")
}

fn runs(child: &mut Child) {
    let ended = child.try_wait().expect("a child of this process");
    assert!(ended.is_none(), "it has ended by itself: {ended:?}");
}

fn wait_for_checkpoint(dir: &Path, child: &mut Child) {
    while !Checkpoint::exists(dir) {
        runs(child);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_second_run_is_refused_with_the_name_of_the_first() {
    let dir = tempdir().expect("a temporary directory");
    let mut done = 0;
    for _ in 0..2 * stress() {
        let mut first = start(dir.path(), u64::MAX);
        let reached = loop {
            // Until it has gone on from where the one before was killed.
            wait_for_checkpoint(dir.path(), &mut first);
            runs(&mut first);
            let epoch = Snapshot::load(dir.path()).expect("whole").epoch;
            if epoch > done {
                break epoch;
            }
        };
        let before = model(3);
        let mut untouched = model(3);
        let [train_set, valid] = sets();
        let trainer = Trainer::new(Adam::new(0.01), cross_entropy).checkpoint(dir.path());
        let text = trainer.fit(&mut untouched, &train_set, &valid, &mut seeded(7)).expect_err("owned").to_string();
        let place = format!("{}: {TAKEN}process {} on ", dir.path().display(), first.id());
        assert!(text.starts_with(&format!("Checkpoint: {place}")), "{text}");
        assert!(text.contains("; each run needs its own directory"), "{text}");
        assert_eq!(moons::bits(&untouched), moons::bits(&before));
        // A snapshot that is saved by hand has no more rights.
        let snapshot = Snapshot::load(dir.path()).expect("whole");
        let text = snapshot.save(dir.path()).expect_err("owned").to_string();
        assert!(text.starts_with(&place), "{text}");
        first.kill().expect("still running");
        first.wait().expect("killed");
        // The system has taken the lock back.
        let epoch = Snapshot::load(dir.path()).expect("whole").epoch;
        assert!(epoch >= reached);
        assert_eq!(train(dir.path(), epoch + 1).expect("free"), epoch as usize + 1);
        done = epoch + 1;
    }
}

#[test]
fn two_processes_at_one_time() {
    for round in 0..3 * stress() {
        let dir = tempdir().expect("a temporary directory");
        let mut both = [start(dir.path(), 4), start(dir.path(), 4)];
        let codes = both.each_mut().map(|child| child.wait().expect("it ends").code());
        // One after the other they may both succeed; at one time one is refused.
        assert!(codes.iter().all(|code| [Some(0), Some(REFUSED)].contains(code)), "round {round}: {codes:?}");
        assert!(codes.contains(&Some(0)), "round {round}: {codes:?}");
        assert_eq!(Snapshot::load(dir.path()).expect("whole").epoch, 4, "round {round}");
    }
}

#[test]
fn what_a_run_has_is_refused_to_another_process_and_to_another_thread() {
    let dir = tempdir().expect("a temporary directory");
    let (mut code, mut thread) = (None, None);
    let epochs = with(Checkpoint::new(dir.path()), || {
        code = start(dir.path(), 4).wait().expect("it ends").code();
        let other = std::thread::scope(|scope| scope.spawn(|| train(dir.path(), 4)).join().expect("no panic"));
        thread = other.err().map(|e| e.to_string());
    });
    assert_eq!((epochs.expect("it has the directory"), code), (3, Some(REFUSED)));
    let holder = format!("{TAKEN}process {} on ", std::process::id());
    assert!(thread.as_ref().is_some_and(|text| text.contains(&holder)), "{thread:?}");
}

#[test]
fn threads_are_kept_apart_as_processes_are() {
    let dir = tempdir().expect("a temporary directory");
    let outcomes: Vec<Result<usize>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| train(dir.path(), 6))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(outcomes.iter().any(|outcome| outcome.is_ok()));
    for refused in outcomes.into_iter().filter_map(Result::err) {
        let text = refused.to_string();
        let holders = [format!("process {} on ", std::process::id()), "another process".into()];
        assert!(holders.iter().any(|holder| text.contains(&format!("{TAKEN}{holder}"))), "{text}");
    }
    assert_eq!(Snapshot::load(dir.path()).expect("whole").epoch, 6);
    // The directory is given back also by runs that were refused for another reason, or fail.
    let bad = || Trainer::new(Adam::new(f64::NAN), cross_entropy).checkpoint(dir.path());
    let [train_set, valid] = sets();
    bad().fit(&mut model(7), &train_set, &valid, &mut seeded(7)).expect_err("NaN");
    let mut kept = Checkpoint::new(dir.path());
    let other = Trainer::new(Adam::new(0.3), cross_entropy).checkpoint(dir.path()).resume(true);
    other.fit(&mut model(7), &train_set, &valid, &mut seeded(7)).expect_err("another run");
    let short = Trainer::new(Adam::new(0.01), cross_entropy).callback(&mut kept);
    short.fit(&mut model(7), &train_set, &valid, &mut seeded(7)).expect("free");
    Snapshot::load(dir.path()).expect("whole").save(dir.path()).expect("free");
}

#[test]
fn two_checkpoints_of_one_run_are_told_that_one_will_do() {
    let dir = tempdir().expect("a temporary directory");
    let [train_set, valid] = sets();
    let trainer = Trainer::new(Adam::new(0.01), cross_entropy).checkpoint(Checkpoint::new(dir.path()).every(10));
    let trainer = trainer.callback(Checkpoint::new(dir.path()).best("val_loss"));
    let error = trainer.fit(&mut model(7), &train_set, &valid, &mut seeded(7)).expect_err("its own");
    let text = error.to_string();
    let begin = format!("Checkpoint: {}: {TAKEN}process {} on ", dir.path().display(), std::process::id());
    assert!(text.starts_with(&begin), "{text}");
    let end = "Z; each run needs its own directory, and of one run one Checkpoint does both, every and best";
    assert!(text.ends_with(end), "{text}");
}

/// Does something after the second epoch.
struct After<F>(F);

impl<F: FnMut()> Callback for After<F> {
    fn name(&self) -> &str {
        "After"
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() == 2 {
            (self.0)();
        }
        Ok(())
    }
}

/// A run of three epochs that does something after the second.
fn with(checkpoint: impl Callback, after: impl FnMut()) -> Result<usize> {
    let [train_set, valid] = sets();
    let trainer = Trainer::new(Adam::new(0.01), cross_entropy).epochs(3).batch_size(64);
    let trainer = trainer.callback(checkpoint).callback(After(after));
    Ok(trainer.fit(&mut model(7), &train_set, &valid, &mut seeded(7))?.epochs.len())
}

#[test]
#[cfg(unix)]
fn a_directory_that_was_removed_is_another_runs() {
    let all = tempdir().expect("a temporary directory");
    let dir = all.path().join("run");
    // Somebody begins anew while the old run is at work.
    let text = with(Checkpoint::new(&dir), || {
        std::fs::remove_dir_all(&dir).expect("there");
        assert_eq!(train(&dir, 5).expect("nobody has it"), 5);
    });
    let expected = "the directory, or its checkpoint.lock, was removed while a run had it; nothing is written";
    let text = text.expect_err("it has lost its directory").to_string();
    assert_eq!(text, format!("Checkpoint: {}: {expected}", dir.display()));
    assert_eq!(Snapshot::load(&dir).expect("whole").epoch, 5);
}

#[test]
fn a_panic_gives_the_directory_back() {
    let dir = tempdir().expect("a temporary directory");
    let mut kept = Checkpoint::new(dir.path());
    let run = std::panic::AssertUnwindSafe(|| with(&mut kept, || std::panic::resume_unwind(Box::new("a panic"))));
    assert!(std::panic::catch_unwind(run).is_err());
    let snapshot = Snapshot::load(dir.path()).expect("that of the first epoch");
    assert_eq!(snapshot.epoch, 1);
    snapshot.save(dir.path()).expect("free");
    drop(kept);
}

#[test]
fn readers_of_a_live_checkpoint_see_it_whole() {
    let dir = tempdir().expect("a temporary directory");
    let mut run = start(dir.path(), u64::MAX);
    wait_for_checkpoint(dir.path(), &mut run);
    let first = Snapshot::load(dir.path()).expect("whole").epoch;
    let (mut last, mut failed, mut reads) = (first, Vec::new(), 0);
    let patience = Instant::now() + Duration::from_secs(60);
    while reads < 400 * stress() || (last == first && Instant::now() < patience) {
        reads += 1;
        match Snapshot::load(dir.path()) {
            Ok(snapshot) => {
                assert!(snapshot.epoch >= last && snapshot.history.epochs.len() as u64 == snapshot.epoch);
                last = snapshot.epoch;
            }
            Err(e) => failed.push(e),
        }
    }
    run.kill().expect("still running");
    run.wait().expect("killed");
    assert!(failed.is_empty(), "{} of {reads} reads failed: {:?}", failed.len(), failed.first());
    assert!(last > first, "the checkpoint is the same, that of epoch {first}, after {reads} reads");
}
