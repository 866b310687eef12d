//! Runs whose optimizers have weights to evaluate at.

use crate::moons::{self, bits, model, sets};
use autograd_core::module::{Module, StateDict};
use autograd_core::{Tensor, seeded};
use std::sync::atomic::{AtomicU64, Ordering};
use wengert_data::{DataLoader, Dataset, TensorDataset};
use wengert_nn::{BatchNorm1d, Dropout, Linear, ReLU, Sequential, cross_entropy, sequential, update_batch_norm};
use wengert_optim::{Ema, Optimizer, Sgd, Swa};
use wengert_train::{Callback, EarlyStopping, Error, MeanLoss, Run, Snapshot, Trainer, evaluate};

fn ema() -> Ema<Sgd> {
    Ema::new(Sgd::new(0.5), 0.9)
}

fn trainer<'t>(optimizer: &'t mut dyn Optimizer, epochs: u64) -> Trainer<'t> {
    Trainer::new(optimizer, cross_entropy).epochs(epochs).batch_size(16)
}

/// The trained weights after so many epochs, and their average.
fn after(epochs: u64) -> (Vec<u64>, Vec<u64>) {
    let (mut optimizer, mut net) = (ema(), model(7));
    trainer(&mut optimizer, epochs).fit(&mut net, &sets()[0], None, &mut seeded(7)).expect("a run");
    let average = bits(&net);
    optimizer.train(&mut net).expect("its model");
    (bits(&net), average)
}

fn loss_of(net: &Sequential, set: &dyn Dataset) -> f64 {
    evaluate(net, set, MeanLoss::new(cross_entropy)).expect("a set")
}

#[test]
fn a_run_validates_and_ends_at_the_average_and_trains_on_beside_it() {
    let [train, valid] = &sets();
    let (mut optimizer, mut net) = (ema(), model(7));
    let history = trainer(&mut optimizer, 3).fit(&mut net, train, valid, &mut seeded(7)).expect("a run");
    let reported = history.epochs[2].get("val_loss").expect("a set");
    assert!((reported - loss_of(&net, valid)).abs() < 1e-6);
    let (trained, average) = after(3);
    assert_eq!(bits(&net), average);
    optimizer.train(&mut net).expect("its model");
    assert!((reported - loss_of(&net, valid)).abs() > 1e-4);
    // The trained weights are those of plain SGD.
    let mut plain = model(7);
    let sgd = Trainer::new(Sgd::new(0.5), cross_entropy).epochs(3).batch_size(16);
    sgd.fit(&mut plain, train, None, &mut seeded(7)).expect("a run");
    assert_eq!((bits(&plain), bits(&net)), (trained.clone(), trained));
}

#[test]
fn a_second_run_goes_on_with_the_weights_to_train() {
    let train = &sets()[0];
    let (mut optimizer, mut net) = (ema(), model(7));
    trainer(&mut optimizer, 2).fit(&mut net, train, None, &mut seeded(7)).expect("a run");
    let mut trained = net.clone();
    optimizer.clone().train(&mut trained).expect("its model");
    let (mut other, mut again) = (optimizer.clone(), trained);
    other.train(&mut net.clone()).expect("its model");
    trainer(&mut optimizer, 1).fit(&mut net, train, None, &mut seeded(8)).expect("a run");
    trainer(&mut other, 1).fit(&mut again, train, None, &mut seeded(8)).expect("a run");
    assert_eq!(bits(&net), bits(&again));
}

/// Fails in an epoch, and remembers which weights it saw.
#[derive(Default)]
struct Fails {
    epoch: u64,
    seen: std::sync::Arc<std::sync::Mutex<Vec<Vec<u64>>>>,
}

impl Callback for Fails {
    fn name(&self) -> &str {
        "Fails"
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        self.look(run);
        Ok(())
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        self.look(run);
        Ok(())
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        if run.epoch() == self.epoch { Err(Error::user("enough")) } else { Ok(()) }
    }
}

impl Fails {
    fn look(&self, run: &Run<'_>) {
        self.seen.lock().expect("one thread").push(bits(run.model()));
    }
}

#[test]
fn callbacks_see_both_and_a_run_that_fails_ends_at_the_average() {
    let train = &sets()[0];
    let (mut optimizer, mut net) = (ema(), model(7));
    let fails = Fails { epoch: 3, ..Fails::default() };
    let seen = fails.seen.clone();
    let outcome = trainer(&mut optimizer, 5).callback(fails).fit(&mut net, train, None, &mut seeded(7));
    assert!(outcome.expect_err("it fails").to_string().ends_with("enough"));
    let at_end = bits(&net);
    optimizer.train(&mut net).expect("its model");
    assert_ne!(bits(&net), at_end);
    // Begin and end of two epochs, and the begin of the third: what was trained stands before each epoch.
    let ((first, first_average), (second, second_average)) = (after(1), after(2));
    let expected = [bits(&model(7)), first_average, first, second_average, second];
    assert_eq!(*seen.lock().expect("one thread"), expected);
}

#[test]
fn the_best_weights_are_those_that_were_validated() {
    let [train, valid] = &sets();
    let (mut optimizer, mut net) = (ema(), model(7));
    let stopping = EarlyStopping::new().patience(1).restore_best_weights(true);
    let history = trainer(&mut optimizer, 6).callback(stopping).fit(&mut net, train, valid, &mut seeded(7));
    let history = history.expect("a run");
    let best = history.epochs.iter().filter_map(|epoch| epoch.get("val_loss")).fold(f64::INFINITY, f64::min);
    assert!((loss_of(&net, valid) - best).abs() < 1e-6);
}

#[test]
fn a_checkpoint_has_the_weights_that_were_validated_and_the_others() {
    let dir = moons::directory();
    let (mut optimizer, mut net) = (ema(), model(7));
    let run = trainer(&mut optimizer, 2).checkpoint(dir.path());
    run.fit(&mut net, &sets()[0], None, &mut seeded(7)).expect("a run");
    let snapshot = Snapshot::load(dir.path()).expect("a checkpoint");
    let (trained, average) = after(2);
    let (mut again, mut loaded) = (ema(), model(8));
    loaded.load_state_dict(&snapshot.model).expect("its own");
    assert_eq!(bits(&loaded), average);
    again.load_state_dict(&snapshot.optimizer).expect("its own");
    again.train(&mut loaded).expect("its model");
    assert_eq!(bits(&loaded), trained);
}

fn normalised() -> Sequential {
    let rng = &mut seeded(7);
    let build = |rng: &mut autograd_core::SeededRng| {
        let (first, last) = (Linear::new(2, 8, rng)?, Linear::new(8, 2, rng)?);
        Ok::<_, Error>(sequential![first, BatchNorm1d::new(8)?, ReLU, Dropout::new(0.2, rng)?, last])
    };
    build(rng).expect("good sizes")
}

/// A run of a normalised network, whose weights are averaged.
fn averaged(epochs: u64, change: impl FnOnce(Trainer<'_>) -> Trainer<'_>) -> (Sequential, Swa<Sgd>, Vec<f64>) {
    let ([train, valid], mut swa, mut net) = (sets(), Swa::new(Sgd::new(0.5)).start(4).every(3), normalised());
    let history = change(trainer(&mut swa, epochs)).fit(&mut net, &train, &valid, &mut seeded(7)).expect("a run");
    (net, swa, history.values("val_loss"))
}

#[test]
fn a_run_validates_and_ends_with_statistics_of_the_average_if_it_is_asked_to() {
    let [train, valid] = &sets();
    let (mut plain, mut swa, stale) = averaged(3, |trainer| trainer);
    let (mut net, mut other, losses) = averaged(3, |trainer| trainer.update_batch_norm(true));
    // By hand, after the run.
    let loader = DataLoader::new(train).batch_size(16);
    let streams = autograd_core::module::stream_positions(&plain);
    let batches = loader.epoch(0).expect("samples").all().map(|batch| Ok(batch?.0));
    update_batch_norm(&mut plain, batches).expect("it runs");
    assert_eq!(net.state_dict().to_safetensors(), plain.state_dict().to_safetensors());
    assert!((loss_of(&plain, valid) - losses[2]).abs() < 1e-6 && (stale[2] - losses[2]).abs() > 1e-4);
    assert_eq!(autograd_core::module::stream_positions(&net), streams);
    // What was trained does not depend on it.
    let parameters = |net: &Sequential| net.parameters().into_iter().map(|param| param.to_f64s()).collect::<Vec<_>>();
    swa.train(&mut plain).and(other.train(&mut net)).expect("their models");
    assert_eq!(parameters(&plain), parameters(&net));
    // A run goes on from its checkpoint.
    let dir = moons::directory();
    averaged(2, |trainer| trainer.update_batch_norm(true).checkpoint(dir.path()));
    let (resumed, _, again) =
        averaged(3, |trainer| trainer.update_batch_norm(true).checkpoint(dir.path()).resume(true).allow("epochs"));
    let (whole, ..) = averaged(3, |trainer| trainer.update_batch_norm(true));
    assert_eq!((resumed.state_dict().to_safetensors(), again), (whole.state_dict().to_safetensors(), losses));
}

/// A set that counts the batches it gives.
struct Counts<'s>(&'s TensorDataset, AtomicU64);

impl Dataset for Counts<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn batch(&self, indices: &[usize]) -> wengert_train::Result<(Tensor, Tensor)> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.batch(indices)
    }
}

#[test]
fn a_run_that_fails_makes_no_pass_for_statistics() {
    let train = &sets()[0];
    let run = |fails: u64| {
        let (mut swa, mut net, set) = (Swa::new(Sgd::new(0.5)), normalised(), Counts(train, AtomicU64::new(0)));
        let run = trainer(&mut swa, 2).update_batch_norm(true).callback(Fails { epoch: fails, ..Fails::default() });
        let failed = run.fit(&mut net, &set, None, &mut seeded(7)).is_err();
        (failed, net, set.1.into_inner())
    };
    let batches = train.len().div_ceil(16) as u64;
    // One more batch is the trial before the first step.
    let (failed, mut whole, count) = run(0);
    assert_eq!((failed, count), (false, 4 * batches + 1));
    let (failed, net, count) = run(2);
    assert_eq!((failed, count), (true, 2 * batches + 2));
    // The weights are the average nevertheless.
    let (mut swa, mut first) = (Swa::new(Sgd::new(0.5)), normalised());
    let run = trainer(&mut swa, 2).callback(Fails { epoch: 2, ..Fails::default() });
    run.fit(&mut first, train, None, &mut seeded(7)).expect_err("enough");
    let parameters = |net: &Sequential| net.parameters().into_iter().map(|param| param.to_f64s()).collect::<Vec<_>>();
    assert_eq!(parameters(&net), parameters(&first));
    // Of a run that ends well nothing would change.
    let (before, loader) = (whole.state_dict().to_safetensors(), DataLoader::new(train).batch_size(16));
    update_batch_norm(&mut whole, loader.epoch(0).expect("samples").all().map(|batch| Ok(batch?.0))).expect("it runs");
    assert_eq!(whole.state_dict().to_safetensors(), before);
}

/// Holds the normalisation from this epoch on.
struct Holds(u64);

impl Callback for Holds {
    fn name(&self) -> &str {
        "Holds"
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        if run.epoch() == self.0 {
            run.model_mut().hold_eval("1")?;
        }
        Ok(())
    }
}

#[test]
fn statistics_that_are_held_stay_and_the_run_goes_on() {
    let train = &sets()[0];
    let statistics = |epochs: u64, held: u64| {
        let (mut swa, mut net) = (Swa::new(Sgd::new(0.5)), normalised());
        let run = trainer(&mut swa, epochs).update_batch_norm(true).callback(Holds(held));
        run.fit(&mut net, train, None, &mut seeded(7)).expect("a run");
        let state = net.state_dict();
        ["1.running_mean", "1.running_var"].map(|name| state.get(name).map(Tensor::to_f64s).expect("tracked"))
    };
    assert_eq!(statistics(3, 2), statistics(1, 2));
    assert_ne!(statistics(3, 4), statistics(1, 4));
}

#[test]
fn a_model_without_statistics_to_estimate_is_refused_before_the_first_step() {
    let ([train, valid], mut swa, mut net) = (sets(), Swa::new(Sgd::new(0.5)), model(7));
    let before = bits(&net);
    let run = trainer(&mut swa, 3).update_batch_norm(true);
    let error = run.fit(&mut net, &train, &valid, &mut seeded(7)).expect_err("no normalisation").to_string();
    let place = "trial of validation before the first step: update_batch_norm";
    assert_eq!(error, format!("{place}: no layer of the model has running statistics to estimate"));
    assert_eq!(bits(&net), before);
}

#[test]
fn statistics_are_estimated_again_at_the_average() {
    let train = &sets()[0];
    let mut net = normalised();
    let mut swa = Swa::new(Sgd::new(0.5)).start(8).every(8);
    trainer(&mut swa, 4).fit(&mut net, train, None, &mut seeded(7)).expect("a run");
    let statistic = |state: &StateDict, name: &str| state.get(name).map(Tensor::to_f64s).expect("tracked");
    let before = net.state_dict();
    // In one batch of all samples: mean and variance of what the averaged weights give the layer, however long they
    // were trained before.
    let loader = DataLoader::new(train).batch_size(train.len());
    let batches = || loader.epoch(0).expect("samples").all();
    assert_eq!(update_batch_norm(&mut net, batches().map(|batch| Ok(batch?.0))).expect("it runs"), 1);
    let (after, x) = (net.state_dict(), batches().next().expect("one").expect("samples").0);
    let [weight, bias] = ["0.weight", "0.bias"].map(|name| after.get(name).expect("a parameter"));
    let h = x[0].linear(weight, Some(bias)).expect("it fits");
    for (name, want) in [("1.running_mean", h.mean_dim(0)), ("1.running_var", h.var_dim(0, 1.0))] {
        let (got, want) = (statistic(&after, name), want.expect("floats").to_f64s());
        assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5), "{name}: {got:?} instead of {want:?}");
        assert_ne!(statistic(&before, name), got);
    }
    assert_eq!(statistic(&after, "0.weight"), statistic(&before, "0.weight"));
}
