//! Early stopping.

mod moons;

use autograd_core::module::StateDict;
use autograd_core::seeded;
use moons::{bits, model, sets};
use wengert_nn::cross_entropy;
use wengert_optim::Adam;
use wengert_train::{Accuracy, Callback, EarlyStopping, Mode, Result, Run, Trainer};

/// Keeps the weights of every epoch.
#[derive(Default)]
struct Weights(Vec<StateDict>);

impl Callback for Weights {
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.0.push(run.state_dict());
        Ok(())
    }
}

fn flat(state: &StateDict) -> Vec<u64> {
    state.iter().flat_map(|(_, value)| value.to_f64s()).map(f64::to_bits).collect()
}

/// Trains with a learning rate that soon does harm; returns history, weights of all epochs and those at the end.
fn run(early: &mut EarlyStopping) -> (wengert_train::History, Vec<Vec<u64>>, Vec<u64>) {
    let [train, valid] = sets();
    let mut weights = Weights::default();
    let mut model = model(7);
    let trainer = Trainer::new(Adam::new(0.5), cross_entropy).epochs(60).batch_size(16).metric(Accuracy);
    let trainer = trainer.callback(&mut weights).callback(early);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    (history, weights.0.iter().map(flat).collect(), bits(&model))
}

#[test]
fn stops_and_restores_the_best_weights() {
    let mut early = EarlyStopping::patience(4);
    let (history, weights, last) = run(&mut early);
    let losses = history.values("val_loss");
    let best = history.best().expect("there are epochs");
    let at = best.epoch as usize - 1;
    assert_eq!(early.best(), Some((best.epoch, losses[at])));
    assert_eq!(history.epochs.len(), at + 1 + 4, "four epochs after the best");
    assert_eq!(last, weights[at]);
    assert_ne!(last, weights[history.epochs.len() - 1]);
    let reason = history.stopped.as_deref().expect("stopped early");
    let value = reason
        .strip_prefix("val_loss has not improved for 4 epochs since ")
        .and_then(|rest| rest.strip_suffix(&format!(" in epoch {}", best.epoch)))
        .unwrap_or_else(|| panic!("{reason}"));
    assert!(value.len() <= 9, "no more than four digits of it: {value}");
    let rounded: f64 = value.parse().expect("a number");
    assert!((rounded - losses[at]).abs() <= 5e-4 * losses[at], "{rounded} for {}", losses[at]);
}

#[test]
fn can_leave_the_last_weights() {
    let (_, weights, last) = run(&mut EarlyStopping::patience(4).restore_best_weights(false));
    assert_eq!(Some(&last), weights.last());
}

#[test]
fn knows_which_way_is_better() {
    let mut early = EarlyStopping::patience(5).monitor("val_accuracy");
    let (history, ..) = run(&mut early);
    let accuracies = history.values("val_accuracy");
    let largest = accuracies.iter().copied().fold(0.0, f64::max);
    let first = accuracies.iter().position(|accuracy| *accuracy == largest).expect("one of them") as u64 + 1;
    assert_eq!(early.best(), Some((first, largest)));

    // Against its nature: the first epoch with the smallest accuracy.
    let mut early = EarlyStopping::patience(60).monitor("accuracy").mode(Mode::Min);
    let (history, ..) = run(&mut early);
    let smallest = history.values("accuracy").into_iter().fold(1.0, f64::min);
    assert_eq!(early.best().map(|(_, value)| value), Some(smallest));
}

#[test]
fn small_improvements_do_not_count() {
    let mut early = EarlyStopping::patience(3).min_delta(10.0);
    let (history, ..) = run(&mut early);
    assert_eq!((early.best().map(|(epoch, _)| epoch), history.epochs.len()), (Some(1), 4));
}
