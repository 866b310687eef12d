//! `check_trains` passes sound models, and names place and cause of planted faults.

use crate::alone;
use autograd_core::module::{Buffer, Mode, Module as _, Stream};
use autograd_core::{DType, Tensor, custom, keep, seeded};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use wengert_nn::{
    BatchNorm2d, Conv2d, CrossEntropyLoss, Dropout, Flatten, Layer, Linear, Module, ReLU, Sequential, Tanh,
    cross_entropy, inputs, mse_loss, sequential,
};
use wengert_train::{Aspect, Finding, Result, TrainCheck, TrainFindings, assert_trains, check_trains};

fn batch() -> Result<(Tensor, Tensor)> {
    let rng = &mut seeded(3);
    Ok((Tensor::randn(&[6, 2], DType::F32, rng)?, Tensor::randn(&[6, 1], DType::F32, rng)?))
}

/// A function between two layers.
fn between(f: impl Fn(&Tensor) -> Result<Tensor> + Clone + Send + Sync + 'static) -> Result<Sequential> {
    let rng = &mut seeded(1);
    Ok(sequential![Linear::new(2, 3, rng)?, Tanh, f, Linear::new(3, 1, rng)?])
}

fn findings(model: &(impl Layer + Clone + 'static)) -> Result<Vec<Finding>> {
    match check_trains(model, batch()?, mse_loss) {
        Ok(()) => Ok(Vec::new()),
        Err(error) => Ok(error.detail::<TrainFindings>().expect("findings").findings.clone()),
    }
}

/// Aspects and places, each once.
fn places(model: &(impl Layer + Clone + 'static)) -> Result<Vec<(Aspect, String)>> {
    let mut all: Vec<(Aspect, String)> = Vec::new();
    for finding in findings(model)? {
        let place = (finding.aspect, finding.place);
        if !all.contains(&place) {
            all.push(place);
        }
    }
    Ok(all)
}

#[derive(Clone, Module)]
struct Towers {
    left: Linear,
    right: Linear,
}

impl Layer for Towers {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(std::slice::from_ref(x))
    }
    fn forward_all(&self, all: &[Tensor]) -> Result<Tensor> {
        let [a, b] = inputs("Towers", all)?;
        self.left.call("left", a)?.try_add(&self.right.call("right", b)?)
    }
}

#[test]
fn sound_models_train() -> Result<()> {
    let rng = &mut seeded(1);
    let (x, y) = batch()?;
    let model = sequential![Linear::new(2, 6, rng)?, ReLU, Dropout::new(0.3, rng)?, Linear::new(6, 1, rng)?];
    assert_trains!(model, (&x, &y), mse_loss);
    let classes = sequential![Linear::new(2, 3, rng)?, Tanh, Linear::new(3, 2, rng)?];
    assert_trains!(classes, (x.clone(), Tensor::from([0, 1, 1, 0, 1, 0])), cross_entropy);
    let towers = Towers { left: Linear::new(2, 1, rng)?, right: Linear::new(2, 1, rng)? };
    assert_trains!(towers, (vec![x.clone(), x.exp()], y.clone()), mse_loss);
    let mut frozen = classes.clone();
    frozen.to_dtype(DType::F64)?;
    assert_trains!(frozen, (x.to_dtype(DType::F64), Tensor::from([0, 1, 1, 0, 1, 0])), cross_entropy);
    Ok(())
}

#[test]
fn a_bias_that_a_norm_takes_away_again_is_sound() -> Result<()> {
    // Its gradient, and the slope of that, are rounding.
    let rng = &mut seeded(1);
    let x = Tensor::randn(&[4, 1, 6, 6], DType::F32, rng)?;
    let model =
        sequential![Conv2d::new(1, 4, 3, rng)?, BatchNorm2d::new(4)?, ReLU, Flatten::new(), Linear::new(64, 3, rng)?];
    assert_trains!(model, (x, Tensor::from([0, 1, 2, 0])), cross_entropy);
    Ok(())
}

#[test]
fn a_cut_path_a_dead_rectifier_and_a_frozen_parameter_are_named() -> Result<()> {
    let cut = findings(&between(|x: &Tensor| Ok(x.detach()))?)?;
    let cause = "no gradient: detach in 2 (Lambda) cut a value of shape [6, 3] off";
    let all: Vec<_> = cut.iter().map(|f| (f.aspect, f.place.as_str(), f.cause.as_str())).collect();
    assert_eq!(all, [(Aspect::Gradients, "0.weight", cause), (Aspect::Gradients, "0.bias", cause)]);

    let dead = Linear::from_tensors(Tensor::from([[1.0, 0.0], [0.0, 1.0]]), Some(Tensor::from([-99.0; 2])))?;
    let dead = sequential![dead, ReLU, Linear::new(2, 1, &mut seeded(1))?];
    let all = findings(&dead)?;
    assert_eq!(
        (all[0].place.as_str(), all[0].cause.as_str()),
        ("1", "all 2 units of the ReLU are 0 for the whole batch")
    );
    let zeros: Vec<_> = all[1..].iter().map(|finding| (finding.place.as_str(), finding.cause.as_str())).collect();
    assert_eq!(zeros, [("0.weight", "zero"), ("0.bias", "zero"), ("2.weight", "zero")]);

    let mut frozen = between(|x: &Tensor| Ok(x.exp()))?;
    frozen.freeze("3.weight")?;
    let error = check_trains(&frozen, batch()?, mse_loss).expect_err("frozen").to_string();
    assert_eq!(error, "the model does not train, 1 finding:\n  gradients: 3.weight: frozen");
    Ok(())
}

#[test]
fn a_number_that_is_not_finite_names_the_operation() -> Result<()> {
    let bad = between(|x: &Tensor| Ok((x - 2.0).log()))?;
    let all = alone(|| findings(&bad))?;
    assert_eq!(all[0].aspect, Aspect::Finite);
    assert!(all[0].cause.contains("forward of log made NaN"), "{}", all[0].cause);
    assert_eq!(all.last().map(|finding| finding.cause.as_str()), Some("the loss is NaN"));
    Ok(())
}

#[test]
fn a_wrong_derivative_names_the_parameter() -> Result<()> {
    // The value of a square with the derivative of a product with itself held still.
    let wrong = between(|x: &Tensor| x.try_mul(&x.detach()))?;
    assert_eq!(places(&wrong)?, [(Aspect::Derivatives, "0.weight".into()), (Aspect::Derivatives, "0.bias".into())]);
    Ok(())
}

#[test]
fn a_wrong_second_derivative_names_the_parameter_unless_it_is_left_out() -> Result<()> {
    // A square whose slope is a constant to the second walk.
    let square = |x: &Tensor| {
        let slope = |gy: &Tensor, x: &[Tensor], _: &Tensor| Ok(vec![Some(gy.try_mul(&(x[0].detach() * 2.0))?)]);
        custom("square", &[x], |x| Ok(x[0].square()), slope)
    };
    let wrong = between(square)?;
    assert_eq!(places(&wrong)?, [(Aspect::Derivatives, "0.weight".into()), (Aspect::Derivatives, "0.bias".into())]);
    for finding in findings(&wrong)? {
        let text = "the second derivative with respect to input 0 at element ";
        assert!(finding.cause.starts_with(text), "{}", finding.cause);
    }
    TrainCheck::new().second_order(false).run(&wrong, batch()?, mse_loss)
}

#[test]
fn what_does_not_run_in_f64_is_one_finding_unless_derivatives_are_left_out() -> Result<()> {
    let check = |outcome: Result<()>| {
        let error = outcome.expect_err("not in F64");
        let all = &error.detail::<TrainFindings>().expect("findings").findings;
        assert_eq!((all.len(), all[0].aspect, all[0].place.as_str()), (1, Aspect::Derivatives, ""), "{error}");
        let begin = "they are compared in F64, in which model, batch and loss do not run together: ";
        let cause = &all[0].cause;
        assert!(cause.starts_with(begin) && cause.ends_with("; derivatives(false) leaves them out"), "{cause}");
    };
    let without = TrainCheck::new().derivatives(false);
    let rng = &mut seeded(1);
    let (x, y) = batch()?;
    // Weights of the loss, a number of a layer, and a loss that leaves F64.
    let model = sequential![Linear::new(2, 3, rng)?, Tanh, Linear::new(3, 2, rng)?];
    let classes = (x.clone(), Tensor::from([0, 1, 1, 0, 1, 0]));
    let loss = || CrossEntropyLoss::new().weight(Tensor::from([1.0, 2.0]));
    check(check_trains(&model, &classes, loss()));
    without.run(&model, &classes, loss())?;
    let two = Tensor::from(2.0);
    let twice = between(move |x: &Tensor| x.try_mul(&two))?;
    check(check_trains(&twice, (&x, &y), mse_loss));
    without.run(&twice, (&x, &y), mse_loss)?;
    let model = between(|x: &Tensor| Ok(x.exp()))?;
    let single = |y: &Tensor, t: &Tensor| mse_loss(&y.to_dtype(DType::F32), &t.to_dtype(DType::F32));
    check(check_trains(&model, (&x, &y), single));
    without.run(&model, (&x, &y), single)
}

#[derive(Clone, Module)]
struct Counter {
    linear: Linear,
    #[module(skip)]
    calls: Arc<AtomicUsize>,
}

impl Layer for Counter {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(self.linear.call("linear", x)?.add_scalar(calls as f64))
    }
}

#[test]
fn what_changes_from_call_to_call_is_found() -> Result<()> {
    let model = Counter { linear: Linear::new(2, 1, &mut seeded(1))?, calls: Arc::default() };
    let all = places(&model)?;
    for aspect in [Aspect::Repeats, Aspect::Capture, Aspect::Resume, Aspect::Eval] {
        assert!(all.iter().any(|(found, _)| *found == aspect), "{aspect}: {all:?}");
    }
    Ok(())
}

#[test]
fn what_depends_on_the_number_of_threads_is_found() -> Result<()> {
    let shared = between(|x: &Tensor| Ok(x.mul_scalar(1.0 / rayon::current_num_threads() as f64)))?;
    let all = findings(&shared)?;
    assert_eq!((all.len(), all[0].aspect, all[0].place.as_str()), (1, Aspect::Threads, "the loss"), "{all:?}");
    let text = "one thread and two give different bits: element 0 is ";
    assert!(all[0].cause.starts_with(text), "{}", all[0].cause);
    Ok(())
}

/// Noise that does not ask whether the model is evaluated, and a count that grows then.
#[derive(Clone, Module)]
struct Noise {
    linear: Linear,
    stream: Stream,
    count: Buffer,
    noisy: bool,
}

impl Layer for Noise {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.linear.call("linear", x)?;
        if self.noisy {
            // Of so many that two draws are hardly ever alike.
            let many = y.try_mul(&Tensor::ones(&[64], y.dtype())?)?;
            return many.dropout_seeded(0.5, self.stream.draw())?.mean_dim(keep(1));
        }
        self.count.set(self.count.get().add_scalar(1.0));
        Ok(y)
    }
}

#[test]
fn an_evaluation_that_is_random_or_changes_the_model_is_found() -> Result<()> {
    let linear = Linear::new(2, 1, &mut seeded(1))?;
    let noise = Noise { linear, stream: Stream::at(7, 0), count: Buffer::new(Tensor::from(0.0)), noisy: true };
    assert_eq!(places(&noise)?, [(Aspect::Eval, "the output".into())]);
    let counts = Noise { noisy: false, ..noise };
    let all = findings(&counts)?;
    assert_eq!((all.len(), all[0].aspect, all[0].place.as_str()), (1, Aspect::Eval, "count"));
    assert_eq!(all[0].cause, "it changes in evaluation: element 0 is 0.0 and then 2.0");
    Ok(())
}

/// What it has seen decides what it computes, and is not saved.
#[derive(Debug, Module)]
struct Memory {
    linear: Linear,
    #[module(skip)]
    seen: AtomicUsize,
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        let seen = AtomicUsize::new(self.seen.load(Ordering::Relaxed));
        Memory { linear: self.linear.clone(), seen }
    }
}

impl Layer for Memory {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        self.linear.call("linear", x)?.mul_scalar(1.0 + seen as f64).try_mul(&Tensor::from(1.0).to_dtype(x.dtype()))
    }
}

#[test]
fn what_is_not_saved_is_found() -> Result<()> {
    let model = Memory { linear: Linear::new(2, 1, &mut seeded(1))?, seen: AtomicUsize::new(0) };
    let all = places(&model)?;
    assert!(all.contains(&(Aspect::Resume, "linear.weight".into())), "{all:?}");
    assert!(all.iter().all(|(aspect, _)| ![Aspect::Repeats, Aspect::Threads].contains(aspect)), "{all:?}");
    Ok(())
}

/// A normalisation whose statistics are in no buffer.
#[derive(Debug, Module)]
struct Hidden {
    linear: Linear,
    mode: Mode,
    #[module(skip)]
    mean: Mutex<Tensor>,
}

impl Clone for Hidden {
    fn clone(&self) -> Self {
        let mean = Mutex::new(self.mean.lock().expect("no panic").clone());
        Hidden { linear: self.linear.clone(), mode: self.mode, mean }
    }
}

impl Layer for Hidden {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.linear.call("linear", x)?;
        let mut kept = self.mean.lock().expect("no panic");
        if self.mode.is_training() {
            *kept = y.mean_dim(0)?.detach();
            return y.try_mul(&y.try_sub(&y.mean_dim(0)?)?);
        }
        y.try_mul(&y.try_sub(&kept.to_dtype(y.dtype()))?)
    }
}

#[test]
fn a_state_that_only_evaluation_uses_is_found_when_it_is_not_saved() -> Result<()> {
    let model = Hidden {
        linear: Linear::new(2, 1, &mut seeded(1))?,
        mode: Mode::default(),
        mean: Mutex::new(Tensor::from([0.0])),
    };
    let all = findings(&model)?;
    let found: Vec<_> = all.iter().map(|finding| (finding.aspect, finding.place.as_str())).collect();
    assert_eq!(found, [(Aspect::Resume, "the output")]);
    assert!(all[0].cause.starts_with("saved and loaded, it answers differently in evaluation"), "{}", all[0].cause);
    Ok(())
}

/// A part that is in no list of parameters.
#[derive(Clone, Module)]
struct Left {
    linear: Linear,
    #[module(skip)]
    out: Linear,
    stream: Stream,
}

impl Layer for Left {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let _ = self.stream.draw();
        self.out.call("out", &self.linear.call("linear", x)?)
    }
}

#[test]
fn a_part_that_nothing_trains_and_a_draw_in_evaluation_are_found() -> Result<()> {
    let rng = &mut seeded(1);
    let all =
        findings(&Left { linear: Linear::new(2, 3, rng)?, out: Linear::new(3, 1, rng)?, stream: Stream::new(rng) })?;
    let last = &all[all.len() - 1];
    assert_eq!((all[0].aspect, all[0].place.as_str()), (Aspect::Gradients, ""));
    assert!(all[0].cause.ends_with("nothing trains or saves them: [1, 3], [1]"), "{}", all[0].cause);
    assert_eq!((last.aspect, last.place.as_str()), (Aspect::Eval, "stream"));
    assert_eq!(last.cause, "it draws random numbers in evaluation");
    Ok(())
}

#[test]
fn what_cannot_be_captured_is_found_unless_it_is_left_out() -> Result<()> {
    let looks = between(|x: &Tensor| Ok(if x.to_f64s()[0] > 1e9 { x.exp() } else { x.sin() }))?;
    let all = findings(&looks)?;
    assert_eq!((all.len(), all[0].aspect), (1, Aspect::Capture));
    assert!(all[0].cause.contains("looks at numbers"), "{}", all[0].cause);
    TrainCheck::new().capture(false).run(&looks, batch()?, mse_loss)
}

#[test]
#[should_panic(
    expected = "the model does not train, 2 findings:\n  gradients: 0.weight: no gradient: detach in 2 (Lambda)"
)]
fn the_macro_fails_with_the_findings() {
    let model = between(|x: &Tensor| Ok(x.detach())).expect("sizes above 0");
    assert_trains!(model, batch().expect("small"), mse_loss);
}
