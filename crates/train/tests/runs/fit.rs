//! The training loop against its documentation.

use crate::moons::{self, bits, model, sets};
use autograd_core::module::{Module, Param};
use autograd_core::{Error, Gradients, Tensor, seeded};
use rand::Rng;
use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::{BatchNorm1d, Layer, Linear, cross_entropy, mse_loss, sequential};
use wengert_optim::schedule::{CosineAnnealingLR, StepLR};
use wengert_optim::{Adam, Guard, Optimizer, Sgd};
use wengert_train::{Accuracy, Callback, History, Result, Run, Trainer, evaluate};

#[test]
fn learns() {
    let [train, valid] = sets();
    let mut model = model(7);
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(40).batch_size(16).metric(Accuracy);
    let history = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    assert_eq!(history.epochs.len(), 40);
    assert!(history.values("val_accuracy")[39] > 0.9, "{history}");
    assert!(history.values("loss")[39] < history.values("loss")[0] / 2.0);
    assert!(history.without_gradient.is_empty() && history.stopped.is_none());
    // The last epoch of the history agrees with evaluate: fit leaves the last weights, in evaluation mode.
    assert_eq!(evaluate(&model, &valid, Accuracy).expect("fits"), history.values("val_accuracy")[39]);
    let once = model.forward(&valid.x).expect("fits").to_f64s();
    assert_eq!(once, model.forward(&valid.x).expect("fits").to_f64s(), "dropout is off");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let [train, valid] = sets();
    let run = |seed: u64| {
        let mut model = model(7);
        let mut rng = seeded(seed);
        let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(3).metric(Accuracy);
        let history = trainer.fit(&mut model, &train, &valid, &mut rng).expect("a good run");
        (bits(&model), history, rng.next_u64())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0);
}

/// A step written out by hand is the same as a batch of the loop.
#[test]
fn a_batch_is_a_step() {
    let set =
        TensorDataset::new(Tensor::from([[1.0, 2.0], [0.5, -1.0]]), Tensor::from([[3.0], [1.0]])).expect("2 rows");
    let mut by_hand = Linear::new(2, 1, &mut seeded(7)).expect("good sizes");
    let mut by_loop = by_hand.clone();
    let mut sgd = Sgd::new(0.1).momentum(0.9);
    for _ in 0..3 {
        let loss = mse_loss(&by_hand.forward(&set.x).expect("fits"), &set.y).expect("fits");
        sgd.step(&mut by_hand, &loss.backward().expect("tracked")).expect("fits");
    }
    // The mean of two squares does not depend on their order, bit for bit.
    let trainer = Trainer::new(Sgd::new(0.1).momentum(0.9), mse_loss).epochs(3);
    trainer.fit(&mut by_loop, &set, &set, &mut seeded(3)).expect("a good run");
    let (a, b) = (by_hand.weight.to_f64s(), by_loop.weight.to_f64s());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
}

#[test]
fn schedules_count_epochs_or_steps() {
    let [train, valid] = sets();
    let rates = |trainer: Trainer<'_>| {
        let history = trainer.epochs(4).batch_size(40).fit(&mut model(7), &train, &valid, &mut seeded(7));
        history.expect("a good run").epochs.iter().map(|epoch| epoch.lr).collect::<Vec<_>>()
    };
    let trainer = || Trainer::new(Adam::new(0.1), cross_entropy);
    assert_eq!(rates(trainer()), [0.1; 4]);
    assert_eq!(rates(trainer().schedule(StepLR::new(2).gamma(0.5))), [0.1, 0.1, 0.05, 0.05]);
    // Three batches per epoch; the last ones are steps 2, 5, 8 and 11.
    let by_step = rates(trainer().schedule_by_step(|lr: f64, step: u64| lr / (step + 1) as f64));
    assert_eq!(by_step, [0.1 / 3.0, 0.1 / 6.0, 0.1 / 9.0, 0.1 / 12.0]);
    let cosine = rates(trainer().schedule(CosineAnnealingLR::new(4)));
    assert!(cosine.windows(2).all(|pair| pair[1] < pair[0]));
}

#[test]
fn gradients_are_clipped() {
    let set = TensorDataset::new(Tensor::from([[100.0]]), Tensor::from([[-1000.0]])).expect("1 row");
    let mut model = Linear::new(1, 1, &mut seeded(7)).expect("good sizes");
    let before: Vec<f64> =
        [&model.weight, model.bias.as_ref().expect("a bias")].iter().map(|p| p.to_f64s()[0]).collect();
    let trainer = Trainer::new(Sgd::new(1.0), mse_loss).clip_norm(0.5);
    trainer.fit(&mut model, &set, &set, &mut seeded(7)).expect("a good run");
    let after: Vec<f64> =
        [&model.weight, model.bias.as_ref().expect("a bias")].iter().map(|p| p.to_f64s()[0]).collect();
    let moved = (after[0] - before[0]).hypot(after[1] - before[1]);
    assert!((moved - 0.5).abs() < 1e-3, "{moved}");
}

/// Notes when it is called.
#[derive(Default)]
struct Order(Vec<String>);

impl Callback for Order {
    fn name(&self) -> &str {
        "Order"
    }
    fn on_train_begin(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.push("train".into());
        Ok(())
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        assert_eq!(run.history().epochs.len() as u64 + 1, run.epoch());
        self.0.push(format!("epoch {}", run.epoch()));
        Ok(())
    }
    fn on_train_batch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.0.push(format!("batch {}", run.batch()));
        Ok(())
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        assert!(run.loss().is_finite());
        self.0.push(format!("step {}", run.step()));
        Ok(())
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        assert!(run.last().and_then(|epoch| epoch.get("val_loss")).is_some());
        self.0.push("epoch ends".into());
        if run.epoch() == 2 {
            run.stop("seen enough");
            run.stop("too late");
        }
        Ok(())
    }
    fn on_train_end(&mut self, _: &mut Run<'_>) -> Result<()> {
        self.0.push("train ends".into());
        Ok(())
    }
}

#[test]
fn callbacks_are_called_at_fixed_points() {
    let [train, valid] = sets();
    let mut order = Order::default();
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(9).batch_size(60).callback(&mut order);
    let history = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    let expected = "train, epoch 1, batch 1, step 1, batch 2, step 2, epoch ends, \
                    epoch 2, batch 1, step 3, batch 2, step 4, epoch ends, train ends";
    assert_eq!(order.0.join(", "), expected);
    assert_eq!(history.stopped.as_deref(), Some("seen enough"));
}

/// A model with a parameter that takes no part.
#[derive(wengert_nn::Module)]
struct Idle {
    linear: Linear,
    idle: Param,
}

impl Layer for Idle {
    fn forward(&self, x: &Tensor) -> wengert_nn::Result<Tensor> {
        self.linear.forward(x)
    }
}

#[test]
fn parameters_without_gradient_are_reported() {
    let [train, valid] = sets();
    let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
    let mut model = Idle { linear, idle: Param::new(Tensor::from([1.0, 2.0])).expect("floats") };
    assert_eq!(model.freeze("linear.bias").expect("there"), 1);
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(2);
    let history: History = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    assert_eq!(history.without_gradient, ["idle"]);
}

/// Changes what is trainable before epochs.
struct Thaws;

impl Callback for Thaws {
    fn name(&self) -> &str {
        "Thaws"
    }
    fn on_epoch_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        match run.epoch() {
            2 => {
                run.model_mut().unfreeze("idle")?;
                run.model_mut().freeze("linear.bias").map(drop)
            }
            3 => {
                run.model_mut().freeze("idle")?;
                run.model_mut().unfreeze("linear.bias").map(drop)
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn parameters_that_are_thawed_later_are_reported_too() {
    let [train, valid] = sets();
    let dir = moons::directory();
    // One step for each epoch.
    let run = |trainer: Trainer<'_>, from: u64, to: u64| {
        let steps = AtomicU64::new(from);
        // From the third epoch on the bias has no gradient; it had one in the first, and was frozen in the second.
        let cuts = |model: &dyn Module, grads: &mut Gradients| {
            if steps.fetch_add(1, Ordering::Relaxed) >= 2 {
                let all = model.named_parameters().into_iter();
                all.filter(|(name, _)| name == "linear.bias").for_each(|(_, bias)| drop(grads.take(bias)));
            }
            Ok(())
        };
        let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let mut model = Idle { linear, idle: Param::new(Tensor::from([1.0, 2.0])).expect("floats") };
        assert_eq!(model.freeze("idle"), Ok(1));
        let trainer = trainer.batch_size(120).epochs(to).gradients(cuts).callback(Thaws);
        trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run")
    };
    let trainer = || Trainer::new(Adam::new(0.03), cross_entropy);
    assert!(run(trainer(), 0, 1).without_gradient.is_empty(), "it is frozen");
    let straight = run(trainer(), 0, 4);
    assert_eq!(straight.without_gradient, ["idle"]);
    for k in 1..4 {
        run(trainer().checkpoint(dir.path()), 0, k);
        let resumed = run(trainer().checkpoint(dir.path()).resume(true).allow("epochs"), k, 4);
        assert_eq!(resumed, straight, "after {k} epochs");
    }
}

#[test]
fn what_is_thawed_after_an_older_checkpoint_has_had_no_gradient() {
    let [train, valid] = sets();
    let dir = moons::directory();
    let run = |epochs: u64, frozen: &str, resume: bool| {
        let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let mut model = Idle { linear, idle: Param::new(Tensor::from([1.0, 2.0])).expect("floats") };
        assert_eq!(model.freeze(frozen), Ok(1));
        let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(epochs).checkpoint(dir.path());
        let trainer = if resume { trainer.resume(true).allow("epochs").allow("trainable") } else { trainer };
        trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run").without_gradient
    };
    assert!(run(1, "idle", false).is_empty(), "it is frozen");
    // As it was written before checkpoints said it.
    let path = dir.path().join("checkpoint.json");
    let text = std::fs::read(&path).expect("just written");
    let mut json: serde_json::Value = serde_json::from_slice(&text).expect("as written");
    json.as_object_mut().and_then(|all| all.remove("with_gradient")).expect("it is said now");
    std::fs::write(&path, json.to_string()).expect("writable");
    // What is frozen from here on has had one.
    assert_eq!(run(2, "linear.bias", true), ["idle"]);
}

#[test]
fn a_step_that_is_left_out_teaches_nothing() {
    let [train, valid] = sets();
    let dir = moons::directory();
    let steps = AtomicU64::new(0);
    // The steps of the first epoch are left out, for their gradients are no numbers.
    let poison = |_: &dyn Module, grads: &mut Gradients| {
        if steps.fetch_add(1, Ordering::Relaxed) < 8 {
            grads.iter_mut().for_each(|g| *g = g.mul_scalar(f64::NAN));
        }
        Ok(())
    };
    let run = |epochs: u64, resume: bool| {
        let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let mut model = Idle { linear, idle: Param::new(Tensor::from([1.0, 2.0])).expect("floats") };
        let trainer = Trainer::new(Guard::skip(Adam::new(0.03)), cross_entropy).batch_size(15).gradients(poison);
        let trainer = trainer.epochs(epochs).checkpoint(dir.path()).resume(resume).allow("epochs");
        trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run").without_gradient
    };
    assert_eq!(run(1, false), ["linear.weight", "linear.bias", "idle"]);
    assert_eq!(run(2, true), ["idle"]);
}

#[test]
fn the_samples_may_keep_their_order() {
    let x = Tensor::from([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]);
    let set = TensorDataset::new(x.clone(), x).expect("6 rows");
    let order = |trainer: fn(Trainer<'_>) -> Trainer<'_>| {
        let seen = Mutex::new(Vec::new());
        let loss = |y: &Tensor, t: &Tensor| {
            seen.lock().expect("one thread").extend(t.to_f64s());
            mse_loss(y, t)
        };
        let run = trainer(Trainer::new(Sgd::new(1e-3), loss).epochs(2).batch_size(4));
        let mut model = Linear::new(1, 1, &mut seeded(7)).expect("good sizes");
        run.fit(&mut model, &set, None, &mut seeded(7)).expect("a good run");
        seen.into_inner().expect("one thread")
    };
    let once = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!(order(|trainer| trainer.shuffle(false)), [once, once].concat());
    let shuffled = order(|trainer| trainer);
    assert_eq!(shuffled, order(|trainer| trainer.shuffle(true)));
    assert!(shuffled[..6] != once && shuffled[..6] != shuffled[6..], "{shuffled:?}");
}

#[test]
fn the_last_few_samples_may_be_left_out() {
    let [train, valid] = sets();
    let seen = RefCell::new(Vec::new());
    struct Rows<'a>(&'a RefCell<Vec<(usize, usize)>>);
    impl Callback for Rows<'_> {
        fn name(&self) -> &str {
            "Rows"
        }
        fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
            self.0.borrow_mut().push((run.plan().batches, run.step() as usize));
            Ok(())
        }
    }
    let trainer = |size: usize| Trainer::new(Sgd::new(0.1), cross_entropy).epochs(2).batch_size(size).drop_last(true);
    // One sample alone has no statistics.
    let net = || Ok::<_, Error>(sequential![BatchNorm1d::new(2)?, Linear::new(2, 2, &mut seeded(7))?]);
    let fit = |trainer: Trainer<'_>| {
        let mut model = net().expect("good sizes");
        trainer.update_batch_norm(true).fit(&mut model, &train, &valid, &mut seeded(7))
    };
    let error = fit(trainer(17).drop_last(false)).expect_err("120 = 7 · 17 + 1").to_string();
    assert!(error.starts_with("epoch 1, train batch 8: "), "{error}");
    fit(trainer(17).callback(Rows(&seen))).expect("seven of seventeen");
    assert_eq!(seen.take(), [(7, 7), (7, 14)]);
    let error = fit(trainer(121)).expect_err("120 samples").to_string();
    let text = "drop_last leaves no batch: there are 120 samples and batch_size is 121";
    assert_eq!(error, format!("fit: the train set: DataLoader: {text}"));
}

#[test]
fn a_history_is_a_table() {
    let [train, valid] = sets();
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(2).metric(Accuracy);
    let history = trainer.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect("a good run");
    let table = history.to_string();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["epoch", "lr", "loss", "accuracy", "val_loss", "val_accuracy"]
    );
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{table}");
    assert_eq!(History::default().to_string(), "no epochs");
}

#[test]
fn without_a_validation_set() {
    let [train, valid] = sets();
    let fit = |validate: bool| {
        let mut model = model(7);
        let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(3).metric(Accuracy);
        let valid: Option<&dyn Dataset> = if validate { Some(&valid) } else { None };
        (trainer.fit(&mut model, &train, valid, &mut seeded(7)).expect("a good run"), bits(&model))
    };
    let ((with, weights), (without, same_weights)) = (fit(true), fit(false));
    assert_eq!(weights, same_weights, "validation changes nothing");
    for name in ["loss", "accuracy"] {
        assert_eq!(without.values(name), with.values(name));
        assert!(without.values(&format!("val_{name}")).is_empty());
    }
    let losses = without.values("loss");
    let best = without.best().expect("the lowest loss of the training set").epoch;
    assert!(losses.iter().all(|loss| *loss >= losses[best as usize - 1]), "{losses:?} {best}");
    assert_eq!(without.to_string().lines().next().map(|head| head.split_whitespace().count()), Some(4));
    // Sets whose type is not known are sets, too.
    let boxed: [Box<dyn Dataset>; 2] = sets().map(|set| Box::new(set) as Box<dyn Dataset>);
    let trainer = Trainer::new(Adam::new(0.03), cross_entropy).epochs(3).metric(Accuracy);
    let mut model = model(7);
    let history = trainer.fit(&mut model, &*boxed[0], &*boxed[1], &mut seeded(7)).expect("a good run");
    assert_eq!((history, bits(&model)), (with, weights));
}

/// Trained from a checkpoint, a run without a validation set ends like one that was not interrupted.
#[test]
fn without_a_validation_set_from_a_checkpoint() {
    let [train, _] = sets();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let fit = |trainer: Trainer<'_>, seed: u64| {
        let mut model = model(seed);
        let history = trainer.batch_size(16).fit(&mut model, &train, None, &mut seeded(seed)).expect("a good run");
        (history, bits(&model))
    };
    let trainer = |epochs: u64| Trainer::new(Adam::new(0.03), cross_entropy).epochs(epochs);
    fit(trainer(2).checkpoint(dir.path()), 7);
    assert_eq!(fit(trainer(4).checkpoint(dir.path()).resume(true).allow("epochs"), 8), fit(trainer(4), 7));
}
