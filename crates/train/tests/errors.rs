//! Bad input: the texts of errors, and models that have not changed.

mod moons;

use autograd_core::module::{Buffer, Module, stream_positions};
use autograd_core::{DType, SeededRng, Tensor, seeded};
use moons::{bits, model, sets};
use wengert_data::{InputsDataset, TensorDataset};
use wengert_nn::{BatchNorm1d, Layer, Linear, Sequential, cross_entropy, mse_loss, sequential};
use wengert_optim::schedule::StepLR;
use wengert_optim::{Adam, Sgd};
use wengert_train::{
    Accuracy, BinaryAccuracy, Callback, EarlyStopping, Error, ErrorKind, Metric, Result, Run, Tally, Trainer, evaluate,
};

fn trainer() -> Trainer<'static> {
    Trainer::new(Adam::new(0.01), cross_entropy)
}

/// Fits, expects this error, and that model and generator are as before.
fn check_on(trainer: Trainer<'_>, mut model: Sequential, sets: [&TensorDataset; 2], text: &str, draws: bool) {
    let before = (bits(&model), stream_positions(&model));
    let mut rng = seeded(7);
    let error = trainer.fit(&mut model, sets[0], sets[1], &mut rng).expect_err("a bad run").to_string();
    assert_eq!(error, text);
    assert_eq!((bits(&model), stream_positions(&model)), before, "{text}");
    assert_eq!(rng == seeded(7), !draws, "{text}");
    let x = Tensor::ones(&[64, 2], DType::F32).expect("small");
    let (one, two) = (model.forward(&x).expect("fits"), model.forward(&x).expect("fits"));
    assert_ne!(one.to_f64s(), two.to_f64s(), "the model is still in training mode: {text}");
}

fn check(trainer: Trainer<'_>, text: &str) {
    let [train, valid] = sets();
    check_on(trainer, model(7), [&train, &valid], text, false);
}

struct Named(&'static str);

impl Metric for Named {
    fn name(&self) -> &str {
        self.0
    }
    fn start(&self) -> Result<Box<dyn Tally + '_>> {
        Accuracy.start()
    }
}

#[test]
fn bad_settings() {
    check(trainer().epochs(0), "fit: epochs is 0, it must be at least 1");
    check(trainer().batch_size(0), "fit: batch_size is 0, it must be at least 1");
    check(trainer().clip_norm(0.0), "fit: clip_norm is 0.0, it must be greater than 0");
    check(trainer().clip_norm(f64::NAN), "fit: clip_norm is NaN, it must be greater than 0");
    let adam = |adam: Adam| Trainer::new(adam, cross_entropy);
    check(adam(Adam::new(f64::NAN)), "Adam: lr is NaN, it must be finite and at least 0");
    let text = "Adam: weight_decay is -0.1, it must be finite and at least 0";
    check(adam(Adam::new(0.1).weight_decay(-0.1)), text);
    check(trainer().schedule(StepLR::new(0)), "StepLR: step_size is 0, it must be at least 1");
    check(trainer().metric(Accuracy).metric(Accuracy), "fit: two metrics are called \"accuracy\"");
    let text = "BinaryAccuracy: threshold is NaN, it must be a number";
    check(trainer().metric(BinaryAccuracy::new().threshold(f64::NAN)), text);
    check(trainer().metric(Named("loss")), "fit: two metrics are called \"loss\"");
    let text = "fit: the metric \"val_x\" must have a name that does not begin with val_";
    check(trainer().metric(Named("val_x")), text);
    for name in ["", "epoch", "lr"] {
        let text = format!("fit: a metric cannot be called {name:?}, it is a column of histories");
        check(trainer().metric(Named(name)), &text);
    }
    check(trainer().validation_batch_size(0), "fit: validation_batch_size is 0, it must be at least 1");
    check(trainer().validate_every(0), "fit: validate_every is 0, it must be at least 1");
    let text = "fit: check_capture is 3, and nothing is captured: capture(true) makes the replays that it checks";
    check(trainer().check_capture(3), text);
    let text = "fit: two EarlyStopping would put their best weights back, and the model can have those of one: \
                set restore_best_weights(false) on the others";
    check(trainer().callback(EarlyStopping::new()).callback(EarlyStopping::new().patience(9)), text);
    check(trainer().resume(true), "fit: resume needs to know where from: name the directory with checkpoint");
}

#[test]
fn a_metric_that_does_not_fit_is_found_before_the_first_step() {
    let [train, _] = sets();
    let mut trained = model(7);
    let run = trainer().metric(BinaryAccuracy::new());
    let text = run.fit(&mut trained, &train, None, &mut seeded(7)).expect_err("two columns").to_string();
    assert!(text.starts_with("epoch 1, train batch 1: BinaryAccuracy: output [32, 2] and target I64 [32]"), "{text}");
    assert_eq!(bits(&trained), bits(&model(7)));
    assert_eq!(stream_positions(&trained), stream_positions(&model(7)));
}

#[test]
fn nothing_to_resume_from_makes_no_directory() {
    let all = tempfile::tempdir().expect("a temporary directory");
    let dir = all.path().join("mistyped");
    let text = format!("{}: there is no checkpoint here (no file checkpoint.json)", dir.display());
    check(trainer().checkpoint(&dir).resume(true), &text);
    assert!(!dir.exists());
}

#[test]
fn bad_sets_and_models() {
    let [train, valid] = sets();
    let empty = train.select(&[]).expect("nothing");
    check_on(trainer(), model(7), [&empty, &valid], "fit: the train set has no samples", false);
    check_on(trainer(), model(7), [&train, &empty], "fit: the valid set has no samples", false);
    let mut frozen = model(7);
    assert!(frozen.freeze("").is_ok());
    let text = "fit: nothing to train: the model has 4 parameters, and none of them is trainable";
    check_on(trainer(), frozen, [&train, &valid], text, false);
    let error = evaluate(&model(7), &empty, Accuracy).expect_err("nothing to measure");
    assert_eq!(error.to_string(), "evaluate: the test set has no samples");
}

#[test]
fn a_failure_in_the_first_batch_leaves_the_model() {
    let [train, valid] = sets();
    let wide = TensorDataset::new(Tensor::cat(&[&train.x, &train.x], 1).expect("4 columns"), train.y.clone());
    let wide = wide.expect("as many");
    let error = trainer().fit(&mut model(7), &wide, &valid, &mut seeded(7)).expect_err("4 columns").to_string();
    assert!(error.starts_with("epoch 1, train batch 1: in 0 (Linear): linear: "), "{error}");

    let unreduced = Trainer::new(Adam::new(0.1), |y: &Tensor, _: &Tensor| Ok(y.square()));
    let text =
        "epoch 1, train batch 1: the loss is F32 [32, 2], it must be one float (shape []); reduce it with mean or sum";
    check_on(unreduced, model(7), [&train, &valid], text, true);

    let constant =
        Trainer::new(Adam::new(0.1), |_: &Tensor, _: &Tensor| Ok(Tensor::from(1.0).requires_grad().square()));
    let text = "epoch 1, train batch 1: Adam: none of the trainable parameters has a gradient (\"0.weight\", \"0.bias\", \
                \"3.weight\", \"3.bias\"): the loss does not depend on them, or was computed with another model, or with \
                a clone of it";
    check_on(constant, model(7), [&train, &valid], text, true);

    let labels = TensorDataset::new(train.x.clone(), train.y.add_scalar(5.0)).expect("as many");
    let error = trainer().fit(&mut model(7), &labels, &valid, &mut seeded(7)).expect_err("no such class");
    assert!(error.to_string().starts_with("epoch 1, train batch 1: cross_entropy: "), "{error}");
}

#[test]
fn a_run_that_diverges_stops_before_the_weights_are_spoiled() {
    let [train, valid] = sets();
    let mut x = train.x.to_vec::<f32>().expect("F32");
    x[2 * 57 + 1] = f32::NAN;
    let holed =
        TensorDataset::new(Tensor::from_vec(x, train.x.shape()).expect("as many"), train.y.clone()).expect("same");
    let mut model = model(7);
    let trainer = trainer().epochs(2).batch_size(8);
    let error = trainer.fit(&mut model, &holed, &valid, &mut seeded(7)).expect_err("a NaN");
    assert_eq!(error.kind(), ErrorKind::NotFinite);
    let error = error.to_string();
    let cause = ": the loss is NaN: the input of sample 57 of the train set (counted from 0) has a NaN";
    assert!(error.starts_with("epoch 1, train batch ") && error.ends_with(cause), "{error}");
    assert!(model.state_dict().iter().all(|(_, value)| value.to_f64s().iter().all(|w| w.is_finite())));

    // A finite loss with an infinite gradient.
    let set = TensorDataset::new(Tensor::from([[0.0, 0.0]]), Tensor::from([0])).expect("1 row");
    let steep = Trainer::new(Sgd::new(0.1), |y: &Tensor, _: &Tensor| Ok(y.mul_scalar(0.0).sqrt().sum()));
    let mut linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
    let error = steep.clip_norm(1.0).fit(&mut linear, &set, &set, &mut seeded(7)).expect_err("infinite").to_string();
    assert!(error.starts_with("epoch 1, train batch 1: the norm of the gradients is "), "{error}");
}

/// Spoils a parameter after the first step.
struct Spoils;

impl Callback for Spoils {
    fn name(&self) -> &str {
        "Spoils"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let mut state = run.state_dict();
        state.insert("bias", Tensor::from([0.0, f32::NEG_INFINITY]));
        run.model_mut().load_state_dict(&state).map(drop)
    }
}

#[test]
fn a_loss_that_is_no_number_has_a_cause() {
    let refused = |trainer: Trainer<'_>, x: &Tensor, y: &Tensor| {
        let set = TensorDataset::new(x.clone(), y.clone()).expect("as many");
        let mut linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let error = trainer.fit(&mut linear, &set, None, &mut seeded(7)).expect_err("no number");
        assert_eq!(error.kind(), ErrorKind::NotFinite);
        error.to_string()
    };
    let (x, y) =
        (Tensor::ones(&[6, 2], DType::F32).expect("small"), Tensor::zeros(&[6, 2], DType::F32).expect("small"));
    let holed = |at: usize, value: f32| {
        let values = (0..12).map(|i| if i == at { value } else { 1.0 }).collect();
        Tensor::from_vec(values, &[6, 2]).expect("12")
    };
    let run = || Trainer::new(Sgd::new(0.1), mse_loss).batch_size(6).epochs(2);
    let sample = "of sample 4 of the train set (counted from 0)";
    let first = "epoch 1, train batch 1: the loss is";
    let inf = f32::INFINITY;
    assert_eq!(refused(run(), &holed(9, f32::NAN), &y), format!("{first} NaN: the input {sample} has a NaN"));
    assert_eq!(refused(run(), &holed(8, inf), &y), format!("{first} inf: the input {sample} has an infinity"));
    assert_eq!(refused(run(), &x, &holed(9, f32::NAN)), format!("{first} NaN: the target {sample} has a NaN"));
    // A NaN is told before an infinity, which may be meant.
    assert_eq!(
        refused(run(), &holed(0, inf), &holed(9, f32::NAN)),
        format!("{first} NaN: the target {sample} has a NaN")
    );
    assert_eq!(refused(run(), &x, &holed(9, inf)), format!("{first} inf: the target {sample} has an infinity"));
    let expected = "epoch 1, train batch 2: the loss is inf: the parameter \"bias\" has an infinity";
    assert_eq!(refused(run().batch_size(3).callback(Spoils), &x, &y), expected);
    // After the last step of an epoch there is no loss that would show it.
    let expected = "epoch 1: after the last step the parameter \"bias\" has an infinity";
    assert_eq!(refused(run().callback(Spoils), &x, &y), expected);
    let finite = "batch, parameters, buffers and the output of the model are finite";
    let root = |y: &Tensor, _: &Tensor| y.mul_scalar(0.0).add_scalar(-1.0).sqrt().mean();
    let by_loss = Trainer::new(Sgd::new(0.1), root).batch_size(6).capture(true);
    assert_eq!(refused(by_loss, &x, &y), format!("{first} NaN: {finite}"));
    // In F32 the product is too large.
    let far = |x: &Tensor| x.square().mul_scalar(1e38).mul_scalar(1e38);
    let mut model = sequential![Linear::new(2, 2, &mut seeded(7)).expect("sizes"), far];
    let set = TensorDataset::new(x, y).expect("as many");
    let error = run().fit(&mut model, &set, None, &mut seeded(7)).expect_err("too large").to_string();
    let made = "batch, parameters and buffers are finite, the output of the model has an infinity";
    assert_eq!(error, format!("{first} inf: {made}"));
}

/// Adds a mask to what is masked, and makes NaN of the rest if it is asked to.
#[derive(Clone, wengert_nn::Module)]
struct Masked {
    linear: Linear,
    norm: BatchNorm1d,
    mask: Buffer,
    spoils: bool,
}

impl Masked {
    fn new(spoils: bool) -> Masked {
        let linear = Linear::new(2, 2, &mut seeded(7)).expect("good sizes");
        let mask = Buffer::new(Tensor::from([0.0, f32::NEG_INFINITY]));
        Masked { linear, norm: BatchNorm1d::new(2).expect("good size"), mask, spoils }
    }
}

impl Layer for Masked {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(&[x.clone(), x.zeros_like()])
    }
    fn forward_all(&self, x: &[Tensor]) -> Result<Tensor> {
        let y = self.linear.call("linear", &x[0])?.try_add(&x[1])?.try_add(&self.mask.get())?.softmax(1)?;
        let y = if self.spoils { y.mul_scalar(0.0).add_scalar(-1.0).log() } else { y };
        self.norm.call("norm", &y)
    }
}

#[test]
fn a_mask_that_is_meant_is_told_after_every_nan() {
    let rows = |fill: f32| Tensor::full(&[6, 2], fill as f64, DType::F32).expect("small");
    let cause = |model: &mut Masked, inputs: &[Tensor]| {
        let set = InputsDataset::new(inputs.to_vec(), rows(0.0)).expect("as many");
        let error = Trainer::new(Sgd::new(0.1), mse_loss).batch_size(6).fit(model, &set, None, &mut seeded(7));
        let error = error.expect_err("no number").to_string();
        error.strip_prefix("epoch 1, train batch 1: the loss is NaN: ").map(str::to_string).expect("its place")
    };
    // Every sample has it, and sample 1 is the first of the batch.
    let mask = Tensor::from([[0.0, f32::NEG_INFINITY]; 6]);
    let inputs = [rows(1.0), mask];
    // The statistics that the NaN has reached in the same pass are no cause.
    let made = "the output of the model has a NaN, and nothing that it was given; input 2 of sample 1 of the train set \
                (counted from 0) has an infinity";
    assert_eq!(cause(&mut Masked::new(true), &inputs), made);
    let unmasked = [rows(1.0), rows(0.0)];
    let made = "the output of the model has a NaN, and nothing that it was given; the buffer \"mask\" has an infinity";
    assert_eq!(cause(&mut Masked::new(true), &unmasked), made);
    let mut finite = Masked::new(true);
    finite.mask.set(Tensor::from([0.0, 0.0]));
    let made = "batch, parameters and buffers are finite, the output of the model has a NaN";
    assert_eq!(cause(&mut finite, &unmasked), made);
    // Statistics that were spoilt before the batch.
    let mut held = Masked::new(false);
    let mut state = held.state_dict();
    state.insert("norm.running_var", Tensor::from([1.0, f32::NAN]));
    held.load_state_dict(&state).expect("its own");
    held.hold_eval("norm").expect("a layer");
    assert_eq!(cause(&mut held, &inputs), "the buffer \"norm.running_var\" has a NaN");
    // A parameter is told before a buffer, and a NaN before the mask.
    held.linear.weight.set(Tensor::full(&[2, 2], f64::NAN, DType::F32).expect("small")).expect("its shape");
    assert_eq!(cause(&mut held, &inputs), "the parameter \"linear.weight\" has a NaN");
    // The output is finite, and the loss is not.
    let root = |y: &Tensor, _: &Tensor| y.mul_scalar(0.0).add_scalar(-1.0).sqrt().mean();
    let set = InputsDataset::new(inputs.to_vec(), rows(0.0)).expect("as many");
    let run = Trainer::new(Sgd::new(0.1), root).batch_size(6);
    let error = run.fit(&mut Masked::new(false), &set, None, &mut seeded(7)).expect_err("a NaN").to_string();
    let finite = "the output of the model is finite, as the target is; input 2 of sample 1 of the train set";
    assert!(error.contains(finite), "{error}");
}

struct Breaks;

impl Callback for Breaks {
    fn name(&self) -> &str {
        "Breaks"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        if run.step() == 5 { Err(Error::user("out of paper")) } else { Ok(()) }
    }
}

#[test]
fn a_callback_can_fail() {
    let [train, valid] = sets();
    let mut model = model(7);
    let trainer = trainer().epochs(2).callback(Breaks);
    let error = trainer.fit(&mut model, &train, &valid, &mut seeded(7)).expect_err("a broken callback");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::User, "Breaks: out of paper"));
    assert_ne!(bits(&model), bits(&self::model(7)), "what was learned stays");
}

#[test]
fn generators_compare() {
    // What `check_on` relies on.
    let mut rng: SeededRng = seeded(7);
    rand::Rng::next_u64(&mut rng);
    assert!(rng != seeded(7));
}
