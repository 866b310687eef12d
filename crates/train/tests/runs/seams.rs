//! What a new user tries: penalties, several inputs, prediction without targets, and the mistakes that are refused.

use crate::moons::TwoTowers;
use autograd_core::module::{Buffer, Module, Param};
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, seeded};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert_data::{Dataset, InputsDataset, TensorDataset};
use wengert_nn::{BatchNorm1d, Layer, Linear, mse_loss};
use wengert_optim::schedule::{ConstantLR, StepLR};
use wengert_optim::{GradientNoise, Sam, Sgd, Transformed};
use wengert_train::{Callback, L1Penalty, L2Penalty, MeanLoss, Run, Trainer, evaluate, predict};

fn line() -> TensorDataset {
    let x = Tensor::from([[0.0], [1.0], [2.0]]);
    TensorDataset::new(x.clone(), x.mul_scalar(2.0)).expect("as many")
}

fn linear() -> Linear {
    Linear::new(1, 1, &mut seeded(7)).expect("good sizes")
}

fn trainer() -> Trainer<'static> {
    Trainer::new(Sgd::new(0.1), mse_loss)
}

/// Weight and bias after one step with a penalty, less those without.
fn pull(run: impl Fn(Trainer<'static>) -> Trainer<'static>) -> Result<[f64; 2]> {
    let after = |trainer: Trainer<'_>| -> Result<[f64; 2]> {
        let mut model = linear();
        trainer.fit(&mut model, &line(), None, &mut seeded(7))?;
        Ok([model.weight.to_f64s()[0], model.bias.as_ref().expect("it has one").to_f64s()[0]])
    };
    let (with, without) = (after(run(trainer()))?, after(trainer())?);
    Ok([with[0] - without[0], with[1] - without[1]])
}

#[test]
fn penalties_act_by_their_gradient() -> Result<()> {
    let (weight, bias) = (linear().weight.to_f64s()[0], linear().bias.expect("it has one").to_f64s()[0]);
    let near = |got: [f64; 2], want: [f64; 2]| {
        assert!((0..2).all(|i| (got[i] - want[i]).abs() < 1e-6), "{got:?}, not {want:?}");
    };
    near(pull(|run| run.penalty(L2Penalty::new(0.5)))?, [-0.1 * weight, -0.1 * bias]);
    near(pull(|run| run.penalty(L1Penalty::new(0.5)))?, [-0.05 * weight.signum(), -0.05 * bias.signum()]);
    near(pull(|run| run.penalty(L2Penalty::new(0.5).only(|name| name == "weight")))?, [-0.1 * weight, 0.0]);
    let own = |model: &dyn Module| Ok(model.parameters()[1].sum().mul_scalar(3.0));
    near(pull(|run| run.penalty(own).penalty(L2Penalty::new(0.5)))?, [-0.1 * weight, -0.1 * bias - 0.3]);
    // The history has the loss alone.
    let of = |trainer: Trainer<'_>| trainer.fit(&mut linear(), &line(), &line(), &mut seeded(7));
    assert_eq!(of(trainer().penalty(own))?.values("loss"), of(trainer())?.values("loss"));
    Ok(())
}

#[test]
fn penalties_that_cannot_be() {
    let text = |trainer: Trainer<'_>| {
        let mut model = linear();
        let error = trainer.fit(&mut model, &line(), None, &mut seeded(7)).expect_err("a bad penalty");
        assert_eq!(model.weight.to_f64s(), linear().weight.to_f64s());
        error.to_string()
    };
    let lambda = "L2Penalty: lambda is -1.0, it must be finite and at least 0";
    assert_eq!(text(trainer().penalty(L2Penalty::new(-1.0))), lambda);
    let lambda = "L1Penalty: lambda is NaN, it must be finite and at least 0";
    assert_eq!(text(trainer().penalty(L1Penalty::new(f64::NAN))), lambda);
    let none = "epoch 1, train batch 1: L1Penalty: no trainable parameter counts";
    assert_eq!(text(trainer().penalty(L1Penalty::new(1.0).only(|name| name == "wieght"))), none);
    let vector = |model: &dyn Module| Ok(model.parameters()[1].abs());
    let shape = "the penalty is F32 [1], it must be one float (shape []); reduce it with mean or sum";
    assert_eq!(text(trainer().penalty(vector)), format!("epoch 1, train batch 1: {shape}"));
    let infinite = |model: &dyn Module| Ok(model.parameters()[1].mul_scalar(f64::INFINITY).abs().sum());
    assert_eq!(text(trainer().penalty(infinite)), "epoch 1, train batch 1: the penalty is inf");
}

#[test]
fn models_of_several_inputs() -> Result<()> {
    let mut rng = seeded(7);
    let (a, b) = (Tensor::randn(&[40, 1], DType::F32, &mut rng)?, Tensor::randn(&[40, 2], DType::F32, &mut rng)?);
    let y = a.mul_scalar(2.0).try_sub(&b.narrow(1, 0, 1)?)?;
    let set = InputsDataset::new(vec![a.clone(), b.clone()], y.clone())?;
    let mut towers = TwoTowers { left: Linear::new(1, 1, &mut rng)?, right: Linear::new(2, 1, &mut rng)? };
    let history = trainer().epochs(40).batch_size(8).fit(&mut towers, &set, &set, &mut seeded(7))?;
    assert!(history.values("val_loss")[39] < 1e-6, "{history}");
    assert!(evaluate(&towers, &set, MeanLoss::new(mse_loss))? < 1e-6);
    let (from_set, from_list) = (predict(&towers, &set)?, predict(&towers, &vec![a.clone(), b])?);
    assert_eq!(from_set.to_f64s(), from_list.to_f64s());
    assert!(from_set.try_sub(&y)?.abs().max()?.item::<f32>()? < 1e-3);

    let error = predict(&towers, &a).expect_err("one input");
    assert_eq!(error.to_string(), "TwoTowers: takes 2 inputs, got 1");
    let error = trainer().fit(&mut linear(), &set, None, &mut seeded(7)).expect_err("two inputs");
    assert_eq!(error.to_string(), "epoch 1, train batch 1: Linear: takes 1 input, got 2");
    Ok(())
}

#[test]
fn prediction_needs_no_targets() -> Result<()> {
    let x = Tensor::from([[0.0], [1.0], [2.0]]);
    assert_eq!(predict(&linear(), &x)?.to_f64s(), predict(&linear(), &line())?.to_f64s());
    let error = trainer().fit(&mut linear(), &x, None, &mut seeded(7)).expect_err("nothing to learn");
    assert_eq!(error.to_string(), "fit: the train set, the tensor, has no targets to learn from");
    let error = trainer().fit(&mut linear(), &line(), &x, &mut seeded(7)).expect_err("nothing to compare with");
    assert_eq!(error.to_string(), "fit: the valid set, the tensor, has no targets to learn from");
    let error = evaluate(&linear(), &x, MeanLoss::new(mse_loss)).expect_err("nothing to compare with");
    assert_eq!(error.to_string(), "evaluate: the tensor has no targets to compare with");
    Ok(())
}

/// Three rows too many.
struct Liar;

impl Dataset for Liar {
    fn len(&self) -> usize {
        10
    }
    fn name(&self) -> &str {
        "Liar"
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        let rows = Tensor::zeros(&[indices.len() + 3, 1], DType::F32)?;
        Ok((rows.clone(), rows))
    }
}

#[derive(Clone, wengert_nn::Module)]
struct Whole;

impl Layer for Whole {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.sum())
    }
}

#[test]
fn rows_are_counted() {
    let lie = "DataLoader: Liar gave x of shape [13, 1] for 10 samples, expected [10, ..], a row for each";
    let error = trainer().fit(&mut linear(), &Liar, None, &mut seeded(7)).expect_err("a lie");
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Data, format!("epoch 1, train batch 1: {lie}")));
    assert_eq!(predict(&linear(), &Liar).expect_err("a lie").to_string(), lie);
    assert_eq!(evaluate(&linear(), &Liar, MeanLoss::new(mse_loss)).expect_err("a lie").to_string(), lie);
    let error = predict(&Whole, &line()).expect_err("one number for three samples").to_string();
    assert_eq!(error, "predict: the output has shape [], expected [3, ..], a row for each sample");
}

#[test]
fn a_target_of_another_rank_is_no_accident() -> Result<()> {
    // [N] against [N, K] where the batch happens to be K.
    let set = TensorDataset::new(Tensor::ones(&[3, 1], DType::F32)?, Tensor::from([1.0, 2.0, 3.0]))?;
    let mut wide = Linear::new(1, 3, &mut seeded(7))?;
    let error = trainer().fit(&mut wide, &set, None, &mut seeded(7)).expect_err("3 samples, 3 columns").to_string();
    let expected = "epoch 1, train batch 1: mse_loss: the target has shape [3], expected one that broadcasts to \
                    the input's, [3, 3], and has its rank; unsqueeze(1) makes it so";
    assert_eq!(error, expected);
    Ok(())
}

#[test]
fn two_schedules_are_refused() {
    let text = |trainer: Trainer<'_>| {
        trainer.fit(&mut linear(), &line(), None, &mut seeded(7)).expect_err("two schedules").to_string()
    };
    let both = trainer().schedule(StepLR::new(1)).schedule_by_step(ConstantLR::new());
    assert_eq!(text(both), "fit: a run has one schedule, set are schedule and schedule_by_step; then joins two");
    let twice = trainer().schedule(StepLR::new(1)).schedule(ConstantLR::new());
    assert_eq!(text(twice), "fit: a run has one schedule, set are schedule and schedule; then joins two");
}

/// Two parts flattened into one place.
#[derive(wengert_nn::Module)]
struct Twins {
    #[module(flatten)]
    first: One,
    #[module(flatten)]
    second: One,
    mean: Buffer,
}

#[derive(wengert_nn::Module)]
struct One {
    weight: Param,
}

impl Layer for Twins {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.try_mul(&self.first.weight)?.try_mul(&self.second.weight)
    }
}

#[test]
fn names_that_occur_twice_are_refused_before_training() {
    let one = |value: f64| One { weight: Param::new(Tensor::from([value])).expect("a fresh value") };
    let mut twins = Twins { first: one(1.0), second: one(2.0), mean: Buffer::new(Tensor::from([0.0])) };
    let error = trainer().fit(&mut twins, &line(), None, &mut seeded(7)).expect_err("two of a name").to_string();
    assert_eq!(error, "two parameters or buffers of the model are called \"weight\"; names must be unique");
    assert_eq!(twins.state_dict().len(), 3);
}

/// A log of a user's own.
struct Log<W>(W);

impl<W: Write> Callback for Log<W> {
    fn name(&self) -> &str {
        "Log"
    }
    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        writeln!(self.0, "{}", run.epoch())?;
        Ok(())
    }
}

#[test]
fn a_callback_writes_with_a_question_mark() -> Result<()> {
    let mut text = Vec::new();
    trainer().epochs(2).callback(Log(&mut text)).fit(&mut linear(), &line(), None, &mut seeded(7))?;
    assert_eq!(text, b"1\n2\n");
    let mut full: &mut [u8] = &mut [];
    let run = trainer().callback(Log(&mut full));
    let error = run.fit(&mut linear(), &line(), None, &mut seeded(7)).expect_err("nowhere to write");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Io, "Log: failed to write whole buffer"));
    assert!(error.detail::<std::io::Error>().is_some());
    Ok(())
}

/// Samples that are made with gradients, as adversarial ones are.
struct Adversarial(TensorDataset);

impl Dataset for Adversarial {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        let (x, y) = self.0.batch(indices)?;
        let x = x.requires_grad();
        let gradient = x.square().sum().backward()?.take(&x).expect("a leaf");
        Ok((x.detach().try_add(&gradient.mul_scalar(0.1))?, y))
    }
}

#[test]
fn a_set_may_compute_gradients() -> Result<()> {
    let set = Adversarial(line());
    let mut model = linear();
    // Around a run recording may be off: it is the run's own.
    autograd_core::no_grad(|| trainer().fit(&mut model, &set, &set, &mut seeded(7)))?;
    assert_ne!(model.weight.to_f64s(), linear().weight.to_f64s());
    assert!(evaluate(&model, &set, MeanLoss::new(mse_loss))?.is_finite());
    assert_eq!(predict(&model, &set)?.shape(), [3, 1]);
    Ok(())
}

#[test]
fn a_panic_in_a_second_evaluation_leaves_what_an_error_does() -> Result<()> {
    let after = |panics: bool| -> Result<Vec<f64>> {
        let mut rng = seeded(7);
        let mut model =
            wengert_nn::sequential![Linear::new(1, 2, &mut rng)?, BatchNorm1d::new(2)?, Linear::new(2, 1, &mut rng)?];
        let calls = AtomicUsize::new(0);
        // The second evaluation of the second step.
        let loss = |x: &Tensor, y: &Tensor| match calls.fetch_add(1, Ordering::Relaxed) {
            3 if panics => panic!("on purpose"),
            3 => Err(Error::user("on purpose")),
            _ => mse_loss(x, y),
        };
        let run =
            || Trainer::new(Sam::new(Sgd::new(0.1), 0.05), loss).epochs(3).fit(&mut model, &line(), None, &mut rng);
        assert_eq!(catch_unwind(AssertUnwindSafe(run)).is_err(), panics);
        Ok(model.state_dict().iter().flat_map(|(_, x)| x.to_f64s()).collect())
    };
    assert_eq!(after(true)?, after(false)?);
    Ok(())
}

#[test]
fn noise_by_the_step_is_the_same_before_the_optimizer_and_in_the_run() -> Result<()> {
    let noise = || GradientNoise::new().eta(0.1).seed(3);
    let after = |trainer: Trainer<'_>| -> Result<Vec<f64>> {
        let mut model = linear();
        trainer.epochs(3).batch_size(2).shuffle(false).fit(&mut model, &line(), None, &mut seeded(7))?;
        Ok(model.weight.to_f64s())
    };
    let plain = after(trainer())?;
    let of_run = after(trainer().gradients(noise()))?;
    let of_optimizer = after(Trainer::new(Transformed::new(Sgd::new(0.1), noise()), mse_loss))?;
    assert!(of_run == of_optimizer && of_run != plain, "{of_run:?}, {of_optimizer:?}, {plain:?}");
    Ok(())
}
