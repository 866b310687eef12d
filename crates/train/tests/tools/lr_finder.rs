//! The range test: what it reports, and that it leaves everything as it was.

use crate::alone;
use crate::moons::{self, bits, model, sets};
use autograd_core::module::{Item, Module, Path, stream_positions};
use autograd_core::{DType, Error, Tensor, seeded};
use rand::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use wengert_data::TensorDataset;
use wengert_nn::{BatchNorm1d, Linear, LinearOptions, cross_entropy, mse_loss, sequential};
use wengert_optim::{Adam, Optimizer, Sgd, StepLR};
use wengert_train::{
    Accuracy, Checkpoint, EarlyStopping, History, LrFinder, LrReport, ReduceLROnPlateau, Result, Trainer,
};

/// Everything of a model that a run may change.
fn all(model: &dyn Module) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut flags = Vec::new();
    model.visit(&Path::root(), &mut |path, item| match item {
        Item::Param(param) => flags.push((path.to_string(), param.is_trainable())),
        Item::Mode(mode) => flags.extend([(path.to_string(), mode.is_training()), (path.to_string(), mode.is_held())]),
        _ => {}
    });
    let state = model.state_dict();
    let bits: Vec<u64> = state.iter().flat_map(|(_, value)| value.to_f64s()).map(f64::to_bits).collect();
    (bits, stream_positions(model), flags)
}

fn finder() -> LrFinder {
    LrFinder::new().start(1e-4).end(100.0).steps(40).batch_size(40)
}

#[test]
fn everything_is_as_it_was_however_it_ends() {
    let [train, valid] = sets();
    let (mut model, mut adam) = (model(7), Adam::new(0.02));
    model.freeze("0.bias").expect("a parameter");
    model.hold_eval("2").expect("a layer");
    let trainer = Trainer::new(&mut adam, cross_entropy).epochs(2);
    trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    model.release_eval("2").expect("a layer");
    model.train();
    let state = |adam: &Adam| adam.state_dict().to_safetensors().expect("plain");
    let before = (all(&model), state(&adam));
    // A loss that ends at some call: by nothing, an error, a panic, a number that is none.
    for (at, ending) in [(u64::MAX, 0), (0, 1), (9, 1), (0, 2), (9, 2), (0, 3), (9, 3)] {
        let calls = AtomicU64::new(0);
        let loss = |y: &Tensor, t: &Tensor| {
            let now = calls.fetch_add(1, Ordering::Relaxed) == at;
            match ending {
                1 if now => Err(Error::user("torn")),
                2 if now => std::panic::resume_unwind(Box::new("a panic")),
                3 if now => Ok(cross_entropy(y, t)?.mul_scalar(f64::NAN)),
                _ => cross_entropy(y, t),
            }
        };
        let mut rng = seeded(3);
        let run = || alone(|| finder().run(&mut model, &mut adam, loss, &train, &mut rng));
        let outcome = catch_unwind(AssertUnwindSafe(run)).map_err(|panic| *panic.downcast::<&str>().expect("a text"));
        let text = outcome.map(|outcome| outcome.map_err(|e| e.to_string()));
        match (ending, at) {
            (0, _) => assert!(text.expect("no panic").is_ok_and(|report| report.diverged())),
            (1, _) => {
                let expected = format!("LrFinder: epoch {}, train batch {}: torn", at / 3 + 1, at % 3 + 1);
                assert_eq!(text, Ok(Err(expected)));
            }
            (2, _) => assert_eq!(text, Err("a panic")),
            (_, 0) => {
                let text = text.expect("no panic").expect_err("the first loss");
                assert!(text.starts_with("LrFinder: epoch 1, train batch 1: the loss is NaN: "), "{text}");
            }
            _ => {
                let report = text.expect("no panic").expect("it had begun");
                assert!(report.diverged() && report.points().len() == 9);
            }
        }
        assert_eq!((all(&model), state(&adam)), before, "{ending} at {at}");
        let mut other = seeded(3);
        other.next_u64();
        assert_eq!(rng, other, "one number is drawn");
    }
}

/// y = 2 x without a bias, of x = 1 and 2: the loss is 2.5 (w − 2)², and diverges above a rate of 0.4.
fn line() -> (Linear, TensorDataset) {
    let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]])).expect("as many");
    let mut linear = Linear::with(1, 1, LinearOptions::new().bias(false), &mut seeded(7)).expect("good sizes");
    linear.to_dtype(DType::F64).expect("a float type");
    (linear, TensorDataset::new(set.x.to_dtype(DType::F64), set.y.to_dtype(DType::F64)).expect("as many"))
}

fn on_the_line(finder: &LrFinder) -> Result<LrReport> {
    let (mut linear, set) = line();
    alone(|| finder.run(&mut linear, Sgd::new(0.1), mse_loss, &set, &mut seeded(7)))
}

#[test]
fn rates_and_losses_are_those_of_descent_by_hand() {
    let finder = LrFinder::new().start(1e-2).end(10.0).steps(25).smoothing(0.5).divergence(2.0);
    let report = on_the_line(&finder).expect("a good run");
    let mut w = line().0.weight.item::<f64>().expect("one");
    let (mut sum, mut weights, mut best) = (0.0, 0.0, f64::INFINITY);
    for (k, point) in report.points().iter().enumerate() {
        let (lr, loss) = (1e-2 * 1000_f64.powf(k as f64 / 24.0), 2.5 * (w - 2.0).powi(2));
        (sum, weights) = (0.5 * sum + loss, 0.5 * weights + 1.0);
        let near = |got: f64, want: f64| (got - want).abs() <= 1e-9 * want.abs();
        assert!(near(point.lr, lr) && near(point.loss, loss) && near(point.smoothed, sum / weights), "{k}: {point:?}");
        let last = k + 1 == report.points().len();
        best = f64::min(best, sum / weights);
        assert_eq!(sum / weights > 2.0 * best, last, "it ends where it has doubled");
        w -= lr * 5.0 * (w - 2.0);
    }
    assert!(report.diverged() && report.points().len() < 25);
    // Above 0.4 no step comes nearer.
    let rate = report.suggestion().expect("it falls");
    assert!((1e-2..0.4).contains(&rate), "{rate}");
}

#[test]
fn a_test_that_does_not_diverge_has_all_its_points() {
    let report = on_the_line(&LrFinder::new().end(1e-3).steps(30)).expect("a good run");
    let points = report.points();
    assert_eq!((points.len(), points[0].lr, points[29].lr, report.diverged()), (30, 1e-7, 1e-3, false));
    let rising = LrFinder::new().start(1.0).end(1e300).steps(20);
    let report = on_the_line(&rising).expect("a good run");
    assert_eq!((report.suggestion(), report.diverged()), (None, true));
    // From the smallest to the largest number.
    let wide = LrFinder::new().start(f64::MIN_POSITIVE).end(f64::MAX).steps(50);
    assert!(on_the_line(&wide).expect("a good run").points().iter().all(|point| point.lr.is_finite()));
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    for (finder, text) in [
        (finder().start(0.0), "LrFinder: start is 0.0, it must be positive and finite"),
        (finder().start(f64::NAN), "LrFinder: start is NaN, it must be positive and finite"),
        (finder().end(f64::INFINITY), "LrFinder: end is inf, it must be positive and finite"),
        (finder().start(0.5).end(0.5), "LrFinder: end is 0.5, it must be greater than start, 0.5"),
        (finder().steps(1), "LrFinder: steps is 1, it must be at least 2"),
        (finder().batch_size(0), "LrFinder: batch_size is 0, it must be at least 1"),
        (finder().smoothing(1.0), "LrFinder: smoothing is 1.0, it must be in [0, 1)"),
        (finder().divergence(1.0), "LrFinder: divergence is 1.0, it must be finite and greater than 1"),
    ] {
        assert_eq!(on_the_line(&finder).expect_err("refused").to_string(), text);
    }
    let mut model = model(7);
    let nothing = sets()[0].select(&[]).expect("none of them");
    let empty = finder().run(&mut model, Adam::new(0.1), cross_entropy, &nothing, &mut seeded(7));
    assert_eq!(empty.expect_err("no samples").to_string(), "LrFinder: fit: the train set has no samples");
    let bad = finder().run(&mut model, Sgd::new(0.1).momentum(-1.0), cross_entropy, &sets()[0], &mut seeded(7));
    let text = "LrFinder: SGD: momentum is -1.0, it must be finite and at least 0";
    assert_eq!(bad.expect_err("no such momentum").to_string(), text);
    assert_eq!(bits(&model), bits(&moons::model(7)));
}

fn as_trainer(finder: &LrFinder, trainer: Trainer<'_>) -> Result<LrReport> {
    let (mut linear, set) = line();
    let before = all(&linear);
    let report = alone(|| finder.run_with(trainer, &mut linear, &set, &mut seeded(7)));
    assert_eq!(all(&linear), before);
    report
}

fn sgd() -> Trainer<'static> {
    Trainer::new(Sgd::new(0.1), mse_loss)
}

#[test]
fn a_trainer_says_how_steps_are_made() {
    let finder = LrFinder::new().start(1e-2).end(10.0).steps(25);
    let plain = on_the_line(&finder).expect("a good run");
    assert_eq!(as_trainer(&finder, sgd()), Ok(plain.clone()));
    // What belongs to a run that lasts is replaced, or left out: a metric that does not fit, statistics that are not
    // there.
    let others = sgd().epochs(3).schedule(StepLR::new(1)).metric(Accuracy).update_batch_norm(true);
    assert_eq!(as_trainer(&finder, others), Ok(plain.clone()));
    assert_eq!(as_trainer(&finder.clone().batch_size(2), sgd().batch_size(1)), Ok(plain.clone()));
    let clipped = as_trainer(&finder, sgd().clip_norm(1e-3)).expect("a good run");
    assert!(plain.diverged() && !clipped.diverged() && clipped.points().len() == 25);
    // A step on two batches of one is that on one of two, and its loss the mean of theirs.
    let both = as_trainer(&finder, sgd().batch_size(1).accumulate(2)).expect("a good run");
    assert_eq!(both.points().len(), plain.points().len());
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    assert!(both.points().iter().zip(plain.points()).all(|(a, b)| near(a.loss, b.loss) && near(a.lr, b.lr)));
    // A number out of its range is the trainer's own error.
    let text = as_trainer(&finder, sgd().clip_norm(-1.0)).expect_err("a negative norm").to_string();
    assert_eq!(text, "LrFinder: fit: clip_norm is -1.0, it must be greater than 0");
}

#[test]
fn a_last_batch_that_has_no_statistics_is_left_out_as_in_the_run() {
    let set = sets()[0].select(&(0..65).collect::<Vec<_>>()).expect("65 of 120");
    let net = || sequential![BatchNorm1d::new(2).expect("a size"), Linear::new(2, 2, &mut seeded(7)).expect("sizes")];
    let finder = LrFinder::new().end(1e-2).steps(10).batch_size(32);
    let rng = &mut seeded(3);
    let text = alone(|| finder.run(&mut net(), Adam::new(0.1), cross_entropy, &set, rng)).expect_err("one sample");
    assert!(text.to_string().starts_with("LrFinder: epoch 1, train batch 3: "), "{text}");
    let trainer = Trainer::new(Adam::new(0.1), cross_entropy).drop_last(true);
    let report = alone(|| finder.run_with(trainer, &mut net(), &set, rng)).expect("two batches");
    assert_eq!((report.points().len(), report.diverged()), (10, false));
}

#[test]
fn callbacks_of_a_run_that_lasts_are_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let early = || EarlyStopping::new().monitor("loss");
    for (trainer, names) in [
        (sgd().callback(early()), "EarlyStopping"),
        (sgd().checkpoint(dir.path()), "Checkpoint"),
        (
            sgd().callback(ReduceLROnPlateau::new()).callback(Checkpoint::new(dir.path())),
            "ReduceLROnPlateau, Checkpoint",
        ),
    ] {
        let text = as_trainer(&finder(), trainer).expect_err("refused").to_string();
        let rest = "for which there is no use in a range test; leave it out";
        assert_eq!(text, format!("LrFinder: the trainer has {names}, {rest}"));
    }
    assert!(!Checkpoint::exists(dir.path()));
    let mut history = History::default();
    let report = as_trainer(&finder(), sgd().callback(&mut history)).expect("who watches may stay");
    // The last epoch is not finished.
    assert_eq!(history.epochs.len() + 1, report.points().len());
}

#[cfg(feature = "plot")]
#[test]
fn a_picture() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("rates.svg");
    on_the_line(&LrFinder::new()).expect("a good run").plot(&path).expect("writable");
    let svg = std::fs::read_to_string(&path).expect("just written");
    for label in ["learning rate", "loss", "smoothed loss", "suggestion: "] {
        assert!(svg.lines().any(|line| line.trim().starts_with(label)), "{label}");
    }
    // Nothing to suggest is nothing to mark.
    on_the_line(&LrFinder::new().start(1.0).end(1e300)).expect("a good run").plot(&path).expect("writable");
    assert!(!std::fs::read_to_string(&path).expect("just written").contains("suggestion"));
}
