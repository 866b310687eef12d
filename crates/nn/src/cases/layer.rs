//! Cases of layers.

use super::{Outcome, Property, alike, bits, ensure, equal, failures, near, randn, refused};
use crate::layer::{DynLayer, Layer};
use crate::{gradcheck, summary_of};
use autograd_core::module::{ItemMut, Module, Path, StateDict, restore_streams, stream_positions};
use autograd_core::{Capture, DType, Gradients, Result, Shape, Tensor, seeded};
use rand::Rng;

type Built = Box<dyn DynLayer>;
pub(super) type Build = Box<dyn Fn(&mut dyn Rng) -> Result<Built>>;

/// A layer, what it gives and what it refuses.
pub(crate) struct Case {
    kind: &'static str,
    build: Build,
    state: &'static [&'static str],
    /// Shapes of inputs and of their outputs.
    shapes: Vec<(Shape, Shape)>,
    values: Vec<(Tensor, Tensor)>,
    formula: Option<fn(f64) -> f64>,
    refusals: Vec<(Shape, &'static str)>,
    impossible: Option<&'static str>,
}

/// A layer of this kind, as `build` makes it.
pub(crate) fn layer<L: Layer + Clone + 'static>(
    kind: &'static str,
    build: impl Fn(&mut dyn Rng) -> Result<L> + 'static,
) -> Case {
    Case {
        kind,
        build: Box::new(move |rng| Ok(Box::new(build(rng)?))),
        state: &[],
        shapes: Vec::new(),
        values: Vec::new(),
        formula: None,
        refusals: Vec::new(),
        impossible: None,
    }
}

/// A layer that acts element by element, as the formula says.
pub(crate) fn activation<L: Layer + Clone + 'static>(
    kind: &'static str,
    build: impl Fn(&mut dyn Rng) -> Result<L> + 'static,
    formula: fn(f64) -> f64,
) -> Case {
    let shapes = [&[2, 3][..], &[4], &[], &[0, 2]];
    let case = shapes.into_iter().fold(layer(kind, build), |case, shape| case.maps(shape, shape));
    Case { formula: Some(formula), ..case }
}

impl Case {
    /// The names in its state dict.
    pub(crate) fn state(mut self, names: &'static [&'static str]) -> Case {
        self.state = names;
        self
    }

    /// Inputs of this shape give outputs of that one. Every check that needs an input uses these.
    pub(crate) fn maps(mut self, input: &[usize], output: &[usize]) -> Case {
        self.shapes.push((input.into(), output.into()));
        self
    }

    /// This input gives this output.
    pub(crate) fn gives(mut self, input: impl Into<Tensor>, output: impl Into<Tensor>) -> Case {
        self.values.push((input.into(), output.into()));
        self
    }

    /// An input of this shape is an error with this text.
    pub(crate) fn refuses(mut self, input: &[usize], text: &'static str) -> Case {
        self.refusals.push((input.into(), text));
        self
    }

    /// It cannot be built: an error with this text.
    pub(crate) fn cannot_be(mut self, text: &'static str) -> Case {
        self.impossible = Some(text);
        self
    }

    /// The properties that do not hold.
    pub(crate) fn failures(self) -> Vec<String> {
        if let Some(text) = self.impossible {
            let got = refused((self.build)(&mut seeded(1))).and_then(|got| equal(got.as_str(), text));
            return got.err().map(|reason| format!("{}: {reason}", self.kind)).into_iter().collect();
        }
        let says_something = !(self.shapes.is_empty() && self.values.is_empty() && self.refusals.is_empty());
        assert!(says_something, "{}: a case that checks nothing", self.kind);
        let kind = self.kind;
        let mut failed = failures(kind, &self, PROPERTIES);
        failed.extend(alike::compared(self).err().map(|reason| format!("{kind}: described alike: {reason}")));
        failed
    }

    pub(super) fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter().map(|(input, _)| input).chain(self.refusals.iter().map(|(input, _)| input))
    }

    pub(super) fn inputs_with_values(&self) -> impl Iterator<Item = Tensor> {
        self.values.iter().map(|(x, _)| x.to_dtype(DType::F32))
    }

    pub(super) fn into_build(self) -> (&'static str, Build) {
        (self.kind, self.build)
    }

    fn layer(&self) -> Result<Built> {
        (self.build)(&mut seeded(1))
    }

    fn inputs(&self, dtype: DType) -> impl Iterator<Item = Tensor> {
        self.shapes.iter().map(move |(shape, _)| randn(shape, dtype, 3))
    }
}

const PROPERTIES: &[Property<Case>] = &[
    ("kind", |case| equal(case.layer()?.kind(), case.kind)),
    ("names in the state dict", names),
    ("description", description),
    ("values", values),
    ("formula", formula),
    ("shapes and dtypes", shapes),
    ("inputs that are views", views),
    ("derivatives", derivatives),
    ("state that is saved and loaded", state),
    ("a clone", clones),
    ("called as a part", called),
    ("summary", summarised),
    ("captured", captured),
    ("refused inputs", refusals),
];

fn names(case: &Case) -> Outcome {
    let state = case.layer()?.state_dict();
    equal(state.iter().map(|(name, _)| name).collect::<Vec<_>>(), case.state.to_vec())
}

/// The kind and the options, which nothing changes that a run does.
fn description(case: &Case) -> Outcome {
    let mut layer = case.layer()?;
    let before = layer.describe();
    let kind = before.kind().split_once(" of ").map_or(before.kind(), |(kind, _)| kind);
    equal(kind, case.kind)?;
    equal((case.build)(&mut seeded(2))?.describe(), before.clone())?;
    let x = case.inputs(DType::F32).next();
    for training in [true, false] {
        if training {
            layer.train()
        } else {
            layer.eval()
        }
        if let Some(x) = &x {
            drop(layer.forward(x)?);
        }
        equal(layer.describe(), before.clone())?;
    }
    layer.freeze("")?;
    layer.to_dtype(DType::F64)?;
    equal(layer.clone().describe(), before)
}

fn values(case: &Case) -> Outcome {
    for (x, want) in &case.values {
        for dtype in [DType::F32, DType::F64] {
            let mut layer = case.layer()?;
            layer.to_dtype(dtype)?;
            let y = layer.forward(&x.to_dtype(dtype))?;
            equal(y.shape(), want.shape())?;
            near(&y.to_f64s(), &want.to_f64s(), 1e-6)?;
        }
    }
    Ok(())
}

fn formula(case: &Case) -> Outcome {
    let Some(formula) = case.formula else { return Ok(()) };
    let points: Vec<f64> = (-12..=12).map(|i| f64::from(i) / 4.0).collect();
    let want: Vec<f64> = points.iter().map(|x| formula(*x)).collect();
    let mut layer = case.layer()?;
    let single = layer.forward(&Tensor::from_slice(&points, &[points.len()])?.to_dtype(DType::F32))?;
    near(&single.to_f64s(), &want, 1e-6)?;
    layer.to_dtype(DType::F64)?;
    near(&layer.forward(&Tensor::from_slice(&points, &[points.len()])?)?.to_f64s(), &want, 1e-13)
}

fn shapes(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for (x, (_, output)) in case.inputs(DType::F64).zip(&case.shapes) {
        let mut results = Vec::new();
        for dtype in [DType::F32, DType::F64] {
            // A clone draws what the other one draws.
            let mut layer = layer.clone();
            layer.to_dtype(dtype)?;
            let converted = x.to_dtype(dtype);
            let y = layer.forward(&converted)?;
            equal((y.shape(), y.dtype()), (&output[..], dtype))?;
            equal(converted.to_f64s(), x.to_dtype(dtype).to_f64s())?;
            ensure(y.to_f64s().iter().all(|y| y.is_finite()), || format!("{y:?} is not finite"))?;
            results.push(y.to_f64s());
        }
        near(&results[0], &results[1], 1e-5)?;
    }
    Ok(())
}

fn views(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for (shape, _) in case.shapes.iter().filter(|(shape, _)| shape.len() > 1) {
        let mut swapped = shape.to_vec();
        swapped.swap(shape.len() - 2, shape.len() - 1);
        let view = randn(&swapped, DType::F32, 3).transpose(-1, -2)?;
        let got = layer.clone().forward(&view)?.to_f64s();
        near(&got, &layer.clone().forward(&view.contiguous())?.to_f64s(), 1e-6)?;
    }
    Ok(())
}

fn derivatives(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for x in case.inputs(DType::F64) {
        if x.numel() == 0 && layer.num_parameters() == 0 {
            // There is nothing to compare: the walk must go through.
            let x = x.requires_grad();
            let y = layer.forward(&x)?;
            let gradients = y.backward_with(&y.detach().ones_like())?;
            let shape = gradients.get(&x).map(|g| g.shape().to_vec());
            ensure(shape.as_deref() == Some(x.shape()), || format!("the gradient of nothing has shape {shape:?}"))?;
            continue;
        }
        let report = gradcheck::layer(&layer, &x)?;
        ensure(report.compared > 0, || "nothing was compared".into())?;
    }
    Ok(())
}

fn state(case: &Case) -> Outcome {
    let layer = case.layer()?;
    let mut twin = (case.build)(&mut seeded(2))?;
    let bytes = layer.state_dict().to_safetensors()?;
    twin.load_state_dict(&StateDict::from_safetensors(&bytes, std::path::Path::new("case"))?)?;
    equal(restore_streams(&mut twin, &stream_positions(&layer)), Vec::new())?;
    for x in case.inputs(DType::F32) {
        equal(twin.forward(&x)?.to_f64s(), layer.forward(&x)?.to_f64s())?;
    }
    Ok(())
}

fn clones(case: &Case) -> Outcome {
    let mut layer = case.layer()?;
    for x in case.inputs(DType::F32) {
        layer.eval();
        let (before, drawn) = (layer.forward(&x)?.to_f64s(), stream_positions(&layer));
        let mut clone = layer.clone();
        let ids = |layer: &Built| layer.parameters().iter().map(|param| param.node_id()).collect::<Vec<_>>();
        ensure(ids(&clone).iter().all(|id| !ids(&layer).contains(id)), || "it shares parameters".into())?;
        clone.train();
        let mut outcome = Ok(());
        clone.visit_mut(&Path::root(), &mut |_, item| {
            if let ItemMut::Param(param) = item {
                outcome = outcome.clone().and_then(|()| param.set(param.detach().add_scalar(1.0)));
            }
        });
        outcome?;
        drop(clone.forward(&x)?);
        equal(layer.forward(&x)?.to_f64s(), before)?;
        equal(stream_positions(&layer), drawn)?;
    }
    Ok(())
}

fn called(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for x in case.inputs(DType::F32) {
        equal(layer.clone().call("part", &x)?.to_f64s(), layer.clone().forward(&x)?.to_f64s())?;
    }
    for (shape, text) in &case.refusals {
        let got = refused(layer.call("part", &randn(shape, DType::F32, 3)))?;
        let text = text
            .strip_prefix("in ")
            .map_or(format!("in part ({}): {text}", case.kind), |inner| format!("in part.{inner}"));
        equal(got, text)?;
    }
    Ok(())
}

fn summarised(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for x in case.inputs(DType::F32) {
        let drawn = stream_positions(&layer);
        let summary = summary_of(&layer, &x)?;
        equal(stream_positions(&layer), drawn)?;
        let parameters: usize = summary.rows.iter().map(|row| row.parameters).sum();
        equal((parameters, summary.trainable), (layer.num_parameters(), layer.num_parameters()))?;
        let output = summary.rows.last().map(|row| row.output.clone());
        equal(output, Some(Shape::from(layer.clone().forward(&x)?.shape()).to_string()))?;
    }
    Ok(())
}

/// Recorded once and replayed on other numbers: output, gradients and what is drawn are those of a run.
fn captured(case: &Case) -> Outcome {
    let walk = |layer: &Built, x: &Tensor| {
        let y = layer.forward(x)?;
        // Of a layer without parameters that is given no leaf nothing is tracked.
        let grads = if y.is_tracked() { y.backward_with(&y.detach().ones_like())? } else { Gradients::default() };
        Ok::<_, autograd_core::Error>((y.detach(), grads))
    };
    for (training, dtype) in [(true, DType::F32), (false, DType::F32), (true, DType::F64)] {
        let mut eager = case.layer()?;
        eager.to_dtype(dtype)?;
        if training {
            eager.train()
        } else {
            eager.eval()
        }
        for (shape, _) in &case.shapes {
            // Nodes are those of the layer: a clone has others.
            let start = stream_positions(&eager);
            let inputs: Vec<Tensor> = (3..6).map(|seed| randn(shape, dtype, seed)).collect();
            let leaf = inputs[0].clone().requires_grad();
            let want = inputs.iter().map(|x| walk(&eager, x)).collect::<Result<Vec<_>>>()?;
            let end = stream_positions(&eager);
            restore_streams(&mut eager, &start);
            let mut capture = Capture::new(|layer: &Built, [x]| walk(layer, x));
            for (x, (y, grads)) in inputs.iter().zip(&want) {
                let (got, got_grads) = capture.run(&eager, [x])?;
                equal((got.shape(), got.dtype(), bits(got)), (y.shape(), y.dtype(), bits(y)))?;
                let all = |grads: &Gradients| grads.iter().map(bits).collect::<Vec<_>>();
                equal(all(got_grads), all(grads))?;
            }
            let stats = capture.stats();
            equal((stats.records, stats.replays), (1, 2))?;
            equal(stream_positions(&eager), end)?;
            // With respect to the input, too, which is then a leaf.
            restore_streams(&mut eager, &start);
            let (_, grads) = walk(&eager, &leaf)?;
            restore_streams(&mut eager, &start);
            let mut capture = Capture::new(|layer: &Built, [x]| walk(layer, x));
            for _ in 0..2 {
                restore_streams(&mut eager, &start);
                let (_, got) = capture.run(&eager, [&leaf])?;
                equal(got.get(&leaf).map(bits), grads.get(&leaf).map(bits))?;
            }
        }
    }
    Ok(())
}

fn refusals(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for (shape, text) in &case.refusals {
        equal(refused(layer.forward(&randn(shape, DType::F32, 3)))?.as_str(), text)?;
    }
    Ok(())
}
