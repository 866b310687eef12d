//! Runs that estimate the Hessian between steps.

use crate::moons::{self, bits, model, sets};
use autograd_core::module::{Module, Param, stream_positions};
use autograd_core::{Gradients, Tensor, seeded};
use rand::Rng;
use wengert_data::{DataLoader, Dataset, TensorDataset};
use wengert_nn::{
    BatchNorm1d, CrossEntropyLoss, Dropout, Layer, Linear, Reduction, Result, Sequential, Tanh, cross_entropy,
    sequential,
};
use wengert_optim::{Ema, GradientAccumulator, Guard, Optimizer, Parts, Sgd, SophiaG};
use wengert_train::{ErrorKind, L2Penalty, Trainer, draw_classes};

fn net() -> Sequential {
    let rng = &mut seeded(7);
    sequential![Linear::new(2, 8, rng).expect("sizes"), Tanh, Linear::new(8, 2, rng).expect("sizes")]
}

/// The class that the output finds least likely, which takes no chance.
fn least(output: &Tensor, _: &Tensor, _: &mut dyn Rng) -> Result<Tensor> {
    output.argmin(1)
}

fn sophia() -> SophiaG {
    SophiaG::new(0.05).betas(0.5, 0.75).gamma(0.1)
}

fn first(name: &str) -> bool {
    name.starts_with('0')
}

type Make = fn() -> Box<dyn Optimizer>;

const AROUND: [Make; 4] = [
    || Box::new(sophia()),
    || Box::new(Ema::new(Guard::refuse(sophia()), 0.0)),
    || Box::new(Parts::new().part("first", first, sophia()).rest(Sgd::new(0.1))),
    || Box::new(Parts::new().part("first", first, Sgd::new(0.1)).rest(sophia())),
];

/// Four steps of two batches, by hand: an estimate after the steps 1 and 3.
fn by_hand(optimizer: &mut dyn Optimizer, set: &dyn Dataset) -> Vec<u64> {
    let mut net = net();
    let loader = DataLoader::new(set).batch_size(40);
    let batches: Vec<_> = loader.epoch(0).expect("samples").collect::<Result<_>>().expect("they fit");
    let mean = |net: &Sequential, draws: bool| {
        let mut all = GradientAccumulator::new();
        for (x, y) in &batches {
            let output = net.forward(x)?;
            let drawn = if draws { output.argmin(1)? } else { y.clone() };
            all.add(cross_entropy(&output, &drawn)?.backward()?, y.numel() as f64)?;
        }
        all.take_mean()
    };
    for k in 0..4 {
        let grads = mean(&net, false).expect("a loss");
        optimizer.step(&mut net, &grads).expect("a step");
        if k % 2 == 0 {
            let grads = mean(&net, true).expect("a loss");
            optimizer.update_hessian(&mut net, &grads, set.len()).expect("it keeps one");
        }
    }
    bits(&net)
}

/// A set whose samples are in one order whatever the seed: of batches of equal sums.
fn twice(set: &TensorDataset) -> TensorDataset {
    set.select(&(0..40).map(|_| 3).chain((0..40).map(|_| 3)).collect::<Vec<_>>()).expect("80 rows")
}

#[test]
fn estimates_are_those_of_the_batches_of_a_step_at_the_new_weights() {
    let set = twice(&sets()[0]);
    for make in AROUND {
        let (mut optimizer, mut trained) = (make(), net());
        let trainer = Trainer::new(&mut *optimizer, cross_entropy).epochs(4).batch_size(40).accumulate(2);
        trainer.update_hessian(2, least).fit(&mut trained, &set, None, &mut seeded(7)).expect("a run");
        optimizer.train(&mut trained).expect("its model");
        assert_eq!(bits(&trained), by_hand(&mut *make(), &set));
        let mut without = net();
        let trainer = Trainer::new(make(), cross_entropy).epochs(4).batch_size(40).accumulate(2);
        trainer.fit(&mut without, &set, None, &mut seeded(7)).expect("a run");
        assert_ne!(bits(&without), bits(&trained));
    }
}

fn noisy() -> Sequential {
    let rng = &mut seeded(7);
    let build = |rng: &mut autograd_core::SeededRng| {
        let (first, last) = (Linear::new(2, 8, rng)?, Linear::new(8, 2, rng)?);
        Ok::<_, wengert_nn::Error>(sequential![first, BatchNorm1d::new(8)?, Dropout::new(0.2, rng)?, last])
    };
    build(rng).expect("good sizes")
}

#[test]
fn an_estimate_leaves_no_trace_in_the_model() {
    let train = &sets()[0];
    let run = |estimates: bool| {
        let mut net = noisy();
        let trainer = Trainer::new(sophia(), cross_entropy).batch_size(usize::MAX).penalty(L2Penalty::new(0.1));
        let trainer = if estimates { trainer.update_hessian(1, draw_classes) } else { trainer };
        trainer.fit(&mut net, train, None, &mut seeded(7)).expect("a run");
        (net.state_dict().to_safetensors(), stream_positions(&net))
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn a_captured_run_and_a_resumed_one_draw_the_same() {
    let [train, valid] = &sets();
    let run = |epochs: u64, change: &dyn Fn(Trainer<'static>) -> Trainer<'static>| {
        let mut net = noisy();
        let trainer = Trainer::new(sophia(), cross_entropy).epochs(epochs).batch_size(32);
        let history = change(trainer.update_hessian(3, draw_classes)).fit(&mut net, train, valid, &mut seeded(7));
        (net.state_dict().to_safetensors(), history.expect("a run").values("val_loss"))
    };
    let whole = run(4, &|trainer| trainer);
    assert_eq!(run(4, &|trainer| trainer.capture(true)), whole);
    let dir = moons::directory();
    assert_ne!(run(2, &|trainer| trainer.checkpoint(dir.path())), whole);
    assert_eq!(run(4, &|trainer| trainer.checkpoint(dir.path()).resume(true).allow("epochs")), whole);
    // With another option it is another run.
    let trainer = Trainer::new(sophia(), cross_entropy).epochs(4).batch_size(32).update_hessian(2, draw_classes);
    let resumed = trainer.checkpoint(dir.path()).resume(true).fit(&mut noisy(), train, valid, &mut seeded(7));
    assert!(resumed.expect_err("another").to_string().contains("update_hessian.every"));
}

/// Two experts, of which the first is asked as long as the gate stands at its start.
#[derive(Clone, wengert_nn::Module)]
struct Experts {
    gate: Param,
    experts: [Linear; 2],
}

impl Layer for Experts {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let asked = usize::from(self.gate.item::<f32>()? != 1.0);
        let bend = self.gate.mul_scalar(0.1).try_mul(&Tensor::from([1.0, -1.0]))?;
        self.experts[asked].forward(x)?.try_add(&bend)
    }
}

#[test]
fn what_has_taken_no_step_yet_waits_for_it() {
    let rng = &mut seeded(7);
    let experts = [Linear::new(2, 2, rng).expect("sizes"), Linear::new(2, 2, rng).expect("sizes")];
    let mut net = Experts { gate: Param::new(Tensor::from(1.0)).expect("floats"), experts };
    let (mut optimizer, set) = (sophia(), &sets()[0]);
    // The first step moves the gate, so the estimate behind it asks the second expert; so do all later steps.
    let trainer = Trainer::new(&mut optimizer, cross_entropy).batch_size(40).update_hessian(1, draw_classes);
    trainer.fit(&mut net, set, None, &mut seeded(7)).expect("a run");
    assert_ne!(net.gate.item::<f32>().expect("a number"), 1.0);
    let state = optimizer.state_dict();
    let estimated = |name: &str| state.get(name).map(|h| h.to_f64s().iter().any(|h| *h > 0.0));
    assert_eq!(estimated("experts.0.weight.hessian"), Some(false));
    assert_eq!(estimated("experts.1.weight.hessian"), Some(true));
}

#[test]
fn a_step_that_is_left_out_has_no_estimate() {
    // The rule has no part in an estimate, whose gradients are numbers.
    let spoils = |_: &dyn Module, grads: &mut Gradients| {
        grads.scale(f64::NAN);
        Ok(())
    };
    let mut net = net();
    let trainer = Trainer::new(Guard::skip(sophia()), cross_entropy).batch_size(40).gradients(spoils);
    trainer.update_hessian(1, draw_classes).fit(&mut net, &sets()[0], None, &mut seeded(7)).expect("a run");
    assert_eq!(bits(&net), bits(&self::net()));
}

fn fails(_: &Tensor, _: &Tensor, _: &mut dyn Rng) -> Result<Tensor> {
    Err(wengert_nn::Error::user("no die"))
}

fn panics(_: &Tensor, _: &Tensor, _: &mut dyn Rng) -> Result<Tensor> {
    panic!("the die broke")
}

#[test]
fn a_draw_that_fails_is_found_before_the_first_step() {
    let train = &sets()[0];
    let state = |net: &Sequential| (net.state_dict().to_safetensors(), stream_positions(net));
    let (mut net, mut sophia, before) = (noisy(), sophia(), state(&noisy()));
    for accumulate in [1, 3] {
        let trainer = Trainer::new(&mut sophia, cross_entropy).batch_size(40).accumulate(accumulate);
        let error = trainer.update_hessian(5, fails).fit(&mut net, train, None, &mut seeded(7)).expect_err("no die");
        assert_eq!(error.to_string(), "trial before the first step: update_hessian: no die");
        assert_eq!(state(&net), before);
    }
    let run = Trainer::new(&mut sophia, cross_entropy).batch_size(40).update_hessian(5, panics);
    let run = std::panic::AssertUnwindSafe(|| run.fit(&mut net, train, None, &mut seeded(7)));
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!(state(&net), before);
    // Nothing was kept for any parameter.
    assert!(sophia.state_dict().iter().all(|(key, _)| key == "lr"));
}

#[test]
fn what_cannot_be_estimated_is_refused() {
    let train = &sets()[0];
    let refused = |trainer: Trainer<'static>| {
        let mut net = model(7);
        let error = trainer.fit(&mut net, train, None, &mut seeded(7)).expect_err("refused");
        (error.kind(), error.to_string())
    };
    let run = || Trainer::new(sophia(), cross_entropy);
    let (kind, text) = refused(run().update_hessian(0, draw_classes));
    assert_eq!((kind, &*text), (ErrorKind::Argument, "update_hessian: every is 0, it must be at least 1"));
    let (kind, text) = refused(Trainer::new(Guard::skip(Sgd::new(0.1)), cross_entropy).update_hessian(1, draw_classes));
    let expected = "update_hessian: the optimizer keeps no estimate of the Hessian, SophiaG does";
    assert_eq!((kind, &*text), (ErrorKind::Argument, expected));
    let sum = CrossEntropyLoss::new().reduction(Reduction::Sum);
    let (kind, text) = refused(Trainer::new(sophia(), sum).update_hessian(1, draw_classes));
    let expected = "trial before the first step: update_hessian: the loss is a sum, and the estimate is from a mean";
    assert_eq!((kind, &*text), (ErrorKind::Argument, expected));
    let (_, text) = refused(run().update_hessian(1, |y: &Tensor, _: &Tensor, _: &mut dyn Rng| y.argmax(0)));
    assert!(text.starts_with("trial before the first step: update_hessian: cross_entropy: "), "{text}");
    // By hand, an optimizer without an estimate says so, too.
    let mut net = model(7);
    let grads = cross_entropy(&net.forward(&train.x).expect("fits"), &train.y).expect("fits").backward();
    let mut parts = Parts::new().rest(Sgd::new(0.1));
    let error = parts.update_hessian(&mut net, &grads.expect("tracked"), 1).expect_err("none").to_string();
    assert_eq!(error, "update_hessian: the optimizer keeps no estimate of the Hessian");
}
