//! Optimizers that evaluate a batch several times.

use crate::holds::holds;
use crate::moons::{bits, model, sets};
use autograd_core::module::{Buffer, Module, stream_positions};
use autograd_core::{ErrorKind, Gradients, Tensor, seeded};
use std::cell::Cell;
use wengert_data::TensorDataset;
use wengert_nn::{Dropout, Layer, Linear, Result, Sequential, Tanh, cross_entropy, mse_loss, sequential};
use wengert_optim::{Ema, Lbfgs, LineSearch, Objective, Optimizer, Sam, Sgd, StepReport};
use wengert_train::{Accuracy, L2Penalty, Trainer};

fn net() -> Sequential {
    let rng = &mut seeded(7);
    sequential![Linear::new(2, 8, rng).expect("sizes"), Tanh, Linear::new(8, 2, rng).expect("sizes")]
}

#[test]
fn lbfgs_separates_the_moons_in_a_few_steps() {
    let [train, valid] = sets();
    let mut model = net();
    let mut lbfgs = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe);
    let trainer = Trainer::new(&mut lbfgs, cross_entropy).epochs(3).batch_size(usize::MAX).metric(Accuracy);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    let losses = history.values("loss");
    // Of one batch, the loss falls in each step, and is that before it: of the untrained model in the first.
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]) && losses[2] < 1e-6, "{losses:?}");
    let untrained = cross_entropy(&net().forward(&train.x).expect("fits"), &train.y).expect("fits").to_f64s()[0];
    assert!((losses[0] - untrained).abs() < 1e-6);
    assert!(history.values("val_accuracy")[2] > 0.9, "{history}");
    assert!(lbfgs.state_dict().get("func_evals").expect("counted").item::<i64>().expect("one") > 8);
}

#[test]
fn penalties_and_clipping_are_part_of_each_evaluation() {
    // (w − 1)² + λ w² has its minimum at 1 / (1 + λ).
    let set = TensorDataset::new(Tensor::from([[1.0]]), Tensor::from([[1.0]])).expect("1 row");
    let fit = |clip: Option<f64>, lbfgs: Lbfgs| {
        let mut linear =
            Linear::with(1, 1, wengert_nn::LinearOptions::new().bias(false), &mut seeded(7)).expect("sizes");
        let trainer = Trainer::new(lbfgs, mse_loss).penalty(L2Penalty::new(0.25)).epochs(5);
        let trainer = clip.into_iter().fold(trainer, Trainer::clip_norm);
        let before = linear.weight.to_f64s()[0];
        let history = trainer.fit(&mut linear, &set, None, &mut seeded(7)).expect("a good run");
        (before, linear.weight.to_f64s()[0], history)
    };
    let (before, after, history) = fit(None, Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe));
    assert!((after - 0.8).abs() < 1e-5, "{after}");
    // Without penalty in the history; in the end there is nothing to change, which is no error.
    assert!((history.values("loss")[0] - (before - 1.0).powi(2)).abs() < 1e-5);
    assert!((history.values("loss")[4] - 0.04).abs() < 1e-5);
    // Three iterations, none longer than the gradient.
    let (before, after, _) = fit(Some(1e-3), Lbfgs::new(1.0).max_iter(3).history_size(1).tolerance_change(1.0));
    assert!((before - after).abs() < 0.1, "{before} {after}");
}

/// Counts its calls in training, and draws random numbers.
#[derive(Clone, wengert_nn::Module)]
struct Counting {
    linear: Linear,
    dropout: Dropout,
    seen: Buffer,
}

impl Layer for Counting {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.seen.set(self.seen.get().add_scalar(1.0));
        self.linear.forward(&self.dropout.forward(x)?)
    }
}

/// Evaluates so often, and then makes a step of another optimizer.
struct Often(Sgd, usize, Vec<f64>);

impl Optimizer for Often {
    fn step(&mut self, _: &mut dyn Module, _: &Gradients) -> Result<StepReport> {
        unreachable!("a run calls step_on")
    }
    fn step_on(&mut self, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        let (loss, grads) = objective.evaluate()?;
        for _ in 1..self.1 {
            let (again, _) = objective.evaluate()?;
            self.2.push(again - loss);
        }
        Ok((loss, self.0.step(objective.model(), &grads)?))
    }
    holds!();
}

#[test]
fn another_evaluation_is_of_the_same_function_and_leaves_no_trace() {
    let [train, _] = sets();
    let run = |evaluations: usize| {
        let rng = &mut seeded(7);
        let mut model = Counting {
            linear: Linear::new(2, 2, rng).expect("sizes"),
            dropout: Dropout::new(0.5, rng).expect("a probability"),
            seen: Buffer::new(Tensor::from(0.0)),
        };
        let mut often = Often(Sgd::new(0.1), evaluations, Vec::new());
        let trainer = Trainer::new(&mut often, cross_entropy).epochs(2).batch_size(50);
        let history = trainer.fit(&mut model, &train, None, &mut seeded(7)).expect("a good run");
        assert!(often.2.iter().all(|difference| *difference == 0.0));
        assert_eq!(often.2.len(), 6 * (evaluations - 1));
        (bits(&model), stream_positions(&model), history)
    };
    assert_eq!(run(1), run(4));
}

#[test]
fn an_evaluation_that_fails_leaves_the_step_before() {
    let [train, valid] = sets();
    let calls = Cell::new(0);
    // Two evaluations in each step: the sixth is in the middle of the third.
    let fit = |steps: u64, at: u64| {
        calls.set(0);
        let loss = |y: &Tensor, t: &Tensor| {
            calls.set(calls.get() + 1);
            if calls.get() == at { Err(wengert_nn::Error::user("no paper")) } else { cross_entropy(y, t) }
        };
        let mut model = net();
        let lbfgs = Lbfgs::new(0.5).max_iter(2);
        let outcome =
            Trainer::new(lbfgs, loss).epochs(steps).batch_size(999).fit(&mut model, &train, None, &mut seeded(7));
        (bits(&model), outcome.map(|history| history.epochs.len()).map_err(|e| e.to_string()))
    };
    let failed = fit(3, 6);
    assert_eq!(failed.1, Err("epoch 3, train batch 1: evaluation 2: no paper".into()));
    assert_eq!(failed.0, fit(2, 0).0);
    // Weights at which the loss is infinite are none to keep, without a line search.
    let mut model = model(7);
    let before = bits(&model);
    let square = |y: &Tensor, _: &Tensor| y.square().square().square().exp().mean();
    let trainer = Trainer::new(Lbfgs::new(1e9), square).epochs(3);
    let error = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect_err("too far");
    let text = "epoch 1, train batch 1: LBFGS: the loss is inf after iteration 1 of a step; \
                a smaller lr or a line search may help";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFinite, text));
    assert_eq!(bits(&model), before);
    // Nor are those where the step of another optimizer would take such gradients.
    for optimizer in [Sam::new(Sgd::new(0.1), 1e9), Sam::new(Sgd::new(0.1), 1e9).adaptive(true)] {
        let trainer = Trainer::new(Ema::new(optimizer, 0.5), square).epochs(3);
        let error = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect_err("too far");
        let text = "epoch 1, train batch 1: evaluation 2: the loss is inf: \
                    it was finite at the first evaluation of the step";
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFinite, text));
        assert_eq!(bits(&model), before);
    }
}
