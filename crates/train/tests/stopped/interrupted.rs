//! Runs that an error ends: what they have found, and what they leave.

use crate::moons::{Killed, bits, model, sets};
use autograd_core::module::{Buffer, Item, Module, Param, Path, StateDict, stream_positions};
use autograd_core::{DType, EmbeddingOptions, Tensor, seeded};
use std::cell::RefCell;
use tempfile::tempdir;
use wengert_data::{Dataset, TensorDataset};
use wengert_nn::{Embedding, Layer, Linear, cross_entropy, mse_loss, sequential};
use wengert_optim::{Adam, CosineAnnealingLR, Optimizer, Sgd};
use wengert_train::{
    Callback, Checkpoint, EarlyStopping, Error, ErrorKind, Interrupted, Result, Run, Snapshot, Trainer,
};

fn trainer() -> Trainer<'static> {
    Trainer::new(Adam::new(0.05), cross_entropy).epochs(6).batch_size(16)
}

/// Makes the weights infinite after an epoch.
struct Explodes {
    after: u64,
}

impl Callback for Explodes {
    fn name(&self) -> &str {
        "Explodes"
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.epoch() == self.after {
            let mut state = run.state_dict();
            state.insert("0.weight", Tensor::full(&[16, 2], f64::INFINITY, DType::F32)?);
            run.model_mut().load_state_dict(&state)?;
        }
        Ok(())
    }
}

#[test]
fn an_error_has_the_history_and_the_best_weights_are_put_back() {
    let [train, valid] = sets();
    let mut early = EarlyStopping::new().patience(9);
    let mut trained = model(7);
    let run = trainer().callback(&mut early).callback(Explodes { after: 4 });
    let error = run.fit(&mut trained, &train, &valid, &mut seeded(7)).expect_err("infinite");
    assert_eq!(error.kind(), ErrorKind::NotFinite);
    let history = &error.detail::<Interrupted>().expect("four epochs are done").history;
    assert_eq!(history.epochs.len(), 4);
    let (best, value) = early.best().expect("one is best");
    assert_eq!(history.epochs[best as usize - 1].get("val_loss"), Some(value));
    // Reachable, and in the model, which is in evaluation.
    let kept = early.best_weights().expect("kept");
    assert_eq!(
        kept.get("0.weight").expect("there").to_f64s(),
        trained.state_dict().get("0.weight").expect("there").to_f64s()
    );
    let loss =
        cross_entropy(&trained.forward(&valid.x).expect("fits"), &valid.y).expect("fits").item::<f32>().expect("one");
    assert!((f64::from(loss) - value).abs() < 1e-6, "{loss} {value}");
}

/// y = |w x| of x = 1, which is to be 0: the first step makes w 0, and the second, of a loss that is 0, NaN.
#[test]
fn what_the_last_step_of_an_epoch_spoils_is_not_kept() {
    let set = TensorDataset::new(Tensor::from([[1.0]]), Tensor::from([[0.0]])).expect("1 row");
    for (monitor, epochs) in [("loss", 2), ("val_loss", 2), ("loss", 9)] {
        let dir = tempdir().expect("a temporary directory");
        let linear = Linear::from_tensors(Tensor::from([[1.0]]), None).expect("a weight");
        let size = |x: &Tensor| x.square().sqrt();
        let mut model = sequential![linear, size];
        let mut early = EarlyStopping::new().monitor(monitor).patience(9);
        let trainer = Trainer::new(Sgd::new(0.5), mse_loss).epochs(epochs).callback(&mut early);
        let trainer = trainer.checkpoint(Checkpoint::new(dir.path()).best(monitor));
        let error = trainer.fit(&mut model, &set, &set, &mut seeded(7)).expect_err("a NaN");
        assert_eq!(error.kind(), ErrorKind::NotFinite);
        assert_eq!(error.to_string(), "epoch 2: after the last step the parameter \"0.weight\" has a NaN");
        assert_eq!(error.detail::<Interrupted>().expect("it had begun").history.epochs.len(), 1);
        let snapshot = Snapshot::load(dir.path()).expect("whole");
        let weight = |state: &StateDict| state.get("0.weight").expect("there").to_f64s();
        let (epoch, best) = snapshot.best(monitor).expect("kept");
        assert_eq!((snapshot.epoch, weight(&snapshot.model), epoch, weight(&best)), (1, vec![0.0], 1, vec![0.0]));
        assert_eq!((early.best().map(|(epoch, _)| epoch), weight(&model.state_dict())), (Some(1), vec![0.0]));
    }
}

#[test]
fn what_was_infinite_before_the_run_ends_nothing() {
    let set = TensorDataset::new(Tensor::from([0]), Tensor::from([[0.0]])).expect("1 row");
    let vectors = Tensor::from([[1.0], [f32::NEG_INFINITY]]);
    let mut model = Embedding::from_tensors(vectors, EmbeddingOptions::new()).expect("vectors");
    let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(2);
    let history = trainer.fit(&mut model, &set, None, &mut seeded(7)).expect("the vector is not looked at");
    assert!(history.values("loss")[1] < history.values("loss")[0]);
}

/// Sets the buffer of [`Counting`] after the step.
struct Sets(f32);

impl Callback for Sets {
    fn name(&self) -> &str {
        "Sets"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let mut state = run.state_dict();
        state.insert("seen", Tensor::from(self.0));
        run.model_mut().load_state_dict(&state)
    }
}

#[test]
fn a_nan_in_a_buffer_is_no_number_but_an_infinity_may_be_meant() {
    let [train, valid] = sets();
    let fit = |seen: f32, sets: f32| {
        let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let mut model = Counting { linear, seen: Buffer::new(Tensor::from(seen)) };
        let trainer = Trainer::new(Sgd::new(0.1), cross_entropy).callback(Sets(sets));
        trainer.fit(&mut model, &train, &valid, &mut seeded(7)).map(drop).map_err(|e| e.to_string())
    };
    let text = "epoch 1: after the last step the buffer \"seen\" has a NaN".to_string();
    assert_eq!([fit(0.0, f32::NAN), fit(0.0, f32::NEG_INFINITY), fit(0.0, 7.0)], [Err(text), Ok(()), Ok(())]);
    // It stands for what is not known yet.
    assert_eq!(fit(f32::NAN, f32::NAN), Ok(()));
}

#[test]
fn details_of_the_error_itself_are_still_there() {
    #[derive(Debug, PartialEq)]
    struct OutOfPaper(u32);
    impl std::fmt::Display for OutOfPaper {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "out of paper on page {}", self.0)
        }
    }
    impl std::error::Error for OutOfPaper {}
    struct Prints;
    impl Callback for Prints {
        fn name(&self) -> &str {
            "Prints"
        }
        fn on_epoch_end(&mut self, _: &mut Run<'_>) -> Result<()> {
            Err(Error::user(OutOfPaper(3)))
        }
    }
    let [train, valid] = sets();
    let error = trainer().callback(Prints).fit(&mut model(7), &train, &valid, &mut seeded(7)).expect_err("no paper");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::User, "Prints: out of paper on page 3"));
    assert_eq!(error.detail::<OutOfPaper>(), Some(&OutOfPaper(3)));
    let interrupted = error.detail::<Interrupted>().expect("the run had begun");
    assert_eq!(
        (interrupted.history.epochs.len(), interrupted.to_string().as_str()),
        (1, "the run ended after 1 epoch")
    );
}

/// Notes how a run ends.
struct Ends<'e>(&'e RefCell<Vec<String>>);

impl Callback for Ends<'_> {
    fn name(&self) -> &str {
        "Ends"
    }
    fn only_watches(&self) -> bool {
        true
    }
    fn on_train_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.0.borrow_mut().push(format!("end after {}", run.epoch()));
        Ok(())
    }
    fn on_train_error(&mut self, run: &mut Run<'_>, error: &Error) -> Result<()> {
        self.0.borrow_mut().push(format!("error after {}: {error}", run.history().epochs.len()));
        Err(Error::user("this one is dropped"))
    }
    fn on_exit(&mut self) {
        self.0.borrow_mut().push("exit".into());
    }
}

#[test]
fn callbacks_learn_how_a_run_has_ended() {
    let [train, valid] = sets();
    let fit = |trainer: Trainer<'_>| {
        let notes = RefCell::new(Vec::new());
        let outcome =
            trainer.callback(Ends(&notes)).callback(Ends(&notes)).fit(&mut model(7), &train, &valid, &mut seeded(7));
        (outcome.err().map(|e| e.to_string()), notes.take())
    };
    assert_eq!(fit(trainer()).1, ["end after 6", "end after 6", "exit", "exit"]);
    let (error, notes) = fit(trainer().callback(Killed { epoch: 3, batch: 2 }));
    assert_eq!(error.as_deref(), Some("Killed: killed"));
    assert_eq!(notes, ["error after 2: Killed: killed", "error after 2: Killed: killed", "exit", "exit"]);
    // Refused before it began.
    assert_eq!(fit(trainer().epochs(0)).1, ["exit", "exit"]);
    assert_eq!(fit(trainer().callback(EarlyStopping::new().patience(0))).1, ["exit", "exit"]);
}

/// Fails when all is done.
struct Late;

impl Callback for Late {
    fn name(&self) -> &str {
        "Late"
    }
    fn on_train_end(&mut self, _: &mut Run<'_>) -> Result<()> {
        Err(Error::user("out of paper"))
    }
}

#[test]
fn an_end_that_fails_is_told_to_those_that_were_done() {
    let [train, valid] = sets();
    let notes = RefCell::new(Vec::new());
    let run = trainer().callback(Ends(&notes)).callback(Late);
    run.fit(&mut model(7), &train, &valid, &mut seeded(7)).expect_err("it fails");
    assert_eq!(notes.take(), ["end after 6", "error after 6: Late: out of paper", "exit"]);
}

/// Everything of a model that a run may change.
fn all(model: &dyn Layer) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut flags = Vec::new();
    model.visit(&Path::root(), &mut |path, item| match item {
        Item::Param(param) => flags.push((path.to_string(), param.is_trainable())),
        Item::Mode(mode) => flags.extend([(path.to_string(), mode.is_training()), (path.to_string(), mode.is_held())]),
        _ => {}
    });
    (bits(model), stream_positions(model), flags)
}

#[test]
fn a_resumed_run_that_fails_in_its_first_batch_leaves_everything() {
    let [train, valid] = sets();
    let dir = tempdir().expect("a temporary directory");
    let run = |optimizer: &mut Adam, model: &mut dyn Layer, last: Option<Killed>, resume: bool| {
        let trainer =
            Trainer::new(optimizer, cross_entropy).epochs(6).batch_size(16).checkpoint(dir.path()).resume(resume);
        let trainer = trainer.schedule(CosineAnnealingLR::new(6)).callback(EarlyStopping::new().patience(9));
        let trainer = last.into_iter().fold(trainer, Trainer::callback);
        trainer
            .fit(model, &train, &valid, &mut seeded(7))
            .map(|history| history.epochs.len())
            .map_err(|e| e.to_string())
    };
    let killed = |epoch: u64, batch: usize| Some(Killed { epoch, batch });
    run(&mut Adam::new(0.05), &mut model(7), killed(3, 2), false).expect_err("killed");

    let (mut other, mut adam) = (model(20), Adam::new(0.05));
    other.eval();
    let before = all(&other);
    assert_eq!(run(&mut adam, &mut other, killed(3, 1), true), Err("Killed: killed".into()));
    assert_eq!(all(&other), before);
    assert_eq!((adam.lr(), adam.state_dict().len()), (0.05, 1), "neither rate nor state");
    // One batch later it keeps what it has learned.
    assert_eq!(run(&mut adam, &mut other, killed(3, 2), true), Err("Killed: killed".into()));
    assert_ne!(all(&other), before);
    assert_eq!(run(&mut Adam::new(0.05), &mut model(21), None, true), Ok(6));
}

#[test]
fn a_validation_set_that_does_not_fit_is_found_before_the_first_step() {
    let [train, valid] = sets();
    let bad: Vec<(&str, TensorDataset)> = vec![
        (
            "in 0 (Linear): linear: ",
            TensorDataset::new(Tensor::cat(&[&valid.x, &valid.x], 1).expect("4 columns"), valid.y.clone())
                .expect("as many"),
        ),
        ("cross_entropy: ", TensorDataset::new(valid.x.clone(), valid.y.add_scalar(5.0)).expect("as many")),
    ];
    for (text, valid) in bad {
        let mut model = model(7);
        let before = all(&model);
        let notes = RefCell::new(Vec::new());
        let error =
            trainer().callback(Ends(&notes)).fit(&mut model, &train, &valid, &mut seeded(7)).expect_err("misfit");
        let place = "trial of validation before the first step: epoch 1, valid batch 1: ";
        assert!(error.to_string().starts_with(&format!("{place}{text}")), "{error}");
        assert_eq!(all(&model), before);
        assert_eq!(error.detail::<Interrupted>().expect("it had begun").history.epochs.len(), 0);
    }
    // A model that draws and counts in evaluation, too: the trial leaves no trace.
    let fit = |valid: Option<&dyn Dataset>| {
        let mut model = Counting {
            linear: Linear::new(2, 2, &mut seeded(7)).expect("good sizes"),
            seen: Buffer::new(Tensor::from(0.0)),
        };
        let outcome = Trainer::new(Sgd::new(0.1), cross_entropy).batch_size(40).callback(Seen).fit(
            &mut model,
            &train,
            valid,
            &mut seeded(7),
        );
        outcome.expect("a good run");
        model.seen.get().item::<f32>().expect("one")
    };
    // Three batches of training; then one of validation, which counts.
    assert_eq!((fit(None), fit(Some(&valid))), (3.0, 4.0));
}

/// A model that counts its calls.
#[derive(wengert_nn::Module)]
struct Counting {
    linear: Linear,
    seen: Buffer,
}

impl Layer for Counting {
    fn forward(&self, x: &Tensor) -> wengert_nn::Result<Tensor> {
        self.seen.set(self.seen.get().add_scalar(1.0));
        self.linear.forward(x)
    }
}

struct Seen;

impl Callback for Seen {
    fn name(&self) -> &str {
        "Seen"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let seen = run.state_dict().get("seen").expect("its buffer").item::<f32>()?;
        assert_eq!(seen as usize, run.batch(), "the trial is not counted");
        Ok(())
    }
}

#[test]
fn the_optimizer_goes_on_in_a_second_run() {
    let [train, valid] = sets();
    let run = |epochs: u64, adam: &mut Adam, model: &mut dyn Layer, seed: u64| {
        let trainer = Trainer::new(adam, cross_entropy).epochs(epochs).batch_size(200);
        trainer.fit(model, &train, &valid, &mut seeded(seed)).expect("a good run")
    };
    // One batch an epoch, so the order of the samples matters little; without dropout the halves make the whole.
    let linear = || Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
    let (mut whole, mut halves, mut fresh) = (linear(), linear(), linear());
    run(6, &mut Adam::new(0.1), &mut whole, 7);
    let mut adam = Adam::new(0.1);
    run(3, &mut adam, &mut halves, 7);
    run(3, &mut adam, &mut halves, 8);
    run(3, &mut Adam::new(0.1), &mut fresh, 7);
    run(3, &mut Adam::new(0.1), &mut fresh, 8);
    let far = |a: &Linear, b: &Linear| {
        let both = a.weight.to_f64s().into_iter().zip(b.weight.to_f64s());
        both.map(|(a, b)| (a - b).abs()).max_by(f64::total_cmp).unwrap_or(0.0)
    };
    assert!(far(&whole, &halves) < 1e-5, "{}", far(&whole, &halves));
    assert!(far(&whole, &fresh) > 1e-3, "{}", far(&whole, &fresh));
    // A schedule leaves the rate that it found, so the next run does not begin at its end.
    let scheduled = Trainer::new(&mut adam, cross_entropy).epochs(3).schedule(CosineAnnealingLR::new(3));
    scheduled.fit(&mut halves, &train, &valid, &mut seeded(7)).expect("a good run");
    assert_eq!(adam.lr(), 0.1);
}

#[test]
fn clipping_sees_parameters_only() {
    let set = TensorDataset::new(Tensor::from([[1.0]]), Tensor::from([[0.0]])).expect("1 row");
    let step = |other: Option<&Param>| {
        let mut model = Linear::new(1, 1, &mut seeded(7)).expect("good sizes");
        let loss = |y: &Tensor, t: &Tensor| {
            let loss = mse_loss(y, t)?.mul_scalar(1e-3);
            // A leaf that is no parameter of the model, with a gradient of 10⁶.
            other.map_or(Ok(loss.clone()), |other| loss.try_add(&other.mul_scalar(1e6).sum()))
        };
        let trainer = Trainer::new(Sgd::new(1.0), loss).clip_norm(1.0);
        trainer.fit(&mut model, &set, None, &mut seeded(7)).expect("a good run");
        bits(&model)
    };
    let other = Param::new(Tensor::from([0.0])).expect("a fresh value");
    assert_eq!(step(Some(&other)), step(None));
}

#[test]
fn a_snapshot_says_what_is_frozen_and_held() {
    let [train, valid] = sets();
    let dir = tempdir().expect("a temporary directory");
    let mut model = model(7);
    assert_eq!((model.freeze("0"), model.hold_eval("2")), (Ok(2), Ok(1)));
    trainer().checkpoint(dir.path()).fit(&mut model, &train, &valid, &mut seeded(7)).expect("a good run");
    let snapshot = Snapshot::load(dir.path()).expect("whole");
    assert_eq!(
        (snapshot.frozen, snapshot.held),
        (vec!["0.weight".into(), "0.bias".into()], vec!["2.mode".to_string()])
    );
}
