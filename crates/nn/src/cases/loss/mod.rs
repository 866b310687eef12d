//! Cases of losses.

mod corners;
mod spoilt;

use super::{Outcome, Property, bits, ensure, equal, failures, near, randn, refused, vast};
use crate::gradcheck;
use crate::loss::{Loss, LossParts, Reduction};
use autograd_core::module::Param;
use autograd_core::{Capture, DType, Gradients, Result, Tensor};

type Function = fn(&Tensor, &Tensor) -> Result<Tensor>;
type Formula = Box<dyn Fn(&Tensor, &Tensor) -> Expected>;

/// A loss, its plain formula, and what it refuses.
pub(crate) struct Case {
    name: &'static str,
    build: Box<dyn Fn(Reduction) -> Box<dyn Loss>>,
    function: Option<Function>,
    formula: Formula,
    pairs: Vec<(Tensor, Tensor)>,
    refusals: Vec<(Tensor, Tensor, String)>,
    /// What inputs may be.
    domain: [f64; 2],
    /// The label that counts nothing.
    ignored: Option<i64>,
    /// Whether the loss of a sample depends on the others of its batch.
    whole: bool,
}

/// The losses of all elements or samples by the plain formula.
pub(crate) struct Expected {
    pub(crate) shape: Vec<usize>,
    pub(crate) losses: Vec<f64>,
    /// The divisor of their sum for the mean.
    pub(crate) divisor: f64,
}

/// The loss with this name in errors, as `build` makes it, which computes `formula`.
pub(crate) fn loss<L: Loss + 'static>(
    name: &'static str,
    build: impl Fn(Reduction) -> L + 'static,
    formula: impl Fn(&Tensor, &Tensor) -> Expected + 'static,
) -> Case {
    Case {
        name,
        build: Box::new(move |reduction| Box::new(build(reduction))),
        function: None,
        formula: Box::new(formula),
        pairs: Vec::new(),
        refusals: Vec::new(),
        domain: [f64::NEG_INFINITY, f64::INFINITY],
        ignored: None,
        whole: false,
    }
}

/// The formula of a loss that pairs each element with one of the target, which is broadcast.
pub(crate) fn each(formula: impl Fn(f64, f64) -> f64 + 'static) -> impl Fn(&Tensor, &Tensor) -> Expected + 'static {
    move |x, t| {
        let shape: Vec<isize> = x.shape().iter().map(|size| *size as isize).collect();
        let t = t.expand(&shape).expect("broadcasts").to_f64s();
        let losses: Vec<f64> = x.to_f64s().into_iter().zip(t).map(|(x, t)| formula(x, t)).collect();
        Expected { shape: x.shape().into(), divisor: losses.len() as f64, losses }
    }
}

impl Case {
    /// The function that is this loss with its defaults.
    pub(crate) fn function(mut self, function: Function) -> Case {
        self.function = Some(function);
        self
    }

    /// Its inputs are from `low` to `high`; else they are all numbers and the infinities, with a limit where there is
    /// one.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Case {
        self.domain = [low, high];
        self
    }

    /// Its inputs are finite: of infinite ones there is no loss.
    pub(crate) fn finite(self) -> Case {
        self.within(-1000.0, 1000.0)
    }

    /// Its inputs are at most this.
    pub(crate) fn up_to(self, high: f64) -> Case {
        self.within(f64::NEG_INFINITY, high)
    }

    /// Targets with this label count nothing.
    pub(crate) fn ignores(mut self, label: i64) -> Case {
        self.ignored = Some(label);
        self
    }

    /// The loss of a sample depends on the others of its batch, which cannot be cut.
    pub(crate) fn whole(mut self) -> Case {
        self.whole = true;
        self
    }

    /// Computes it for random values of these shapes.
    pub(crate) fn shapes(self, input: &[usize], target: &[usize]) -> Case {
        self.on(randn(input, DType::F64, 1), randn(target, DType::F64, 2))
    }

    /// Computes it for this input and target, floats in `F64`.
    pub(crate) fn on(mut self, input: Tensor, target: Tensor) -> Case {
        self.pairs.push((as_dtype(&input, DType::F64), as_dtype(&target, DType::F64)));
        self
    }

    /// This input and target are an error with this text, after the name.
    pub(crate) fn refuses(mut self, input: Tensor, target: Tensor, text: &str) -> Case {
        self.refusals.push((input, target, format!("{}: {text}", self.name)));
        self
    }

    /// Computes and refuses the pairs that every loss of two like tensors does.
    pub(crate) fn pairs(self) -> Case {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32).expect("small");
        let expected = "expected one that broadcasts to the input's";
        let of_rank = |shape: &str, call: &str| {
            format!("the target has shape [2], {expected}, {shape}, and has its rank; {call} makes it so")
        };
        self.shapes(&[2, 3], &[2, 3])
            .shapes(&[2, 3], &[1, 3])
            .shapes(&[2, 3], &[2, 1])
            .shapes(&[4, 2], &[])
            .shapes(&[], &[])
            .shapes(&[0], &[0])
            .refuses(zeros(&[2]), zeros(&[3]), &format!("the target has shape [3], {expected}, [2]"))
            .refuses(
                zeros(&[2, 1]),
                zeros(&[2]),
                &format!("the target has shape [2], {expected}, [2, 1], and has its rank; unsqueeze(1) makes it so"),
            )
            .refuses(zeros(&[2, 2]), zeros(&[2]), &of_rank("[2, 2]", "unsqueeze(1)"))
            .refuses(zeros(&[3, 2]), zeros(&[2]), &of_rank("[3, 2]", "unsqueeze(0)"))
            .refuses(zeros(&[2, 3]), zeros(&[2, 2]), &format!("the target has shape [2, 2], {expected}, [2, 3]"))
            .refuses(
                zeros(&[2]),
                zeros(&[1, 2]),
                &format!("the target has shape [1, 2], {expected}, [2], and has its rank; squeeze(&[0]) makes it so"),
            )
            .refuses(
                zeros(&[2]),
                zeros(&[2]).to_dtype(DType::F64),
                "dtypes F32 and F64 do not mix; convert one with to_dtype",
            )
            .refuses(Tensor::from([1, 2]), zeros(&[2]), "dtype is I64, expected F32 or F64; to_dtype converts")
    }

    /// The properties that do not hold.
    pub(crate) fn failures(self) -> Vec<String> {
        assert!(!(self.pairs.is_empty() && self.refusals.is_empty()), "{}: a case that checks nothing", self.name);
        failures(self.name, &self, PROPERTIES)
    }
}

const REDUCTIONS: [Reduction; 4] = [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean];

const PROPERTIES: &[Property<Case>] = &[
    ("values", values),
    ("derivatives", derivatives),
    ("the function is the loss with its defaults", function),
    ("batches", batches),
    ("captured", captured),
    ("corners", corners::corners),
    ("views", corners::views),
    ("nothing", corners::nothing),
    ("ignored targets", corners::ignored),
    ("more samples than memory holds", corners::vast_inputs),
    ("a single sample", spoilt::single),
    ("NaN in the input", spoilt::nan),
    ("NaN in the target", spoilt::nan_targets),
    ("infinities in the input", spoilt::infinities),
    ("refused arguments", refusals),
];

/// Floats in this type; labels stay labels.
fn as_dtype(x: &Tensor, dtype: DType) -> Tensor {
    if x.dtype().is_float() { x.to_dtype(dtype) } else { x.clone() }
}

fn values(case: &Case) -> Outcome {
    for (x, t) in &case.pairs {
        let want = (case.formula)(x, t);
        let sum: f64 = want.losses.iter().sum();
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
            let (x, t) = (as_dtype(x, dtype), as_dtype(t, dtype));
            let before = (x.to_f64s(), t.to_f64s());
            let samples = want.shape.first().map_or(1.0, |n| *n as f64);
            let all = [want.losses.clone(), vec![sum / want.divisor], vec![sum], vec![sum / samples]];
            for (reduction, losses) in REDUCTIONS.into_iter().zip(all) {
                let got = (case.build)(reduction).forward(&x, &t)?;
                let shape = if reduction == Reduction::None { &want.shape[..] } else { &[] };
                equal((got.shape(), got.dtype()), (shape, dtype))?;
                near(&got.to_f64s(), &losses, tolerance)
                    .map_err(|reason| format!("{reduction:?}, {dtype}: {reason}"))?;
            }
            equal((x.to_f64s(), t.to_f64s()), before)?;
        }
    }
    Ok(())
}

fn derivatives(case: &Case) -> Outcome {
    for (x, t) in case.pairs.iter().filter(|(x, _)| x.numel() > 0) {
        for reduction in REDUCTIONS {
            let loss = (case.build)(reduction);
            let report = gradcheck::loss(|x: &Tensor, t: &Tensor| loss.forward(x, t), x, t)?;
            ensure(report.compared > 0, || "nothing was compared".into())?;
        }
    }
    Ok(())
}

fn function(case: &Case) -> Outcome {
    let Some(function) = case.function else { return Ok(()) };
    let loss = (case.build)(Reduction::default());
    for (x, t) in &case.pairs {
        near(&function(x, t)?.to_f64s(), &loss.forward(x, t)?.to_f64s(), 0.0)?;
    }
    for (x, t, text) in &case.refusals {
        equal(refused(function(x, t))?.as_str(), text)?;
    }
    Ok(())
}

/// However samples are cut into batches, numerators over denominators are the mean over all of them.
fn batches(case: &Case) -> Outcome {
    // Of a single sample the first dim are its classes.
    for (x, t) in case.pairs.iter().filter(|(x, _)| x.rank() > 1) {
        let want = (case.formula)(x, t);
        let mean = want.losses.iter().sum::<f64>() / want.divisor;
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
            let (x, t) = (as_dtype(x, dtype), as_dtype(t, dtype));
            let all = partitions(x.shape()[0]);
            for cuts in all.into_iter().filter(|cuts| !case.whole || cuts.iter().filter(|n| **n > 0).count() < 2) {
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    let loss = (case.build)(reduction);
                    let (mut start, mut numerator, mut denominator) = (0, 0.0, 0.0);
                    for size in &cuts {
                        let part = |x: &Tensor, repeats: bool| match repeats {
                            true => Ok(x.clone()),
                            false => x.narrow(0, start, *size),
                        };
                        let (x, t) = (part(&x, false)?, part(&t, t.rank() == 0 || t.shape()[0] == 1)?);
                        start += *size as isize;
                        let parts = loss.parts(&x, &t)?;
                        near(&parts.value.to_f64s(), &loss.forward(&x, &t)?.to_f64s(), 0.0)?;
                        numerator += parts.numerator.to_f64s()[0];
                        denominator += parts.denominator.item::<f64>()?;
                    }
                    near(&[numerator / denominator], &[mean], tolerance)
                        .map_err(|reason| format!("{reduction:?}, {dtype}, batches of {cuts:?}: {reason}"))?;
                }
            }
        }
    }
    Ok(())
}

/// All ways to cut `n` samples into batches in order, and one with an empty batch.
fn partitions(n: usize) -> Vec<Vec<usize>> {
    let cuts = |mask: usize| {
        let mut sizes = vec![1];
        for i in 1..n {
            match (mask >> (i - 1) & 1, sizes.last_mut()) {
                (0, Some(last)) => *last += 1,
                _ => sizes.push(1),
            }
        }
        sizes
    };
    let all = if n == 0 { vec![vec![0]] } else { (0..1 << (n - 1)).map(cuts).collect() };
    all.into_iter().chain([vec![n, 0]]).collect()
}

/// Recorded once and replayed on other numbers and targets: the parts and the gradients are those of a run.
fn captured(case: &Case) -> Outcome {
    for ((x, t), dtype) in case.pairs.iter().flat_map(|pair| [(pair, DType::F64), (pair, DType::F32)]) {
        for reduction in REDUCTIONS {
            let loss = (case.build)(reduction);
            let walk = |x: &Param, t: &Tensor| {
                let value = loss.forward(x, t)?;
                let first = value.backward_with(&value.detach().ones_like())?;
                let parts = if reduction == Reduction::None { None } else { Some(loss.parts(x, t)?) };
                let Some(LossParts { value: again, numerator, denominator }) = parts else {
                    return Ok((vec![value.detach()], vec![first]));
                };
                let grads = vec![first, again.backward_keep()?, numerator.backward()?];
                Ok((vec![value.detach(), again.detach(), numerator.detach(), denominator], grads))
            };
            let mut param = Param::new(as_dtype(x, dtype))?;
            let mut capture = Capture::new(|x: &Param, [t]| walk(x, t));
            for by in 0..3 {
                param.set(turned(&as_dtype(x, dtype), by + 1)?)?;
                let t = turned(&as_dtype(t, dtype), by)?;
                let (want, want_grads) = walk(&param, &t)?;
                let (got, got_grads) = capture.run(&param, [&t])?;
                let of = |all: &[Gradients]| all.iter().map(|grads| grads.get(&param).map(bits)).collect::<Vec<_>>();
                let all = |all: &[Tensor]| all.iter().map(bits).collect::<Vec<_>>();
                equal((all(got), of(got_grads)), (all(&want), of(&want_grads)))
                    .map_err(|reason| format!("{reduction:?}, {dtype}, turned by {by}: {reason}"))?;
            }
            equal((capture.stats().records, capture.stats().replays), (1, 2))?;
        }
    }
    Ok(())
}

/// The elements moved on by so many places: an ignored label stands somewhere else.
fn turned(x: &Tensor, by: usize) -> Result<Tensor> {
    if x.numel() < 2 {
        return Ok(x.clone());
    }
    let (all, by) = (x.reshape(&[-1])?, by % x.numel());
    let (front, back) = (all.narrow(0, 0, by)?, all.narrow(0, by as isize, x.numel() - by)?);
    Tensor::cat(&[&back, &front], 0)?.reshape(&x.shape().iter().map(|size| *size as isize).collect::<Vec<_>>())
}

fn refusals(case: &Case) -> Outcome {
    for (x, t, text) in &case.refusals {
        for reduction in REDUCTIONS {
            equal(refused((case.build)(reduction).forward(x, t))?.as_str(), text)?;
        }
    }
    Ok(())
}
