//! Learning rates that an optimizer cannot have, and the rate that it has after a run.

mod moons;

use autograd_core::seeded;
use moons::{bits, model, sets};
use wengert_nn::cross_entropy;
use wengert_optim::{Adam, Optimizer};
use wengert_train::{Callback, Interrupted, Result, Run, Trainer};

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
