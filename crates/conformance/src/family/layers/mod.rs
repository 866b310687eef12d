//! Layers: built from arguments, loaded with a state, warmed up, called, differentiated.

mod attention;
mod graph;
mod images;
mod normalize;
mod parametrize;
mod recurrent;
mod shapes;
mod table;

use super::inputs::{Inputs, backward, check_values, named, tolerance};
use crate::call::Call;
use crate::case::{Arguments, Array, Case, Precision, Tolerance};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::module::{Module, StateDict};
use autograd_core::{SeededRng, Tensor, no_grad, seeded};
use std::collections::BTreeMap;
use wengert_nn::DynLayer;

type Arrays = BTreeMap<String, Array>;

/// A layer as a case calls it: with inputs by name and arguments of the call.
pub(super) trait Called: Module {
    /// The outputs, in PyTorch's order.
    fn outputs(&self, call: &Call<'_>) -> Outcome<Vec<Tensor>>;
}

impl Called for Box<dyn DynLayer> {
    fn outputs(&self, call: &Call<'_>) -> Outcome<Vec<Tensor>> {
        let one = |name: &str| call.maybe_tensor(name);
        for [a, b] in [["x1", "x2"], ["input1", "input2"]] {
            if let (Some(a), Some(b)) = (one(a)?, one(b)?) {
                return Ok(vec![self.forward_all(&[a.clone(), b.clone()])?]);
            }
        }
        if let (Some(x), Some(indices)) = (one("input")?, one("indices")?) {
            return Ok(vec![self.forward_all(&[x.clone(), indices.clone()])?]);
        }
        let x = one("input")?.ok_or_else(|| Stop::Unsupported("another input than the only one".into()))?;
        Ok(vec![self.forward(x)?])
    }
}

/// Builds the layer of a name, in the precision of the run.
pub(super) fn build(name: &str, args: &Arguments, precision: Precision) -> Outcome<Box<dyn DynLayer>> {
    build_seeded(name, args, precision, 7)
}

/// Like [`build`], but draws the layer's starting values with this seed.
pub(super) fn build_seeded(
    name: &str,
    args: &Arguments,
    precision: Precision,
    seed: u64,
) -> Outcome<Box<dyn DynLayer>> {
    built(table::find(name)?, args, precision, seed)
}

/// What `build` builds from the arguments, if it reads all of them.
fn built<M: Module>(
    build: impl Fn(&Call<'_>, &mut SeededRng) -> Outcome<M>,
    args: &Arguments,
    precision: Precision,
    seed: u64,
) -> Outcome<M> {
    let nothing = BTreeMap::new();
    let call = Call::new(args, &nothing, precision);
    let layer = build(&call, &mut seeded(seed));
    if !matches!(layer, Err(Stop::Unsupported(_))) {
        call.all_read()?;
    }
    let mut layer = layer?;
    layer.to_dtype(precision.dtype())?;
    Ok(layer)
}

type BuildCalled = fn(&Call<'_>, &mut SeededRng) -> Outcome<Box<dyn Called>>;

/// The function that builds a layer of several inputs or outputs.
fn find_called(name: &str) -> Option<BuildCalled> {
    let tables = [attention::CALLED, graph::CALLED, images::CALLED, recurrent::CALLED];
    let mut all = tables.into_iter().flatten();
    all.find(|(known, _)| *known == name).map(|(_, build)| *build)
}

/// Builds the layer of a name as a case calls it.
fn build_called(name: &str, args: &Arguments, precision: Precision) -> Outcome<Box<dyn Called>> {
    match find_called(name) {
        Some(build) => built(build, args, precision, 7),
        None => Ok(Box::new(build(name, args, precision)?)),
    }
}

/// A state dict from the arrays of a case.
pub(super) fn state_dict(arrays: &Arrays, precision: Precision) -> Outcome<StateDict> {
    arrays.iter().map(|(name, array)| Ok((name.clone(), array.tensor(precision)?))).collect()
}

/// Compares parameters and buffers of the names in `want`.
pub(super) fn check_state(module: &dyn Module, want: &Arrays, tolerance: Tolerance) -> Outcome<()> {
    let state = module.state_dict();
    want.iter().try_for_each(|(name, want)| match state.get(name) {
        Some(got) => compare::tensor(format!("state {name}"), got, want, tolerance),
        None => Err(Stop::Differs(format!("state {name}: there is none"))),
    })
}

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    if case.name == "AdaptiveLogSoftmaxWithLoss" {
        return twice(case, precision, |inputs| shapes::adaptive(case, inputs, precision));
    }
    table::find(&case.name)?;
    twice(case, precision, |inputs| call(case, inputs, precision))
}

/// Runs a case with plain tensors, and with views if it has some.
fn twice(case: &Case, precision: Precision, call: impl Fn(&Inputs) -> Outcome<()>) -> Outcome<()> {
    call(&Inputs::plain(case, precision)?)?;
    if let Some(views) = Inputs::views(case, precision)? {
        let outcome = call(&views);
        return views.told(outcome);
    }
    Ok(())
}

fn call(case: &Case, inputs: &Inputs, precision: Precision) -> Outcome<()> {
    let mut args = case.args.clone();
    let mut call_args: Arguments = case.field("call_args")?.unwrap_or_default();
    if find_called(&case.name).is_none() {
        // Arguments of the call are options of the layer, where it has them.
        args.append(&mut call_args);
    }
    let mut layer = build_called(&case.name, &args, precision)?;
    let forward = |layer: &dyn Called, tensors: &BTreeMap<String, Tensor>| {
        let call = Call::new(&call_args, tensors, precision);
        let outputs = layer.outputs(&call);
        if !matches!(outputs, Err(Stop::Unsupported(_))) {
            call.all_read()?;
        }
        outputs
    };
    if case.expect_error {
        // Cases that must be refused when the layer is built have no input.
        return if inputs.tensors.is_empty() { Ok(()) } else { forward(&*layer, &inputs.tensors).map(|_| ()) };
    }
    let tolerance = tolerance(case, precision)?;
    layer.load_state_dict(&state_dict(&case.required("state")?, precision)?)?;
    if let Some(entries) = case.field::<Vec<Arrays>>("warmup")? {
        layer.train();
        for entry in &entries {
            let tensors = named(entry, precision)?;
            drop(no_grad(|| forward(&*layer, &tensors))?);
        }
        check_state(&*layer, &case.required("state_after_warmup")?, tolerance)
            .map_err(|stop| after("the warm-up", stop))?;
    }
    match case.required::<String>("mode")?.as_str() {
        "train" => layer.train(),
        "eval" => layer.eval(),
        other => return Err(Stop::Malformed(format!("no mode {other:?}"))),
    }
    let outputs = forward(&*layer, &inputs.tensors)?;
    compared(case, inputs, &*layer, &outputs, precision)
}

/// Compares what a layer gave, its gradients and its state with the case.
fn compared(case: &Case, inputs: &Inputs, layer: &dyn Module, outputs: &[Tensor], precision: Precision) -> Outcome<()> {
    let tolerance = tolerance(case, precision)?;
    check_values(outputs, &case.outputs, tolerance)?;
    let gradients = backward(case, outputs, precision)?;
    inputs.check_gradients(&gradients, &case.grads, &case.base_grads, tolerance)?;
    let want: BTreeMap<String, Option<Array>> = case.field("param_grads")?.unwrap_or_default();
    let params = layer.named_parameters();
    for (name, want) in &want {
        let param = params.iter().find(|(known, _)| known == name);
        let (_, param) = param.ok_or_else(|| Stop::Differs(format!("parameter {name}: there is none")))?;
        compare::gradient(format!("grad of parameter {name}"), gradients.get(param), want.as_ref(), tolerance)?;
    }
    check_state(layer, &case.field("state_after")?.unwrap_or_default(), tolerance)
        .map_err(|stop| after("the call", stop))
}

fn after(what: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Differs(text) => Stop::Differs(format!("after {what}, {text}")),
        other => other,
    }
}
