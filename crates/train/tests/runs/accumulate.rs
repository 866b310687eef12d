//! Steps on several batches, which are those on one large batch.

use crate::moons::bits;
use autograd_core::module::Module;
use autograd_core::{DType, Tensor, seeded};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::{
    CrossEntropyLoss, Linear, Loss, MseLoss, Reduction, Sequential, Tanh, by_parts, cross_entropy, mse_loss, sequential,
};
use wengert_optim::{Adam, Lbfgs, Optimizer, Sgd};
use wengert_train::{Callback, L2Penalty, Result, Run, Trainer};

/// Small whole numbers, of which all sums are exact.
fn whole() -> TensorDataset {
    let x = (0..16).map(|i| f64::from(i * 5 % 7 - 3)).collect::<Vec<_>>();
    let y = (0..8).map(|i| f64::from(i * 3 % 5)).collect::<Vec<_>>();
    TensorDataset::new(Tensor::from_vec(x, &[8, 2]).expect("16"), Tensor::from_vec(y, &[8, 1]).expect("8"))
        .expect("as many")
}

fn zeros() -> Sequential {
    let mut net = sequential![Linear::new(2, 1, &mut seeded(7)).expect("sizes")];
    net.to_dtype(DType::F64).expect("floats");
    let state = net.state_dict().iter().map(|(name, value)| (name.to_string(), value.zeros_like())).collect();
    net.load_state_dict(&state).expect("its own");
    net
}

#[test]
fn exact_sums_give_the_same_bits() {
    let losses: [fn() -> Box<dyn Loss>; 2] =
        [|| Box::new(MseLoss::new().reduction(Reduction::Sum)), || Box::new(MseLoss::new())];
    for (k, loss) in losses.iter().enumerate() {
        let fit = |batch_size: usize, accumulate: usize, capture: bool| {
            let mut net = zeros();
            let loss = loss();
            let loss = move |y: &Tensor, t: &Tensor| loss.forward(y, t);
            let trainer = Trainer::new(Sgd::new(if k == 0 { 0.125 } else { 1.0 }), loss).batch_size(batch_size);
            let trainer = trainer.accumulate(accumulate).capture(capture);
            trainer.fit(&mut net, &whole(), None, &mut seeded(7)).expect("a run");
            bits(&net)
        };
        let large = fit(8, 1, false);
        for (batch_size, accumulate) in [(4, 2), (2, 4), (1, 8), (8, 5)] {
            for capture in [false, true] {
                assert_eq!(fit(batch_size, accumulate, capture), large, "{k}: {accumulate} batches of {batch_size}");
            }
        }
        // The mean of one sample and the sum of it are one number; which of the two it is, is known.
        if k == 0 {
            assert_ne!(fit(1, 1, false), large);
        }
    }
}

fn classes() -> TensorDataset {
    let x = Tensor::randn(&[21, 2], DType::F64, &mut seeded(3)).expect("small");
    let class = |i: i64| if i % 5 == 0 { -100 } else { i % 3 };
    TensorDataset::new(x, Tensor::from_vec((0..21).map(class).collect(), &[21]).expect("21")).expect("as many")
}

fn numbers() -> TensorDataset {
    let rng = &mut seeded(4);
    let (x, y) = (Tensor::randn(&[21, 2], DType::F64, rng), Tensor::randn(&[21, 3], DType::F64, rng));
    TensorDataset::new(x.expect("small"), y.expect("small")).expect("as many")
}

fn net() -> Sequential {
    let rng = &mut seeded(7);
    let mut net = sequential![Linear::new(2, 8, rng).expect("sizes"), Tanh, Linear::new(8, 3, rng).expect("sizes")];
    net.to_dtype(DType::F64).expect("floats");
    net
}

type Sort = (&'static str, fn() -> TensorDataset, fn() -> Trainer<'static>);

fn by(optimizer: impl Optimizer + 'static, loss: impl Loss + 'static) -> Trainer<'static> {
    Trainer::new(optimizer, loss).epochs(3)
}

const SORTS: &[Sort] = &[
    ("a mean", numbers, || by(Adam::new(0.05), mse_loss)),
    ("a sum", numbers, || by(Sgd::new(0.001), MseLoss::new().reduction(Reduction::Sum))),
    ("a view of a sum", numbers, || {
        let sum = MseLoss::new().reduction(Reduction::Sum);
        by(Sgd::new(0.001), move |y: &Tensor, t: &Tensor| sum.forward(y, t)?.reshape::<usize>(&[]))
    }),
    ("a sum times a factor", numbers, || {
        let sum = MseLoss::new().reduction(Reduction::Sum);
        by(Sgd::new(0.001), by_parts(move |y, t| Ok(sum.parts(y, t)?.scale(0.5))))
    }),
    ("ignored targets", classes, || by(Adam::new(0.05), cross_entropy)),
    ("weights of classes", classes, || {
        by(Sgd::new(0.1), CrossEntropyLoss::new().weight(Tensor::from([1.0, 0.25, 4.0]).to_dtype(DType::F64)))
    }),
    ("a weighted sum", classes, || {
        let weight = Tensor::from([1.0, 0.25, 4.0]).to_dtype(DType::F64);
        by(Sgd::new(0.01), CrossEntropyLoss::new().weight(weight).reduction(Reduction::Sum))
    }),
    ("a fraction", numbers, || {
        by(
            Sgd::new(0.1),
            by_parts(|y, t| {
                let mask = t.narrow(1, 0, 1)?.gt_scalar(0.0).to_dtype(DType::F64);
                wengert_nn::LossParts::of_fraction(y.try_sub(t)?.square().try_mul(&mask)?.sum(), &mask.sum())
            }),
        )
    }),
    ("penalties and clipping", numbers, || {
        by(Sgd::new(0.5).momentum(0.5), mse_loss).penalty(L2Penalty::new(0.1)).clip_norm(0.2)
    }),
    ("a penalty that depends on nothing", numbers, || {
        by(Sgd::new(0.5), mse_loss).penalty(|_: &dyn Module| Ok(Tensor::scalar(2.0f64)))
    }),
    ("penalties of a sum", numbers, || {
        by(Sgd::new(0.001), MseLoss::new().reduction(Reduction::Sum)).penalty(L2Penalty::new(3.0))
    }),
    ("several evaluations", numbers, || by(Lbfgs::new(0.5).max_iter(4), mse_loss).penalty(L2Penalty::new(0.01))),
];

#[test]
fn several_batches_are_a_large_one() {
    for (name, set, trainer) in SORTS {
        let fit = |batch_size: usize, accumulate: usize, capture: bool| {
            let mut net = net();
            let trainer = trainer().batch_size(batch_size).accumulate(accumulate).capture(capture);
            let history = trainer.fit(&mut net, &set(), None, &mut seeded(7)).expect(name);
            let loss = history.epochs[2].get("loss").expect("measured");
            let all: Vec<f64> = net.parameters().iter().flat_map(|p| p.to_f64s()).collect();
            (all, loss, bits(&net))
        };
        // Two steps in an epoch, the second of one sample, or of fewer batches.
        for (large, small, count) in [(20, 4, 5), (12, 3, 4), (21, 5, 9)] {
            let (expected, got) = (fit(large, 1, false), fit(small, count, false));
            for (a, b) in got.0.iter().zip(&expected.0) {
                assert!((a - b).abs() < 1e-9, "{name}: {count} batches of {small}: {a} instead of {b}");
            }
            assert!((got.1 - expected.1).abs() < 1e-9, "{name}");
            assert_eq!(fit(small, count, true).2, got.2, "{name}, captured");
        }
    }
}

/// The number of steps after each batch.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Vec<(usize, u64)>>>);

impl Callback for Counts {
    fn name(&self) -> &str {
        "Counts"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.0.lock().expect("one thread").push((run.batch(), run.step()));
        Ok(())
    }
}

#[test]
fn the_last_batches_of_an_epoch_are_a_step() {
    let counts = Counts::default();
    let trainer = by(Sgd::new(0.1), mse_loss).epochs(2).batch_size(4).accumulate(4).callback(counts.clone());
    trainer.fit(&mut net(), &numbers(), None, &mut seeded(7)).expect("a run");
    let epoch = |before: u64| [1, 2, 3, 4, 5, 6].map(|i| (i, before + [0, 0, 0, 1, 1, 2][i - 1]));
    assert_eq!(*counts.0.lock().expect("one thread"), [epoch(0), epoch(2)].concat());
    let error = by(Sgd::new(0.1), mse_loss).accumulate(0).fit(&mut net(), &numbers(), None, &mut seeded(7));
    assert_eq!(error.expect_err("none").to_string(), "fit: accumulate is 0, it must be at least 1");
}

/// The first samples of a set.
struct First(TensorDataset, AtomicUsize);

impl Dataset for First {
    fn len(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        self.0.batch(indices)
    }
}

/// Gives it another size before the second epoch.
struct Resizes<'s>(&'s First, usize);

impl Callback for Resizes<'_> {
    fn name(&self) -> &str {
        "Resizes"
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() == 2 {
            self.0.1.store(self.1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[test]
fn the_last_batches_of_an_epoch_of_another_size_are_a_step() {
    let steps = |before: usize, after: usize| {
        let (counts, set) = (Counts::default(), First(numbers(), AtomicUsize::new(before)));
        let trainer = by(Sgd::new(0.1), mse_loss).epochs(2).batch_size(4).accumulate(4);
        let trainer = trainer.callback(Resizes(&set, after)).callback(counts.clone());
        trainer.fit(&mut net(), &set, None, &mut seeded(7)).expect("a run");
        let counts = counts.0.lock().expect("one thread");
        counts.iter().map(|(_, step)| *step).collect::<Vec<_>>()
    };
    assert_eq!(steps(21, 12), [0, 0, 0, 1, 1, 2, 2, 2, 3]);
    assert_eq!(steps(12, 21), [0, 0, 1, 1, 1, 1, 2, 2, 3]);
}
