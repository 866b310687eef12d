//! Captured runs, which have the bits of those that are not.

use crate::moons::{TwoTowers, bits, model, sets};
use autograd_core::module::{Buffer, Module, Param, Stream};
use autograd_core::{DType, Tensor, seeded};
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert_data::{Dataset, InputsDataset, TensorDataset};
use wengert_nn::{
    BatchNorm1d, BceWithLogitsLoss, CrossEntropyLoss, Dropout, Layer, Linear, LinearOptions, Loss, LossParts, MseLoss,
    Reduction, Result, Sequential, Tanh, by_parts, cross_entropy, mse_loss, sequential,
};
use wengert_optim::{
    Adam, AdaptiveClip, Centralize, Ema, Guard, Lbfgs, Mechanic, Momo, MomoAdam, Optimizer, Parts, PolyakSgd, Sam, Sgd,
    StepLR,
};
use wengert_train::{Accuracy, Callback, EarlyStopping, L1Penalty, L2Penalty, Run, Trainer};

/// The model's bits and the history, or the error.
type Outcome = Result<(Vec<u64>, String), String>;

fn fit(mut model: impl Layer, train: &dyn Dataset, trainer: Trainer<'_>) -> Outcome {
    let history = trainer.fit(&mut model, train, train, &mut seeded(7)).map_err(|e| e.to_string());
    let bits = bits(&model);
    history.map(|history| (bits.clone(), serde_json::to_string(&history).expect("plain data")))
}

/// Twenty-two rows with one of three classes, or −100: the first batch of four ignores none, the second all.
fn ignoring() -> TensorDataset {
    let x = Tensor::randn(&[22, 2], DType::F32, &mut seeded(3)).expect("small");
    let class = |i: i64| match i {
        4..8 | 13 | 21 => -100,
        _ => i % 3,
    };
    TensorDataset::new(x, Tensor::from_vec((0..22).map(class).collect(), &[22]).expect("22")).expect("as many")
}

fn numbers() -> TensorDataset {
    let rng = &mut seeded(4);
    let (x, y) = (Tensor::randn(&[22, 2], DType::F32, rng), Tensor::randn(&[22, 3], DType::F32, rng));
    TensorDataset::new(x.expect("small"), y.expect("small")).expect("as many")
}

/// Three outputs, with dropout.
fn net() -> Sequential {
    let rng = &mut seeded(7);
    let (first, last) = (Linear::new(2, 8, rng).expect("sizes"), Linear::new(8, 3, rng).expect("sizes"));
    sequential![first, Tanh, Dropout::new(0.3, rng).expect("a probability"), last]
}

fn by(optimizer: impl Optimizer + 'static, loss: impl Loss + 'static) -> Trainer<'static> {
    Trainer::new(optimizer, loss).epochs(3).batch_size(4)
}

/// Freezes, thaws and holds parts in the middle of epochs.
struct Changes;

impl Callback for Changes {
    fn name(&self) -> &str {
        "Changes"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        let batch = (run.epoch(), run.batch());
        let model = run.model_mut();
        match batch {
            (1, 2) => model.freeze("0").map(drop),
            (1, 4) => model.hold_eval("2").map(drop),
            (2, 1) => model.unfreeze("").map(drop),
            (2, 3) => model.release_eval("").map(drop),
            // Other values, in other memory.
            (3, 2) => model.load_state_dict(&net().state_dict()),
            _ => Ok(()),
        }
    }
}

/// The absolute error where a mask of the target, its first column, says so.
fn masked(y: &Tensor, t: &Tensor) -> Result<LossParts> {
    let mask = t.narrow(1, 0, 1)?.gt_scalar(0.0).to_dtype(DType::F32);
    LossParts::of_fraction(y.try_sub(t)?.abs().try_mul(&mask)?.sum(), &mask.sum())
}

type Sort = (&'static str, fn(fn(Trainer<'static>) -> Trainer<'static>) -> Outcome);

const SORTS: &[Sort] = &[
    ("moons", |capture| {
        let trainer = Trainer::new(Adam::new(0.05), cross_entropy).epochs(4).batch_size(16).metric(Accuracy);
        fit(model(7), &sets()[0], capture(trainer.schedule_by_step(StepLR::new(9).gamma(0.7))))
    }),
    ("ignored", |capture| fit(net(), &ignoring(), capture(by(Adam::new(0.05), cross_entropy)))),
    ("weighted", |capture| {
        let loss = CrossEntropyLoss::new().weight(Tensor::from([1.0, 0.5, 2.0])).label_smoothing(0.1);
        fit(net(), &ignoring(), capture(by(Sgd::new(0.1), loss)))
    }),
    ("another class is ignored", |capture| {
        let mut set = ignoring();
        set.y = set.y.clamp(-1.0, 9.0).expect("numbers");
        fit(net(), &set, capture(by(Sgd::new(0.1), CrossEntropyLoss::new().ignore_index(-1))))
    }),
    ("a sum", |capture| {
        fit(net(), &ignoring(), capture(by(Sgd::new(0.01), CrossEntropyLoss::new().reduction(Reduction::Sum))))
    }),
    ("half of it", |capture| {
        let half = |y: &Tensor, t: &Tensor| Ok(cross_entropy(y, t)?.mul_scalar(0.5));
        fit(net(), &ignoring(), capture(by(Sgd::new(0.1), half)))
    }),
    ("squares", |capture| fit(net(), &numbers(), capture(by(Sgd::new(0.1).momentum(0.9), mse_loss)))),
    ("yes or no", |capture| {
        let loss = BceWithLogitsLoss::new().pos_weight(Tensor::from([1.0, 2.0, 3.0]));
        let mut set = numbers();
        set.y = set.y.sigmoid();
        fit(net(), &set, capture(by(Sgd::new(0.1), loss)))
    }),
    ("a fraction", |capture| fit(net(), &numbers(), capture(by(Adam::new(0.01), by_parts(masked))))),
    ("penalties and clipping", |capture| {
        let own = |model: &dyn Module| Ok(model.parameters()[1].square().sum().mul_scalar(0.5));
        let trainer = by(Adam::new(0.05), MseLoss::new()).penalty(L1Penalty::new(0.01)).penalty(own);
        fit(net(), &numbers(), capture(trainer.penalty(L2Penalty::new(0.1)).clip_norm(0.5)))
    }),
    ("rules of gradients", |capture| {
        let trainer = by(Adam::new(0.05), mse_loss).gradients(AdaptiveClip::new(0.1)).gradients(Centralize);
        fit(net(), &numbers(), capture(trainer))
    }),
    ("a guard", |capture| fit(net(), &numbers(), capture(by(Guard::skip(Adam::new(0.05)), mse_loss)))),
    ("sharpness", |capture| {
        fit(net(), &numbers(), capture(by(Sam::new(Ema::new(Sgd::new(0.1), 0.9), 0.05), mse_loss)))
    }),
    ("parts", |capture| {
        let parts = Parts::new().part("first", |name| name.starts_with('0'), Adam::new(0.05));
        fit(net(), &numbers(), capture(by(parts.rest(Sgd::new(0.1)), mse_loss)))
    }),
    ("steps by the loss", |capture| fit(net(), &numbers(), capture(by(PolyakSgd::new(0.5), mse_loss)))),
    ("momentum by the loss", |capture| {
        let momo = Guard::skip(Momo::new(1.0).adapt_lower_bound(true));
        fit(net(), &numbers(), capture(by(momo, mse_loss).accumulate(2).clip_norm(1.0)))
    }),
    ("a scale by the loss", |capture| {
        let momo = Mechanic::new(MomoAdam::new(0.1)).s_init(0.01);
        fit(net(), &numbers(), capture(by(Ema::new(momo, 0.5), mse_loss)))
    }),
    ("frozen and held", |capture| {
        let mut net = net();
        net.freeze("0.weight").and(net.hold_eval("2")).expect("parts");
        fit(net, &numbers(), capture(by(Adam::new(0.05), mse_loss).clip_norm(0.1)))
    }),
    ("F64", |capture| {
        let mut net = net();
        net.to_dtype(DType::F64).expect("a float type");
        let set = TensorDataset::new(ignoring().x.to_dtype(DType::F64), ignoring().y).expect("as many");
        fit(net, &set, capture(by(Adam::new(0.05), cross_entropy)))
    }),
    ("two inputs", |capture| {
        let rng = &mut seeded(5);
        let all = [1, 2, 3].map(|width| Tensor::randn(&[11, width], DType::F32, rng).expect("small"));
        let set = InputsDataset::new(all[..2].to_vec(), all[2].clone()).expect("as many");
        let [left, right] = [1, 2].map(|width| Linear::new(width, 3, rng).expect("sizes"));
        fit(TwoTowers { left, right }, &set, capture(by(Sgd::new(0.1), mse_loss)))
    }),
    ("several evaluations", |capture| {
        let lbfgs = Lbfgs::new(0.5).max_iter(4).history_size(3);
        fit(net(), &numbers(), capture(by(lbfgs, mse_loss).batch_size(22).penalty(L2Penalty::new(0.01))))
    }),
    ("changes in the middle", |capture| fit(net(), &numbers(), capture(by(Sgd::new(0.1), mse_loss).callback(Changes)))),
    ("a target that is no class, late", |capture| {
        let y = Tensor::from_vec((0..22).map(|i| if i == 19 { 7 } else { i % 3 }).collect(), &[22]).expect("22");
        let set = TensorDataset::new(numbers().x, y).expect("as many");
        let failed = fit(net(), &set, capture(by(Sgd::new(0.1), cross_entropy)));
        let text = failed.clone().expect_err("7 of 3 classes");
        assert!(text.contains("cross_entropy: index 7 at position "), "{text}");
        failed
    }),
    ("it diverges", |capture| {
        let failed = fit(net(), &numbers(), capture(by(Sgd::new(1e12), mse_loss).epochs(20)));
        assert!(failed.clone().expect_err("infinite").contains("the loss is "), "{failed:?}");
        failed
    }),
];

#[test]
fn every_sort_of_run_has_the_same_bits() {
    let differs = |(name, run): &Sort| {
        let (eager, captured) = (run(|trainer| trainer), run(|trainer| trainer.capture(true)));
        (eager != captured).then(|| format!("{name}:\n{eager:?}\n{captured:?}"))
    };
    let wrong: Vec<String> = SORTS.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_step_by_the_loss_knows_it_with_its_penalties_and_of_all_batches() {
    // Of (w − 1)² and (w − 3)², the mean, and w² / 4.
    let set = TensorDataset::new(Tensor::from([[1.0], [1.0]]), Tensor::from([[1.0], [3.0]])).expect("2 rows");
    for (batch_size, capture) in [(2, false), (2, true), (1, false), (1, true)] {
        let mut linear = Linear::with(1, 1, LinearOptions::new().bias(false), &mut seeded(7)).expect("sizes");
        let w = linear.weight.to_f64s()[0];
        let trainer = by(PolyakSgd::new(9.0), mse_loss).epochs(1).penalty(L2Penalty::new(0.25)).capture(capture);
        let trainer = trainer.batch_size(batch_size).accumulate(2 / batch_size);
        trainer.fit(&mut linear, &set, None, &mut seeded(7)).expect("a run");
        let f = ((w - 1.0).powi(2) + (w - 3.0).powi(2)) / 2.0 + 0.25 * w * w;
        let g = (w - 1.0) + (w - 3.0) + 0.5 * w;
        assert!((linear.weight.to_f64s()[0] - (w - f / g)).abs() < 1e-5, "{batch_size} {capture}");
    }
}

/// Counts how often it runs in training, which no capture sees.
#[derive(wengert_nn::Module)]
struct Counts {
    inner: Sequential,
    mode: autograd_core::module::Mode,
    #[module(skip)]
    calls: &'static AtomicUsize,
}

impl Layer for Counts {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.calls.fetch_add(usize::from(self.mode.is_training()), Ordering::Relaxed);
        self.inner.call("inner", x)
    }
}

#[test]
fn a_step_runs_once_for_each_size_of_batch_and_what_is_frozen() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let calls = |capture: bool, optimizer: Box<dyn Optimizer>, freezes: bool| {
        CALLS.store(0, Ordering::Relaxed);
        let mut model = Counts { inner: net(), mode: autograd_core::module::Mode::default(), calls: &CALLS };
        let mut trainer = Trainer::new(optimizer, mse_loss).epochs(5).batch_size(4).capture(capture);
        if freezes {
            trainer = trainer.callback(Freezes);
        }
        trainer.fit(&mut model, &numbers(), None, &mut seeded(7)).expect("a good run");
        CALLS.load(Ordering::Relaxed)
    };
    let sgd = || Box::new(Sgd::new(0.1));
    // Once for each size of batch, whatever shares memory with the parameters, as what the run keeps to put the model
    // back.
    assert_eq!((calls(false, sgd(), false), calls(true, sgd(), false)), (30, 2));
    assert_eq!((calls(false, sgd(), true), calls(true, sgd(), true)), (30, 4));
    assert_eq!(calls(true, Box::new(Lbfgs::new(0.5).max_iter(3)), false), 2);
    assert_eq!(calls(true, Box::new(Ema::new(Sgd::new(0.1), 0.9)), false), 2);
}

#[test]
fn what_callbacks_keep_of_a_model_makes_no_step_run_again() {
    struct Keeps(Vec<autograd_core::module::StateDict>);
    impl Callback for Keeps {
        fn name(&self) -> &str {
            "Keeps"
        }
        fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
            self.0.push(run.state_dict());
            Ok(())
        }
    }
    for frozen in [false, true] {
        let runs = AtomicUsize::new(0);
        let loss = |y: &Tensor, t: &Tensor| {
            runs.fetch_add(1, Ordering::Relaxed);
            mse_loss(y, t)
        };
        let trainer = Trainer::new(Sgd::new(0.01), loss).epochs(9).batch_size(22).capture(true);
        let trainer = trainer.callback(EarlyStopping::new().monitor("loss")).callback(Keeps(Vec::new()));
        let mut model = net();
        if frozen {
            model.freeze("0").expect("a layer");
        }
        trainer.fit(&mut model, &numbers(), None, &mut seeded(7)).expect("a good run");
        assert_eq!(runs.into_inner(), 1, "frozen: {frozen}");
    }
}

/// Freezes the first layer after the second epoch.
struct Freezes;

impl Callback for Freezes {
    fn name(&self) -> &str {
        "Freezes"
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> wengert_train::Result<()> {
        if run.epoch() == 2 { run.model_mut().freeze("inner.0").map(drop) } else { Ok(()) }
    }
}

/// A layer with one of each thing that cannot be captured.
#[derive(wengert_nn::Module)]
struct Refused {
    linear: Linear,
    #[module(skip)]
    stream: Stream,
    #[module(skip)]
    other: Param,
    #[module(skip)]
    does: &'static str,
}

impl Layer for Refused {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.linear.call("linear", x)?;
        match self.does {
            "looks" if y.sum().to_f64s()[0] > 0.0 => Ok(y.neg()),
            "sets" => {
                let mean = Buffer::new(y.mean_dim(0)?);
                mean.set(y.sum_dim(0)?);
                y.try_sub(&mean.get())
            }
            "rolls" => y.try_add(&Tensor::randn(y.shape(), DType::F32, &mut seeded(1))?),
            "draws" => y.dropout_seeded(0.5, self.stream.draw()),
            "takes" => y.try_mul(&self.other),
            _ => Ok(y),
        }
    }
}

#[test]
fn what_cannot_be_captured_ends_the_run_before_anything_has_changed() {
    let numbers_differ = "which are other ones at every run: what a captured function does must not depend on them";
    for (does, text) in [
        ("looks", format!("to_f64s looks at numbers, {numbers_differ}")),
        ("sets", "it sets a Buffer that is not one of the model; a later run would not".into()),
        (
            "rolls",
            "randn draws from a generator, and a later run would not; layers draw from a Stream of their own".into(),
        ),
        ("draws", "it draws from a Stream that is not one of the model; a later run would not".into()),
        ("takes", "mul was given a parameter that is not one of the model: a later run would not see it change".into()),
    ] {
        let rng = &mut seeded(7);
        let linear = Linear::new(2, 3, rng).expect("sizes");
        let stream = Stream::new(rng);
        let other = Param::new(Tensor::from(2.0)).expect("a float");
        let mut model = Refused { linear, stream, other, does };
        let before = bits(&model);
        let trainer = || by(Sgd::new(0.1), mse_loss);
        let error = trainer().capture(true).fit(&mut model, &numbers(), None, &mut seeded(7)).expect_err(does);
        assert_eq!(error.to_string(), format!("epoch 1, train batch 1: capture: {text}; capture(false) runs it"));
        assert_eq!(bits(&model), before, "{does}");
        trainer().capture(false).fit(&mut model, &numbers(), None, &mut seeded(7)).expect(does);
        assert_ne!(bits(&model), before, "{does}");
    }
}

#[test]
fn a_model_with_running_statistics_is_recorded_once_for_each_shape() {
    let fit = |capture: bool| {
        let runs = AtomicUsize::new(0);
        let loss = |y: &Tensor, t: &Tensor| {
            runs.fetch_add(1, Ordering::Relaxed);
            mse_loss(y, t)
        };
        let rng = &mut seeded(7);
        let (first, last) = (Linear::new(2, 8, rng).expect("sizes"), Linear::new(8, 3, rng).expect("sizes"));
        let mut model = sequential![first, BatchNorm1d::new(8).expect("a size"), last];
        let trainer = Trainer::new(Sgd::new(0.1), loss).epochs(4).batch_size(4).capture(capture);
        trainer.fit(&mut model, &numbers(), None, &mut seeded(7)).expect("a good run");
        (runs.into_inner(), bits(&model))
    };
    // Batches of four, and the last one of two.
    let ((records, captured), (runs, eager)) = (fit(true), fit(false));
    assert_eq!((records, runs), (2, 24));
    assert_eq!(captured, eager);
}

#[test]
fn inputs_are_at_most_eight() {
    #[derive(wengert_nn::Module)]
    struct Sum(Linear);
    impl Layer for Sum {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            self.0.forward(x)
        }
        fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
            all[1..].iter().try_fold(self.forward(&all[0])?, |sum, x| sum.try_add(&self.forward(x)?))
        }
    }
    let run = |count: usize, capture: bool| {
        let x = (0..count as u64).map(|seed| Tensor::randn(&[6, 2], DType::F32, &mut seeded(seed)).expect("small"));
        let set = InputsDataset::new(x.collect(), numbers().y.narrow(0, 0, 6).expect("22 rows")).expect("as many");
        let model = Sum(Linear::new(2, 3, &mut seeded(7)).expect("sizes"));
        fit(model, &set, by(Sgd::new(0.001), mse_loss).capture(capture))
    };
    for count in [1, 3, 4, 8] {
        assert_eq!(run(count, true).expect("a good run"), run(count, false).expect("a good run"));
    }
    let text = "capture: steps of 1 to 8 inputs are captured, the train set has 9; capture(false) runs it";
    assert_eq!(run(9, true), Err(format!("epoch 1, train batch 1: {text}")));
    run(9, false).expect("a good run");
}
