//! Learning rates that an optimizer cannot have, and the rate that it has after a run.

use crate::holds::Watched;
use crate::moons::{Killed, bits, directory, model, sets};
use autograd_core::seeded;
use rand::RngExt;
use std::sync::Mutex;
use wengert_nn::cross_entropy;
use wengert_optim::{Adam, OneCycleLR, Optimizer, Sgd, StepLR};
use wengert_train::{Callback, Interrupted, ReduceLROnPlateau, Result, Run, Trainer};

/// Sets a rate in an epoch.
struct Sets(u64, f64);

impl Callback for Sets {
    fn name(&self) -> &str {
        "Sets"
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() == self.0 {
            run.set_lr(self.1);
        }
        Ok(())
    }
}

#[test]
fn whoever_sets_a_rate_that_cannot_be_is_named() {
    let [train, valid] = sets();
    let must = "it must be finite and at least 0";
    let fit = |change: &dyn Fn(Trainer<'static>) -> Trainer<'static>, epochs: usize, text: &str| {
        let mut trained = model(7);
        let trainer = Trainer::new(Adam::new(0.05).group("0", |group| group.scale_lr(0.1)), cross_entropy);
        let run = change(trainer.epochs(4).batch_size(40));
        let error = run.fit(&mut trained, &train, &valid, &mut seeded(7)).expect_err("a bad rate");
        assert_eq!(error.to_string(), text);
        // What was found before is not lost.
        assert_eq!(error.detail::<Interrupted>().expect("it had begun").history.epochs.len(), epochs);
        assert!(bits(&trained) != bits(&model(7)) && bits(&trained).iter().all(|x| f64::from_bits(*x).is_finite()));
    };
    let text = format!("epoch 3: the schedule's rate number 2 is NaN: Adam: lr is NaN, {must}");
    fit(&|run| run.schedule(|lr: f64, k: u64| if k == 2 { f64::NAN } else { lr }), 2, &text);
    let text = format!("epoch 2, train batch 2: the schedule's rate number 4 is -0.05: Adam: lr is -0.05, {must}");
    fit(&|run| run.schedule_by_step(|lr: f64, k: u64| if k == 4 { -lr } else { lr }), 1, &text);
    let text = format!("Sets: Adam: lr is inf, {must}");
    fit(&|run| run.callback(Sets(2, f64::INFINITY)), 2, &text);
}

#[test]
fn after_a_run_the_optimizer_has_its_own_rate() {
    let [train, valid] = sets();
    let mut adam = Adam::new(0.05);
    let go = |trainer: Trainer<'_>| trainer.fit(&mut model(7), &train, &valid, &mut seeded(7));
    let history = go(Trainer::new(&mut adam, cross_entropy).epochs(3).callback(Sets(1, 0.01))).expect("a good run");
    assert_eq!(history.epochs.iter().map(|epoch| epoch.lr).collect::<Vec<_>>(), [0.05, 0.01, 0.01]);
    assert_eq!(adam.lr(), 0.05);
    let failed = go(Trainer::new(&mut adam, cross_entropy).epochs(3).callback(Sets(1, 0.01)).callback(Sets(2, -1.0)));
    assert!(failed.is_err());
    assert_eq!(adam.lr(), 0.05);
}

#[test]
fn every_hyperparameter_can_be_scheduled_and_is_put_back() {
    let [train, valid] = sets();
    let seen = Mutex::new(Vec::new());
    let mut notes = Watched(Sgd::new(0.1).momentum(0.5).weight_decay(0.25), &["lr", "momentum", "weight_decay"], &seen);
    // 3 batches in each epoch.
    let trainer = Trainer::new(&mut notes, cross_entropy).epochs(3).batch_size(40);
    let trainer = trainer
        .schedule(|lr: f64, k: u64| lr / (k + 1) as f64)
        .schedule_of_by_step("momentum", |base: f64, k: u64| base / 2_f64.powi(k as i32))
        .schedule_of("weight_decay", |base: f64, k: u64| base * k as f64);
    trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    let by_hand = |k: usize| {
        let epoch = (k / 3) as f64;
        vec![0.1 / (epoch + 1.0), 0.5 / 2_f64.powi(k as i32), 0.25 * epoch]
    };
    assert_eq!(*seen.lock().expect("one thread"), (0..9).map(by_hand).collect::<Vec<_>>());
    let own = [("lr", 0.1), ("weight_decay", 0.25), ("momentum", 0.5)];
    assert!(own.iter().all(|(name, value)| notes.get(name) == Ok(*value)), "{:?}", notes.hyperparameters());
    // Also where it fails, before the first step and later.
    for (bad, at) in [(0, "epoch 1, train batch 1"), (4, "epoch 2, train batch 2")] {
        let trainer = Trainer::new(&mut notes, cross_entropy).epochs(3).batch_size(40);
        let trainer = trainer
            .schedule_by_step(|lr: f64, _: u64| lr / 2.0)
            .schedule_of_by_step("momentum", move |_: f64, k: u64| if k == bad { -1.0 } else { 0.9 });
        let error = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect_err("no such momentum");
        let numbers = format!("the schedule's rate number {bad} is 0.05, the schedule's momentum number {bad} is -1.0");
        let text = format!("{at}: {numbers}: SGD: momentum is -1.0, it must be finite and at least 0");
        assert_eq!(error.to_string(), text);
        assert!(own.iter().all(|(name, value)| notes.get(name) == Ok(*value)), "{:?}", notes.hyperparameters());
    }
}

#[test]
fn schedules_that_a_run_cannot_have_are_refused() {
    let [train, valid] = sets();
    let refused = |change: &dyn Fn(Trainer<'static>) -> Trainer<'static>, text: &str| {
        let mut untrained = model(7);
        let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(3).batch_size(40);
        let error = change(trainer).fit(&mut untrained, &train, &valid, &mut seeded(7)).expect_err("refused");
        assert_eq!(error.to_string(), text);
        assert!(error.detail::<Interrupted>().is_none() && bits(&untrained) == bits(&model(7)));
    };
    let known = "there are lr, weight_decay, proximal_l1, proximal_l2, betas[0], betas[1], eps, eps_root";
    let none = format!("no hyperparameter is called \"momentum\", {known}");
    refused(&|run| run.schedule_of("momentum", StepLR::new(1)), &format!("schedule_of: {none}"));
    refused(&|run| run.schedule_of_by_step("momentum", StepLR::new(1)), &format!("schedule_of_by_step: {none}"));
    let two = "fit: a run has one schedule of eps, set are schedule_of and schedule_of_by_step; then joins two";
    refused(&|run| run.schedule_of("eps", StepLR::new(1)).schedule_of_by_step("eps", StepLR::new(1)), two);
    let two = "fit: a run has one schedule, set are schedule and schedule_by_step; then joins two";
    refused(&|run| run.schedule(StepLR::new(1)).schedule_of_by_step("lr", StepLR::new(1)), two);
    refused(&|run| run.schedule_of("eps", StepLR::new(0)), "StepLR: step_size is 0, it must be at least 1");
    refused(&|run| run.schedule(OneCycleLR::new(2)), "OneCycleLR: it has rates for 2 steps, there are 3");
    refused(&|run| run.schedule_by_step(OneCycleLR::new(8)), "OneCycleLR: it has rates for 8 steps, there are 9");
    let momentum = OneCycleLR::new(8).momentum(0.8, 0.9);
    refused(
        &move |run| run.schedule_of_by_step("betas[0]", momentum.clone()),
        "OneCycleLR: it has rates for 8 steps, there are 9",
    );
    // A step on two batches is one.
    refused(
        &|run| run.accumulate(2).schedule_by_step(OneCycleLR::new(5)),
        "OneCycleLR: it has rates for 5 steps, there are 6",
    );
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(3).batch_size(40).accumulate(2);
    let run = trainer.schedule_by_step(OneCycleLR::new(6));
    run.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("as many as there are");
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(3).batch_size(40);
    let run =
        trainer.schedule(OneCycleLR::new(3)).schedule_of_by_step("betas[0]", OneCycleLR::new(9).momentum(0.8, 0.9));
    run.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("as many as there are");
}

/// Momentum that is 0 in some epochs has no state then.
#[test]
fn a_run_goes_on_with_the_state_that_was_in_use() {
    let [train, valid] = sets();
    for zero_in in [0, 1, 2] {
        for by_step in [false, true] {
            let momentum =
                move |base: f64, k: u64| if k / (if by_step { 3 } else { 1 }) == zero_in { 0.0 } else { base };
            let fit = |seed: u64, change: &dyn Fn(Trainer<'static>) -> Trainer<'static>| {
                let trainer = Trainer::new(Sgd::new(0.1).momentum(0.9), cross_entropy).epochs(4).batch_size(40);
                let trainer = match by_step {
                    true => trainer.schedule_of_by_step("momentum", momentum),
                    false => trainer.schedule_of("momentum", momentum),
                };
                let mut trained = model(seed);
                let history = change(trainer).fit(&mut trained, &train, &valid, &mut seeded(seed));
                history.map(|history| (bits(&trained), history)).map_err(|e| e.to_string())
            };
            let straight = fit(7, &|trainer| trainer).expect("a good run");
            for epoch in 2..=4 {
                let dir = directory();
                let killed = fit(7, &|run| run.checkpoint(dir.path()).callback(Killed { epoch, batch: 2 }));
                assert_eq!(killed.expect_err("killed"), "Killed: killed");
                let resumed = fit(8, &|run| run.checkpoint(dir.path()).resume(true));
                assert_eq!(resumed.expect("it goes on"), straight, "0 in epoch {zero_in}, killed in {epoch}");
            }
        }
    }
}

#[test]
fn a_reduction_that_a_schedule_would_undo_is_refused() {
    let [train, valid] = sets();
    let mut untrained = model(7);
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).schedule(StepLR::new(1));
    let run = trainer.callback(ReduceLROnPlateau::new());
    let mut rng = seeded(7);
    let error = run.fit(&mut untrained, &train, &valid, &mut rng).expect_err("both").to_string();
    assert_eq!(rng.random::<u64>(), seeded(7).random::<u64>(), "nothing was drawn");
    let text = "a schedule sets the learning rate, and would undo every reduction; leave one of the two out";
    assert_eq!(error, format!("ReduceLROnPlateau: {text}"));
    assert_eq!(bits(&untrained), bits(&model(7)));
    let trainer = Trainer::new(Adam::new(0.05), cross_entropy).schedule_of("eps", StepLR::new(1));
    let run = trainer.callback(ReduceLROnPlateau::new());
    run.fit(&mut untrained, &train, &valid, &mut seeded(7)).expect("of another number");
}

/// Whatever schedules and callbacks have set, in whatever order they were given.
#[test]
fn after_a_run_groups_have_their_own_rates() {
    let [train, valid] = sets();
    for names in [&["0.lr"][..], &["lr"], &["lr", "0.lr"], &["0.lr", "lr"], &["0.weight_decay", "0.lr", "lr"]] {
        let mut adam = Adam::new(0.05).group("0", |group| group.scale_lr(0.5));
        let trainer = names.iter().fold(Trainer::new(&mut adam, cross_entropy).epochs(2), |trainer, name| {
            trainer.schedule_of(*name, |own: f64, k: u64| own / (k + 2) as f64)
        });
        let trainer = if names.contains(&"lr") { trainer } else { trainer.callback(Sets(1, 0.01)) };
        trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
        for (name, own) in [("lr", 0.05), ("0.lr", 0.025), ("0.weight_decay", 0.0)] {
            let found = adam.get(name).expect("a name");
            assert!((found - own).abs() < 1e-15, "{names:?}: {name} is {found}");
        }
    }
}

#[test]
fn a_schedule_is_asked_for_the_steps_of_its_run_only() {
    let [train, valid] = sets();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let fit = |table: Vec<f64>, epochs: u64, resume: bool| {
        let trainer = Trainer::new(Sgd::new(0.1), cross_entropy).epochs(epochs).checkpoint(dir.path());
        let trainer = trainer.schedule(move |_: f64, k: u64| table[k as usize]).resume(resume);
        let trainer = if resume { trainer.allow("epochs") } else { trainer };
        let history = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7));
        history.map(|history| history.epochs.iter().map(|epoch| epoch.lr).collect::<Vec<_>>())
    };
    assert_eq!(fit(vec![0.1, 0.2], 2, false).expect("a run"), [0.1, 0.2]);
    assert_eq!(fit(vec![0.1, 0.2, 0.3], 3, true).expect("a longer one"), [0.1, 0.2, 0.3]);
    let text = fit(vec![0.1, 0.3, 0.3, 0.4], 4, true).expect_err("other rates").to_string();
    assert!(text.contains("\n  schedule.rates: ") && text.contains(" of 3 from 0.1, this run has "), "{text}");
}

#[test]
fn the_steps_of_a_run_that_goes_on_with_other_batches_are_counted_as_they_are() {
    let [train, valid] = sets();
    let dir = directory();
    let run = |batch_size: usize, epochs: u64| {
        let trainer = Trainer::new(Sgd::new(0.1), cross_entropy).batch_size(batch_size).epochs(epochs);
        trainer.schedule_by_step(OneCycleLR::new(9)).checkpoint(dir.path())
    };
    let mut trained = model(7);
    let killed = run(40, 3).callback(Killed { epoch: 3, batch: 1 }).fit(&mut trained, &train, &valid, &mut seeded(7));
    assert!(killed.is_err());
    // Two epochs of three steps are made, and two of two are left.
    let other = run(60, 4).resume(true).allow("batch_size").allow("epochs").allow("schedule");
    let mut untrained = model(7);
    let error = other.fit(&mut untrained, &train, &valid, &mut seeded(7)).expect_err("one rate is missing").to_string();
    assert_eq!(error, "OneCycleLR: it has rates for 9 steps, there are 10");
    assert_eq!(bits(&untrained), bits(&model(7)));
}

/// Halves the rate after each batch.
struct Halves;

impl Callback for Halves {
    fn name(&self) -> &str {
        "Halves"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        run.set_lr(run.lr() / 2.0);
        Ok(())
    }
}

#[test]
fn the_rate_of_an_epoch_is_that_of_its_last_step() {
    let [train, valid] = sets();
    let trainer = Trainer::new(Sgd::new(0.5), cross_entropy).epochs(2).batch_size(60).callback(Halves);
    let history = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a run");
    assert_eq!(history.epochs.iter().map(|epoch| epoch.lr).collect::<Vec<_>>(), [0.25, 0.0625]);
}
