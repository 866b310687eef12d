//! Runs that pause, and go on as if nothing had happened.

use crate::moons::{bits, model, sets};
use autograd_core::seeded;
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Callback, Checkpoint, EarlyStopping, History, Result, Run, Trainer};

type Act = fn(&mut Run<'_>);

/// Pauses or stops at the ends of some epochs.
struct At(Vec<(u64, Act)>);

impl Callback for At {
    fn name(&self) -> &str {
        "At"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let epoch = run.epoch();
        self.0.iter().filter(|(at, _)| *at == epoch).for_each(|(_, act)| act(run));
        Ok(())
    }
}

fn trainer() -> Trainer<'static> {
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(6).batch_size(16);
    trainer.callback(EarlyStopping::new().patience(3).min_delta(0.02))
}

fn fit(trainer: Trainer<'_>) -> (Vec<u64>, History) {
    let [train, valid] = sets();
    let mut model = model(7);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    (bits(&model), history)
}

#[test]
fn a_run_that_paused_goes_on() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let straight = fit(trainer());
    // A checkpoint of every tenth epoch only: a pause writes one, too.
    let checkpoint = || Checkpoint::new(dir.path()).every(10);
    let pauses = At(vec![(2, |run| run.pause("a signal")), (2, |run| run.pause("another"))]);
    let (_, paused) = fit(trainer().checkpoint(checkpoint()).callback(pauses));
    assert_eq!((paused.epochs.len(), paused.stopped.as_deref()), (2, Some("a signal")));
    assert_eq!(fit(trainer().checkpoint(checkpoint()).resume(true)), straight);
}

#[test]
fn a_run_that_stopped_does_not() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let both: Act = |run| {
        run.pause("a signal");
        run.stop("good enough");
        run.pause("another");
    };
    let stopped = fit(trainer().checkpoint(dir.path()).callback(At(vec![(2, both)])));
    assert_eq!((stopped.1.epochs.len(), stopped.1.stopped.as_deref()), (2, Some("good enough")));
    assert_eq!(fit(trainer().checkpoint(dir.path()).resume(true)), stopped);
}
