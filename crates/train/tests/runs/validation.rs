//! Validation: in which epochs, and in which batches.

use crate::moons::{bits, directory, model, sets};
use autograd_core::{Tensor, seeded};
use std::sync::Mutex;
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Accuracy, Callback, EarlyStopping, History, Result, Run, Trainer};

/// Three batches for each epoch.
fn trainer() -> Trainer<'static> {
    Trainer::new(Adam::new(0.03), cross_entropy).batch_size(40).metric(Accuracy)
}

fn fit(trainer: Trainer<'_>) -> (Vec<u64>, History) {
    let [train, valid] = sets();
    let mut model = model(7);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    (bits(&model), history)
}

/// The epochs in which a name was measured.
fn measured(history: &History, name: &str) -> Vec<u64> {
    history.epochs.iter().filter(|epoch| epoch.get(name).is_some()).map(|epoch| epoch.epoch).collect()
}

#[test]
fn some_epochs_are_validated_and_the_last_one() {
    let (weights, every) = fit(trainer().epochs(6));
    for (n, epochs) in [(1, vec![1, 2, 3, 4, 5, 6]), (2, vec![2, 4, 6]), (4, vec![4, 6]), (u64::MAX, vec![6])] {
        let (same, history) = fit(trainer().epochs(6).validate_every(n));
        assert_eq!(same, weights, "validation changes nothing");
        for name in ["val_loss", "val_accuracy"] {
            assert_eq!(measured(&history, name), epochs, "every {n}");
            let expected: Vec<f64> = epochs.iter().map(|epoch| every.values(name)[*epoch as usize - 1]).collect();
            assert_eq!(history.values(name), expected);
        }
        assert_eq!(history.values("loss"), every.values("loss"));
        assert!(history.best().is_some_and(|best| epochs.contains(&best.epoch)));
    }
}

/// Ends the run in the second batch of an epoch.
struct Ends {
    epoch: u64,
    end: fn(&mut Run<'_>),
}

impl Callback for Ends {
    fn name(&self) -> &str {
        "Ends"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if (run.epoch(), run.batch()) == (self.epoch, 2) {
            (self.end)(run);
        }
        Ok(())
    }
}

#[test]
fn a_run_that_is_stopped_within_an_epoch_is_validated_and_one_that_pauses_goes_on_as_it_was() {
    let run = || trainer().epochs(6).validate_every(4);
    let (_, stopped) = fit(run().callback(Ends { epoch: 3, end: |run| run.stop("enough") }));
    assert_eq!((stopped.epochs.len(), measured(&stopped, "val_loss")), (3, vec![3]));
    let dir = directory();
    let pauses = Ends { epoch: 3, end: |run| run.pause("a signal") };
    let (_, paused) = fit(run().checkpoint(dir.path()).callback(pauses));
    assert_eq!((paused.epochs.len(), measured(&paused, "val_loss")), (3, vec![]));
    assert_eq!(fit(run().checkpoint(dir.path()).resume(true)), fit(run()));
}

#[test]
fn patience_counts_validations() {
    // No epoch is better by so much.
    let early = || EarlyStopping::new().patience(2).min_delta(100.0);
    let (_, history) = fit(trainer().epochs(20).validate_every(3).callback(early()));
    assert_eq!((history.epochs.len(), measured(&history, "val_loss")), (9, vec![3, 6, 9]));
    let says =
        |history: &History, text: &str| assert!(history.stopped.as_ref().is_some_and(|why| why.starts_with(text)));
    says(&history, "val_loss has not improved for 2 measurements since ");
    // What is measured in training has a value in each.
    let (_, history) = fit(trainer().epochs(20).validate_every(3).callback(early().monitor("loss")));
    assert_eq!(history.epochs.len(), 3);
    says(&history, "loss has not improved for 2 epochs since ");
}

#[test]
fn a_count_that_begins_in_a_resumed_run_is_one_of_epochs() {
    let [train, valid] = sets();
    let valid = valid.map_x(|x| Ok(x.mul_scalar(f64::NAN))).expect("as many");
    let dir = directory();
    let run = |trainer: Trainer<'_>| {
        let trainer = trainer.checkpoint(dir.path()).allow("epochs");
        trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run")
    };
    let early = || EarlyStopping::new().patience(2);
    run(trainer().epochs(2));
    let history = run(trainer().epochs(3).callback(early()).resume(true).allow("callbacks"));
    assert_eq!(history.stopped, None);
    // And goes on, knowing where it began.
    let history = run(trainer().epochs(9).callback(early()).resume(true));
    let why = "val_loss has not improved for 2 epochs";
    assert_eq!((history.epochs.len(), history.stopped.as_deref()), (4, Some(why)));
}

#[test]
fn the_first_epoch_does_not_end_a_run() {
    let [train, valid] = sets();
    let valid = valid.map_x(|x| Ok(x.mul_scalar(f64::NAN))).expect("as many");
    let run = trainer().epochs(9).callback(EarlyStopping::new());
    let history = run.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    assert!(history.values("val_loss").iter().all(|loss| loss.is_nan()));
    let why = "val_loss has not improved for 2 epochs";
    assert_eq!((history.epochs.len(), history.stopped.as_deref()), (2, Some(why)));
}

#[test]
fn batches_of_validation_have_a_size_of_their_own() {
    let sizes = |size: Option<usize>| {
        let seen = Mutex::new(Vec::new());
        let loss = |y: &Tensor, t: &Tensor| {
            seen.lock().expect("one thread").push(t.shape()[0]);
            cross_entropy(y, t)
        };
        let trainer = Trainer::new(Adam::new(0.03), loss).epochs(2).batch_size(60);
        let (weights, history) = fit(size.into_iter().fold(trainer, Trainer::validation_batch_size));
        (weights, history.values("val_loss"), seen.into_inner().expect("one thread"))
    };
    let (weights, losses, seen) = sizes(None);
    // The first batch of validation is tried before the first step.
    assert_eq!(seen, [60, 30, 60, 30, 60, 60, 30]);
    let (same, near, seen) = sizes(Some(11));
    assert_eq!(seen, [60, 11, 60, 11, 11, 8, 60, 60, 11, 11, 8]);
    assert_eq!(same, weights, "validation changes nothing");
    assert!(losses.iter().zip(&near).all(|(a, b)| (a - b).abs() < 1e-6), "{losses:?} {near:?}");
}
