//! Learning rates of groups and parts, beside that of the optimizer, while a run trains.

use crate::holds::Watched;
use crate::moons::{model, sets};
use autograd_core::seeded;
use std::sync::Mutex;
use wengert_nn::cross_entropy;
use wengert_optim::{CosineAnnealingWarmRestarts, Optimizer, Parts, Sgd};
use wengert_train::{Callback, ReduceLROnPlateau, Result, Run, Trainer};

/// What was seen at the steps of a run of two epochs with three batches each.
fn seen<'t, O: Optimizer + 't>(
    optimizer: O,
    names: &'t [&'t str],
    notes: &'t Mutex<Vec<Vec<f64>>>,
    change: impl FnOnce(Trainer<'t>) -> Trainer<'t>,
) -> Vec<Vec<f64>> {
    let [train, valid] = sets();
    let trainer = Trainer::new(Watched(optimizer, names, notes), cross_entropy).epochs(2).batch_size(40);
    change(trainer).fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    std::mem::take(&mut *notes.lock().expect("one thread"))
}

fn near(all: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert_eq!(all.len(), expected.len());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12;
    for (k, (got, wanted)) in all.iter().zip(expected).enumerate() {
        let alike = got.len() == wanted.len() && got.iter().zip(wanted).all(near);
        assert!(alike, "step {k}: {got:?} instead of {wanted:?}");
    }
}

#[test]
fn a_group_has_the_rate_of_its_schedule_whenever_that_of_all_moves() {
    let notes = Mutex::new(Vec::new());
    let optimizer = || Sgd::new(0.1).group("0", |group| group.scale_lr(0.1));
    let cosine = || CosineAnnealingWarmRestarts::new(4);
    let rate = |k: u64| 0.1 * (1.0 + (std::f64::consts::PI * (k % 4) as f64 / 4.0).cos()) / 2.0;
    let constant = |own: f64, _: u64| own;
    let all = seen(optimizer(), &["lr", "0.lr"], &notes, |trainer| {
        trainer.schedule_of("0.lr", constant).schedule_by_step(cosine())
    });
    near(&all, &(0..6).map(|k| vec![rate(k), 0.01]).collect::<Vec<_>>());
    // The other way round: it moves at every step, and the others once in an epoch.
    let all = seen(optimizer(), &["lr", "0.lr"], &notes, |trainer| {
        trainer
            .schedule(|lr: f64, k: u64| lr / (k + 1) as f64)
            .schedule_of_by_step("0.lr", |own: f64, k: u64| own + k as f64)
    });
    near(&all, &(0..6).map(|k| vec![0.1 / (k / 3 + 1) as f64, 0.01 + k as f64]).collect::<Vec<_>>());
}

#[test]
fn a_group_waits_where_the_rate_of_all_is_0() {
    let notes = Mutex::new(Vec::new());
    let optimizer = Sgd::new(0.1).group("0", |group| group.scale_lr(0.1));
    let all = seen(optimizer, &["lr", "0.lr"], &notes, |trainer| {
        let trainer = trainer.schedule_by_step(|lr: f64, k: u64| lr * (k % 3) as f64);
        trainer.schedule_of("0.lr", |own: f64, _: u64| own)
    });
    let row = |k: u64| vec![0.1 * (k % 3) as f64, if k.is_multiple_of(3) { 0.0 } else { 0.01 }];
    near(&all, &(0..6).map(row).collect::<Vec<_>>());
    // Also if both are set at steps, or a callback brings it to 0.
    let optimizer = || Sgd::new(0.1).group("0", |group| group.scale_lr(0.1));
    let all = seen(optimizer(), &["lr", "0.lr"], &notes, |trainer| {
        let trainer = trainer.schedule_by_step(|lr: f64, k: u64| lr * (k % 3) as f64);
        trainer.schedule_of_by_step("0.lr", |own: f64, _: u64| own)
    });
    near(&all, &(0..6).map(row).collect::<Vec<_>>());
    let all = seen(optimizer(), &["lr", "0.lr"], &notes, |trainer| {
        trainer
            .schedule_of("0.lr", |own: f64, _: u64| own)
            .callback(Begins(|run: &mut Run<'_>| run.set_lr(0.1 * (run.epoch() - 1) as f64)))
    });
    near(&all, &(0..6).map(|k| if k < 3 { vec![0.0; 2] } else { vec![0.1, 0.01] }).collect::<Vec<_>>());
    // That of a part waits for that of the first, and that of a part's group for that of the part.
    let first = |name: &str| name.starts_with('0');
    let grouped = || Sgd::new(0.1).group("3.weight", |group| group.scale_lr(0.1));
    let parts = || Parts::new().part("first", first, Sgd::new(0.1)).rest(grouped());
    let all = seen(parts(), &["lr", "rest.lr", "rest.3.weight.lr"], &notes, |trainer| {
        let trainer = trainer.schedule_of_by_step("rest.lr", |lr: f64, k: u64| lr * (k % 3) as f64);
        trainer.schedule_of("rest.3.weight.lr", |own: f64, _: u64| own)
    });
    let row = |k: u64| vec![0.1, 0.1 * (k % 3) as f64, if k.is_multiple_of(3) { 0.0 } else { 0.01 }];
    near(&all, &(0..6).map(row).collect::<Vec<_>>());
}

/// Calls a function when an epoch begins.
struct Begins<F>(F);

impl<F: FnMut(&mut Run<'_>) + Send> Callback for Begins<F> {
    fn name(&self) -> &str {
        "Begins"
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        (self.0)(run);
        Ok(())
    }
}

#[test]
fn a_run_that_ended_at_a_rate_of_0_goes_on() {
    let ([train, valid], dir) = (sets(), tempfile::tempdir().expect("a temporary directory"));
    let notes = Mutex::new(Vec::new());
    let names = ["lr", "0.lr"];
    let go = |epochs: u64| {
        let sgd = Sgd::new(0.1).group("0", |group| group.scale_lr(0.1));
        let trainer = Trainer::new(Watched(sgd, &names, &notes), cross_entropy).epochs(epochs).batch_size(40);
        let trainer = trainer.schedule_by_step(|lr: f64, k: u64| lr * ((k + 1) % 3) as f64);
        let trainer = trainer.schedule_of("0.lr", |own: f64, _: u64| own).checkpoint(dir.path());
        let trainer = trainer.resume(dir.path().join("checkpoint.json").exists());
        let mut model = model(7);
        let history = trainer.allow("epochs").allow("schedule").allow("schedules").fit(
            &mut model,
            &train,
            &valid,
            &mut seeded(7),
        );
        assert_eq!(history.expect("a good run").epochs.len() as u64, epochs);
        std::mem::take(&mut *notes.lock().expect("one thread"))
    };
    let row = |k: u64| vec![0.1 * ((k + 1) % 3) as f64, if k % 3 == 2 { 0.0 } else { 0.01 }];
    near(&go(1), &(0..3).map(row).collect::<Vec<_>>());
    assert!(go(1).is_empty(), "it had ended");
    near(&go(2), &(3..6).map(row).collect::<Vec<_>>());
}

#[test]
fn a_group_that_has_a_schedule_no_more_has_its_own_ratio() {
    let ([train, valid], dir) = (sets(), tempfile::tempdir().expect("a temporary directory"));
    let notes = Mutex::new(Vec::new());
    let names = ["lr", "0.lr"];
    let halves = |lr: f64, k: u64| lr / 2_f64.powi(k as i32);
    let go = |epochs: u64, scheduled: bool| {
        let mut sgd = Sgd::new(0.1).group("0", |group| group.scale_lr(0.1));
        let trainer = Trainer::new(Watched(&mut sgd, &names, &notes), cross_entropy).epochs(epochs).batch_size(40);
        let trainer =
            trainer.schedule(halves).checkpoint(dir.path()).resume(!scheduled).allow("epochs").allow("schedules");
        let trainer = match scheduled {
            true => trainer.schedule_of("0.lr", |own: f64, k: u64| own * (3 + k) as f64),
            false => trainer,
        };
        trainer.allow("schedule").fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
        let own = [sgd.lr(), sgd.get("0.lr").expect("a group")];
        near(&[own.to_vec()], &[vec![0.1, 0.01]]);
        std::mem::take(&mut *notes.lock().expect("one thread"))
    };
    go(3, true);
    near(&go(4, false), &vec![vec![0.1 / 8.0, 0.01 / 8.0]; 3]);
}

#[test]
fn a_group_of_a_part_that_has_a_schedule_no_more_has_its_own_ratio() {
    let ([train, valid], dir) = (sets(), tempfile::tempdir().expect("a temporary directory"));
    let notes = Mutex::new(Vec::new());
    let names = ["lr", "rest.lr", "rest.3.weight.lr"];
    let halves = |lr: f64, k: u64| lr / 2_f64.powi(k as i32);
    let go = |epochs: u64, scheduled: bool| {
        let rest = Sgd::new(0.1).group("3.weight", |group| group.scale_lr(0.1));
        let mut parts = Parts::new().part("first", |name| name.starts_with('0'), Sgd::new(0.1)).rest(rest);
        let trainer = Trainer::new(Watched(&mut parts, &names, &notes), cross_entropy).epochs(epochs).batch_size(40);
        let trainer = trainer.schedule_of("rest.lr", halves).checkpoint(dir.path()).resume(!scheduled);
        let trainer = match scheduled {
            true => trainer.schedule_of("rest.3.weight.lr", |own: f64, k: u64| own * (3 + k) as f64),
            false => trainer,
        };
        let trainer = trainer.allow("epochs").allow("schedules");
        trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
        let own = names.map(|name| parts.get(name).expect("a rate"));
        near(&[own.to_vec()], &[vec![0.1, 0.1, 0.01]]);
        std::mem::take(&mut *notes.lock().expect("one thread"))
    };
    go(3, true);
    near(&go(4, false), &vec![vec![0.1, 0.1 / 8.0, 0.01 / 8.0]; 3]);
}

fn parts() -> Parts {
    Parts::new().part("first", |name| name.starts_with('0'), Sgd::new(0.1)).rest(Sgd::new(0.01))
}

#[test]
fn the_rate_of_the_first_part_is_that_of_all() {
    let notes = Mutex::new(Vec::new());
    let halves = |lr: f64, k: u64| lr / 2_f64.powi(k as i32);
    let constant = |own: f64, _: u64| own;
    for swapped in [false, true] {
        let all = seen(parts(), &["lr", "first.lr", "rest.lr"], &notes, |trainer| match swapped {
            false => trainer.schedule_of("first.lr", halves).schedule_of("rest.lr", constant),
            true => trainer.schedule_of("rest.lr", constant).schedule_of("first.lr", halves),
        });
        near(&all, &(0..6).map(|k| halves(0.1, k / 3)).map(|lr| vec![lr, lr, 0.01]).collect::<Vec<_>>());
    }
    let [train, valid] = sets();
    let refused = |trainer: Trainer<'_>| {
        let run = trainer.epochs(2).fit(&mut model(7), &train, &valid, &mut seeded(7));
        run.expect_err("two of one thing").to_string()
    };
    let twice = Trainer::new(parts(), cross_entropy).schedule(halves).schedule_of("first.lr", halves);
    assert_eq!(refused(twice), "fit: a run has one schedule, set are schedule and schedule; then joins two");
    let beside = Trainer::new(parts(), cross_entropy).schedule_of("first.lr", halves);
    let text = refused(beside.callback(ReduceLROnPlateau::new().monitor("loss")));
    assert!(text.contains("a schedule sets the learning rate, and would undo every reduction"), "{text}");
}

#[test]
fn a_run_that_goes_on_without_a_schedule_has_the_optimizers_own_rates() {
    /// Writes the rate of each epoch down.
    struct Rates<'s>(&'s Mutex<Vec<f64>>);
    impl Callback for Rates<'_> {
        fn name(&self) -> &str {
            "Rates"
        }
        fn only_watches(&self) -> bool {
            true
        }
        fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
            self.0.lock().expect("one thread").push(run.lr());
            Ok(())
        }
    }
    let ([train, valid], dir) = (sets(), tempfile::tempdir().expect("a temporary directory"));
    let (rates, notes) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let names = ["lr", "0.lr"];
    let go = |change: &dyn Fn(Trainer<'_>) -> Trainer<'_>| {
        let mut sgd = Sgd::new(0.1).group("0", |group| group.scale_lr(0.1));
        sgd.set("0.lr", 0.02).expect("a group");
        let trainer = Trainer::new(Watched(sgd, &names, &notes), cross_entropy).callback(Rates(&rates));
        let trainer = change(trainer.checkpoint(dir.path()));
        trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    };
    go(&|trainer| {
        let trainer = trainer.epochs(2).schedule(|lr: f64, k: u64| lr * (1 - k) as f64);
        trainer.schedule_of("0.lr", |own: f64, k: u64| own * 3.0 * (1 - k) as f64)
    });
    notes.lock().expect("one thread").clear();
    go(&|trainer| trainer.epochs(3).resume(true).allow("epochs").allow("schedule").allow("schedules"));
    assert_eq!(*rates.lock().expect("one thread"), [0.1, 0.0, 0.1]);
    assert!(
        notes.lock().expect("one thread").iter().all(|now| (now[0] - 0.1).abs() + (now[1] - 0.02).abs() < 1e-12),
        "{notes:?}"
    );
}
