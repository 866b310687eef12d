//! The loss of a set is one number, however the set is cut into batches.

use autograd_core::{DType, ErrorKind, Result, Tensor, seeded};
use wengert_data::TensorDataset;
use wengert_nn::{
    BceWithLogitsLoss, CrossEntropyLoss, Layer, Linear, Loss, LossParts, MseLoss, Reduction, by_parts, cross_entropy,
    mse_loss,
};
use wengert_optim::Sgd;
use wengert_train::{Accuracy, Callback, MeanLoss, Run, Trainer, evaluate};

const SAMPLES: usize = 13;

/// Classes, with some ignored, and several in a row.
fn classes() -> Tensor {
    Tensor::from([0, -100, 1, 2, -100, -100, -100, 2, 2, 0, 1, -100, 0])
}

fn numbers() -> Tensor {
    Tensor::randn(&[SAMPLES, 3], DType::F32, &mut seeded(5)).expect("small")
}

/// The losses of a run with each size of batches, and those of `evaluate`, are `expected`.
fn check(name: &str, loss: impl Loss + Copy, target: &Tensor, expected: f64) -> Result<()> {
    let x = Tensor::randn(&[SAMPLES, 2], DType::F32, &mut seeded(1))?;
    let set = TensorDataset::new(x, target.clone())?;
    let near = |got: f64| (got - expected).abs() < 1e-5 * expected.abs().max(1.0);
    for batch_size in 1..=SAMPLES + 1 {
        // With a rate of 0 the weights stay, so that all epochs have one loss.
        let trainer = Trainer::new(Sgd::new(0.0), loss).epochs(2).batch_size(batch_size);
        let history = trainer.fit(&mut linear()?, &set, &set, &mut seeded(7))?;
        for name in ["loss", "val_loss"] {
            let values = history.values(name);
            assert!(values.len() == 2 && values.iter().all(|value| near(*value)), "{name}: {values:?}, not {expected}");
        }
    }
    let value = evaluate(&linear()?, &set, MeanLoss::new(loss))?;
    assert!(near(value), "{name}: {value}, not {expected}");
    Ok(())
}

fn linear() -> Result<Linear> {
    Linear::new(2, 3, &mut seeded(3))
}

/// A loss by reference is a loss, too.
#[derive(Clone, Copy)]
struct By<'l>(&'l dyn Loss);

impl Loss for By<'_> {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.0.forward(input, target)
    }
}

#[test]
fn histories_do_not_depend_on_the_batch_size() -> Result<()> {
    let x = Tensor::randn(&[SAMPLES, 2], DType::F32, &mut seeded(1))?;
    let output = linear()?.forward(&x)?;
    let weight = Tensor::from([1.0, 3.0, 0.5]);
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let entropy = CrossEntropyLoss::new().reduction(reduction);
        let mse = MseLoss::new().reduction(reduction);
        let bce = BceWithLogitsLoss::new().weight(weight.clone()).reduction(reduction);
        let mean = |loss: &dyn Loss, target: &Tensor| -> Result<f64> {
            Ok(f64::from(loss.forward(&output, target)?.item::<f32>()?))
        };
        let weighted = entropy.clone().weight(weight.clone()).label_smoothing(0.1);
        let yes_or_no = numbers().gt(&numbers().zeros_like())?.to_dtype(DType::F32);
        for (name, loss, target, of_mean) in [
            ("ignored", &entropy as &dyn Loss, classes(), &CrossEntropyLoss::new() as &dyn Loss),
            ("weighted", &weighted, classes(), &weighted.clone().reduction(Reduction::Mean)),
            ("probabilities", &entropy, numbers().softmax(1)?, &CrossEntropyLoss::new()),
            ("squares", &mse, numbers(), &MseLoss::new()),
            ("yes or no", &bce, yes_or_no, &bce.clone().reduction(Reduction::Mean)),
        ] {
            check(name, By(loss), &target, mean(of_mean, &target)?)?;
        }
    }
    check("function", cross_entropy, &classes(), f64::from(cross_entropy(&output, &classes())?.item::<f32>()?))?;
    let closure = |y: &Tensor, t: &Tensor| mse_loss(y, &t.mul_scalar(2.0));
    check("closure", closure, &numbers(), f64::from(closure(&output, &numbers())?.item::<f32>()?))
}

#[test]
fn nor_do_metrics_and_what_is_made_of_a_loss() -> Result<()> {
    let x = Tensor::randn(&[SAMPLES, 2], DType::F32, &mut seeded(1))?;
    let (set, output) = (TensorDataset::new(x.clone(), classes())?, linear()?.forward(&x)?);
    let (predicted, target) = (output.argmax(1)?.to_vec::<i64>()?, classes().to_vec::<i64>()?);
    let counted = target.iter().filter(|class| **class != -100).count();
    let right = predicted.iter().zip(&target).filter(|(p, t)| p == t).count();
    let weighted = CrossEntropyLoss::new().weight(Tensor::from([1.0, 3.0, 0.5]));
    let half = f64::from(weighted.forward(&output, &classes())?.item::<f32>()?) / 2.0;
    for batch_size in 1..=SAMPLES + 1 {
        let loss = by_parts(|y, t| Ok(weighted.parts(y, t)?.scale(0.5)));
        let trainer = Trainer::new(Sgd::new(0.0), loss).batch_size(batch_size).metric(Accuracy.ignore_index(-100));
        let history = trainer.fit(&mut linear()?, &set, &set, &mut seeded(7))?;
        for (name, expected) in [("loss", half), ("accuracy", right as f64 / counted as f64)] {
            for value in [history.values(name)[0], history.values(&format!("val_{name}"))[0]] {
                assert!((value - expected).abs() < 1e-6, "{name} of batches of {batch_size}: {value}, not {expected}");
            }
        }
    }
    let run = Trainer::new(Sgd::new(0.0), cross_entropy).metric(Accuracy);
    let error = run.fit(&mut linear()?, &set, None, &mut seeded(7)).expect_err("not ignored").to_string();
    let hint = "is not one of 3 classes; ignore_index(-100) leaves it out, as cross_entropy does";
    assert!(error.starts_with("epoch 1, train batch 1: Accuracy: target -100 ") && error.ends_with(hint), "{error}");
    Ok(())
}

/// Notes the step and the loss after each batch.
#[derive(Default)]
struct Steps(Vec<(u64, bool)>);

impl Callback for Steps {
    fn name(&self) -> &str {
        "Steps"
    }
    fn on_train_batch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.0.push((run.step(), run.loss().is_nan()));
        Ok(())
    }
}

#[test]
fn a_batch_of_which_nothing_counts_makes_no_step() -> Result<()> {
    let set = TensorDataset::new(Tensor::ones(&[4, 2], DType::F32)?, Tensor::from([0, -100, -100, 1]))?;
    let mut steps = Steps::default();
    let trainer = Trainer::new(Sgd::new(0.1), cross_entropy).callback(&mut steps);
    trainer.batch_size(1).fit(&mut linear()?, &set, None, &mut seeded(7))?;
    assert_eq!(steps.0.iter().filter(|(_, nan)| *nan).count(), 2);
    assert_eq!(steps.0.last().map(|last| last.0), Some(2));

    let ignored = TensorDataset::new(set.x.clone(), Tensor::from([-100; 4]))?;
    let mut model = linear()?;
    let trainer = Trainer::new(Sgd::new(0.1), cross_entropy);
    let error = trainer.fit(&mut model, &ignored, None, &mut seeded(7)).expect_err("nothing to learn");
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(error.to_string(), "epoch 1: nothing of the train set counts in the loss");
    // A validation set of which nothing counts has no loss, and ends nothing.
    let trainer = Trainer::new(Sgd::new(0.1), cross_entropy);
    let history = trainer.fit(&mut model, &set, &ignored, &mut seeded(7))?;
    assert!(history.values("val_loss")[0].is_nan());
    Ok(())
}

#[test]
fn a_denominator_is_a_number() -> Result<()> {
    struct Odd(f64);
    impl Loss for Odd {
        fn forward(&self, x: &Tensor, t: &Tensor) -> Result<Tensor> {
            cross_entropy(x, t)
        }
        fn parts(&self, x: &Tensor, t: &Tensor) -> Result<LossParts> {
            Ok(LossParts::of_mean(self.forward(x, t)?, self.0))
        }
    }
    let set = TensorDataset::new(Tensor::ones(&[4, 2], DType::F32)?, Tensor::from([0, 1, 1, 1]))?;
    for odd in [f64::NAN, f64::INFINITY] {
        let run = Trainer::new(Sgd::new(0.1), Odd(odd));
        let error = run.fit(&mut linear()?, &set, None, &mut seeded(7)).expect_err("no history comes of it");
        let text = format!("epoch 1, train batch 1: the denominator of the loss is {odd}, it must be finite");
        assert_eq!(error.to_string(), text);
    }
    Ok(())
}
