//! Layers: built from arguments, loaded with a state, warmed up, called, differentiated.

mod images;
mod shapes;
mod table;

use super::inputs::{Inputs, backward, check_values, named, tolerance};
use crate::call::Call;
use crate::case::{Arguments, Array, Case, Precision, Tolerance};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::module::{Module, StateDict};
use autograd_core::{Tensor, no_grad, seeded};
use std::collections::BTreeMap;
use wengert_nn::DynLayer;

type Arrays = BTreeMap<String, Array>;

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
    let build = table::find(name)?;
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
    // Arguments of the call are options of the layer, where it has them.
    let mut args = case.args.clone();
    args.extend(case.field::<Arguments>("call_args")?.unwrap_or_default());
    let mut layer = build(&case.name, &args, precision)?;
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
    let outputs = [forward(&*layer, &inputs.tensors)?];
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

fn forward(layer: &dyn DynLayer, inputs: &BTreeMap<String, Tensor>) -> Outcome<Tensor> {
    if let (Some(a), Some(b), 2) = (inputs.get("input1"), inputs.get("input2"), inputs.len()) {
        return Ok(layer.forward_all(&[a.clone(), b.clone()])?);
    }
    let x = inputs.get("input").filter(|_| inputs.len() == 1);
    let x = x.ok_or_else(|| Stop::Unsupported(format!("inputs {:?}", inputs.keys().collect::<Vec<_>>())))?;
    Ok(layer.forward(x)?)
}
