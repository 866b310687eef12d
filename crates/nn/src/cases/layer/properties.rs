//! The properties of layers.

use super::super::{Outcome, Property, bits, ensure, equal, near, randn, refused};
use super::{Built, Case, of_dtype, robust};
use crate::{gradcheck, summary_of, summary_with};
use autograd_core::module::{Item, ItemMut, Module, Path, StateDict, restore_streams, stream_positions};
use autograd_core::{Capture, DType, Gradients, Result, Shape, Tensor, seeded};

pub(super) const PROPERTIES: &[Property<Case>] = &[
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
    ("places of its parts", robust::places),
    ("odd inputs", robust::odd_inputs),
    ("odd parameters", robust::odd_parameters),
];

/// All elements of several outputs.
fn elements(outputs: &[Tensor]) -> Vec<f64> {
    outputs.iter().flat_map(Tensor::to_f64s).collect()
}

/// All outputs through which gradients flow as one tensor.
pub(super) fn whole(outputs: &[Tensor]) -> Result<Tensor> {
    match outputs {
        [y] => Ok(y.clone()),
        _ => {
            let flat = outputs.iter().filter(|y| y.dtype().is_float()).map(|y| y.reshape(&[-1]));
            Tensor::cat(&flat.collect::<Result<Vec<_>>>()?.iter().collect::<Vec<_>>(), 0)
        }
    }
}

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
    let inputs = case.inputs(DType::F32).next();
    for training in [true, false] {
        if training {
            layer.train()
        } else {
            layer.eval()
        }
        if let Some(inputs) = &inputs {
            drop(case.run(&layer, inputs)?);
        }
        equal(layer.describe(), before.clone())?;
    }
    layer.freeze("")?;
    layer.to_dtype(DType::F64)?;
    equal(layer.clone().describe(), before)
}

fn values(case: &Case) -> Outcome {
    for (inputs, want) in &case.values {
        for dtype in [DType::F32, DType::F64] {
            let mut layer = case.layer()?;
            layer.to_dtype(dtype)?;
            let inputs: Vec<Tensor> = inputs.iter().map(|x| of_dtype(x, dtype)).collect();
            let outputs = case.run(&layer, &inputs)?;
            equal(outputs.len(), want.len())?;
            for (y, want) in outputs.iter().zip(want) {
                equal(y.shape(), want.shape())?;
                near(&y.to_f64s(), &want.to_f64s(), 1e-6)?;
            }
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
    for (inputs, mapping) in case.inputs(DType::F64).zip(&case.mappings) {
        let mut results = Vec::new();
        for dtype in [DType::F32, DType::F64] {
            // A clone draws what the other one draws.
            let mut layer = layer.clone();
            layer.to_dtype(dtype)?;
            let converted: Vec<Tensor> = inputs.iter().map(|x| of_dtype(x, dtype)).collect();
            let before = elements(&converted);
            let outputs = case.run(&layer, &converted)?;
            equal(outputs.len(), mapping.outputs.len())?;
            for (y, shape) in outputs.iter().zip(&mapping.outputs) {
                equal(y.shape(), &shape[..])?;
                ensure(y.dtype() == dtype || !y.dtype().is_float(), || format!("{:?} from {dtype:?}", y.dtype()))?;
                ensure(y.to_f64s().iter().all(|y| y.is_finite()), || format!("{y:?} is not finite"))?;
            }
            ensure(outputs[0].dtype() == dtype, || format!("the first output is of {:?}", outputs[0].dtype()))?;
            equal(elements(&converted), before)?;
            results.push(elements(&outputs));
        }
        near(&results[0], &results[1], 1e-5)?;
    }
    Ok(())
}

fn views(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for inputs in case.inputs(DType::F32) {
        for (i, x) in inputs.iter().enumerate().filter(|(_, x)| x.shape().len() > 1) {
            let view = x.transpose(-1, -2)?.contiguous().transpose(-1, -2)?;
            let mut seen = inputs.clone();
            seen[i] = view;
            let got = elements(&case.run(&layer.clone(), &seen)?);
            near(&got, &elements(&case.run(&layer.clone(), &inputs)?), 1e-6)?;
        }
    }
    Ok(())
}

fn derivatives(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for inputs in case.inputs(DType::F64) {
        let floats = || inputs.iter().filter(|x| x.dtype().is_float());
        if floats().all(|x| x.numel() == 0) && layer.num_parameters() == 0 {
            // There is nothing to compare: the walk must go through.
            let inputs: Vec<Tensor> = inputs
                .iter()
                .map(|x| if x.dtype().is_float() { x.clone().requires_grad() } else { x.clone() })
                .collect();
            let y = whole(&case.run(&layer, &inputs)?)?;
            let gradients = y.backward_with(&y.detach().ones_like())?;
            for x in inputs.iter().filter(|x| x.dtype().is_float()) {
                let shape = gradients.get(x).map(|g| g.shape().to_vec());
                ensure(shape.as_deref() == Some(x.shape()), || format!("the gradient of nothing has shape {shape:?}"))?;
            }
            continue;
        }
        let report = match &inputs[..] {
            [x] if case.plain && x.dtype().is_float() => gradcheck::layer(&layer, x)?,
            _ => gradcheck::layer_with(&layer, &inputs, |layer, inputs| whole(&case.run(layer, inputs)?))?,
        };
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
    for inputs in case.inputs(DType::F32) {
        equal(elements(&case.run(&twin, &inputs)?), elements(&case.run(&layer, &inputs)?))?;
    }
    Ok(())
}

fn clones(case: &Case) -> Outcome {
    let mut layer = case.layer()?;
    for inputs in case.inputs(DType::F32) {
        layer.eval();
        let (before, drawn) = (elements(&case.run(&layer, &inputs)?), stream_positions(&layer));
        let mut clone = layer.clone();
        let ids = |layer: &Built| layer.parameters().iter().filter_map(|param| param.node_id()).collect::<Vec<_>>();
        ensure(ids(&clone).iter().all(|id| !ids(&layer).contains(id)), || "it shares parameters".into())?;
        clone.train();
        let mut outcome = Ok(());
        clone.visit_mut(&Path::root(), &mut |_, item| {
            if let ItemMut::Param(param) = item {
                outcome = outcome.clone().and_then(|()| param.set(param.detach().add_scalar(1.0)));
            }
        });
        outcome?;
        drop(case.run(&clone, &inputs)?);
        equal(elements(&case.run(&layer, &inputs)?), before)?;
        equal(stream_positions(&layer), drawn)?;
    }
    Ok(())
}

/// As a part, and with a list of inputs, a layer computes what `forward` computes.
fn called(case: &Case) -> Outcome {
    if !case.plain {
        return Ok(());
    }
    let layer = case.layer()?;
    for inputs in case.inputs(DType::F32) {
        let want = elements(&case.run(&layer.clone(), &inputs)?);
        equal(layer.clone().forward_all(&inputs)?.to_f64s(), want.clone())?;
        equal(layer.clone().call_all("part", &inputs)?.to_f64s(), want.clone())?;
        if let [x] = &inputs[..] {
            equal(layer.clone().call("part", x)?.to_f64s(), want)?;
        }
    }
    for (inputs, text) in &case.refusals {
        let text = text
            .strip_prefix("in ")
            .map_or(format!("in part ({}): {text}", case.kind), |inner| format!("in part.{inner}"));
        equal(refused(layer.call_all("part", inputs))?, text.clone())?;
        if let [x] = &inputs[..] {
            equal(refused(layer.call("part", x))?, text)?;
        }
    }
    Ok(())
}

fn summarised(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for inputs in case.inputs(DType::F32) {
        let drawn = stream_positions(&layer);
        let first = |layer: &Built| Ok(case.run(layer, &inputs)?.swap_remove(0));
        let summary = match &inputs[..] {
            [x] if case.plain => summary_of(&layer, x)?,
            _ => summary_with(&layer, first)?,
        };
        equal(stream_positions(&layer), drawn)?;
        let parameters: usize = summary.rows.iter().map(|row| row.parameters).sum();
        let trainable = layer.parameters().into_iter().filter(|param| param.is_trainable());
        let trainable: usize = trainable.map(|param| param.numel()).sum();
        equal((parameters, summary.trainable), (layer.num_parameters(), trainable))?;
        let output = summary.rows.last().map(|row| row.output.clone());
        equal(output, Some(Shape::from(first(&layer.clone())?.shape()).to_string()))?;
    }
    Ok(())
}

/// The inputs through which gradients flow, as the one tensor that a capture takes; the only one is that itself.
fn packed(inputs: &[Tensor]) -> Result<Tensor> {
    match inputs {
        [x] if x.dtype().is_float() => Ok(x.clone()),
        _ => {
            let flat = inputs.iter().filter(|x| x.dtype().is_float()).map(|x| x.reshape(&[-1]));
            let flat = flat.collect::<Result<Vec<_>>>()?;
            if flat.is_empty() {
                return Tensor::zeros(&[0], DType::F32);
            }
            Tensor::cat(&flat.iter().collect::<Vec<_>>(), 0)
        }
    }
}

/// The inputs that have been [`packed`]; all others are these.
fn unpacked(packed: &Tensor, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let mut at = 0;
    let one = |x: &Tensor| match inputs {
        _ if !x.dtype().is_float() => Ok(x.clone()),
        [_] => Ok(packed.clone()),
        _ => {
            at += x.numel();
            packed.narrow(0, at - x.numel(), x.numel())?.reshape(x.shape())
        }
    };
    inputs.iter().map(one).collect()
}

/// The buffers, in order.
pub(super) fn buffers(layer: &Built) -> Vec<Tensor> {
    let mut all = Vec::new();
    layer.visit(&Path::root(), &mut |_, item| {
        if let Item::Buffer(buffer) = item {
            all.push(buffer.get());
        }
    });
    all
}

fn restore_buffers(layer: &mut Built, values: &[Tensor]) {
    let mut values = values.iter();
    layer.visit_mut(&Path::root(), &mut |_, item| {
        if let ItemMut::Buffer(buffer) = item {
            buffer.set(values.next().expect("as many as there were").clone());
        }
    });
}

/// Recorded once and replayed on other numbers: outputs, gradients and what is drawn are those of a run.
fn captured(case: &Case) -> Outcome {
    let kept = |layer: &Built| buffers(layer).iter().map(bits).collect::<Vec<_>>();
    for (training, dtype) in [(true, DType::F32), (false, DType::F32), (true, DType::F64)] {
        let mut eager = case.layer()?;
        eager.to_dtype(dtype)?;
        if training {
            eager.train()
        } else {
            eager.eval()
        }
        for inputs in case.inputs(dtype) {
            let walk = |layer: &Built, x: &Tensor| {
                let outputs = case.run(layer, &unpacked(x, &inputs)?)?;
                let y = whole(&outputs)?;
                // Of a layer without parameters that is given no leaf nothing is tracked.
                let grads =
                    if y.is_tracked() { y.backward_with(&y.detach().ones_like())? } else { Gradients::default() };
                Ok::<_, autograd_core::Error>((outputs.iter().map(Tensor::detach).collect::<Vec<_>>(), grads))
            };
            // Nodes are those of the layer: a clone has others.
            let (start, before) = (stream_positions(&eager), buffers(&eager));
            let first = packed(&inputs)?;
            let leaf = first.clone().requires_grad();
            let others = (13..16).map(|seed| randn(first.shape(), first.dtype(), seed));
            let given: Vec<Tensor> = std::iter::once(first.clone()).chain(others).collect();
            let want = given.iter().map(|x| walk(&eager, x)).collect::<Result<Vec<_>>>()?;
            let (end, after) = (stream_positions(&eager), kept(&eager));
            restore_streams(&mut eager, &start);
            restore_buffers(&mut eager, &before);
            let mut capture = Capture::new(|layer: &Built, [x]| walk(layer, x));
            for (x, (y, grads)) in given.iter().zip(&want) {
                let (got, got_grads) = capture.run(&eager, [x])?;
                let shown =
                    |y: &[Tensor]| y.iter().map(|y| (y.shape().to_vec(), y.dtype(), bits(y))).collect::<Vec<_>>();
                equal(shown(got), shown(y))?;
                let all = |grads: &Gradients| grads.iter().map(bits).collect::<Vec<_>>();
                equal(all(got_grads), all(grads))?;
            }
            let stats = capture.stats();
            equal((stats.records, stats.replays), (1, 3))?;
            equal((stream_positions(&eager), kept(&eager)), (end, after))?;
            // With respect to the inputs, too, which are then a leaf.
            restore_streams(&mut eager, &start);
            restore_buffers(&mut eager, &before);
            let (_, grads) = walk(&eager, &leaf)?;
            let mut capture = Capture::new(|layer: &Built, [x]| walk(layer, x));
            for _ in 0..2 {
                restore_streams(&mut eager, &start);
                restore_buffers(&mut eager, &before);
                let (_, got) = capture.run(&eager, [&leaf])?;
                equal(got.get(&leaf).map(bits), grads.get(&leaf).map(bits))?;
            }
        }
    }
    Ok(())
}

fn refusals(case: &Case) -> Outcome {
    let layer = case.layer()?;
    for (inputs, text) in &case.refusals {
        equal(refused(case.run(&layer, inputs))?.as_str(), text)?;
    }
    Ok(())
}
