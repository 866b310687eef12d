//! Inputs and parameters that were not meant for a layer: answers and errors, and never a panic.

use super::super::{Outcome, bits, ensure, equal, randn, vast};
use super::properties::{buffers, whole};
use super::{Built, Case};
use crate::hooks::{LayerCall, see_calls};
use autograd_core::module::{ItemMut, Module, Param, Path, stream_positions};
use autograd_core::{DType, Result, Shape, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// Where the rules of parametrised layers are, which are no layers.
const RULES: &str = "parametrizations";

/// Every layer inside that has parameters is seen at its place, and by hooks.
pub(super) fn places(case: &Case) -> Outcome {
    let layer = case.layer()?;
    let modules = layer.named_modules();
    equal(modules.first().map(|(place, part)| (place.as_str(), part.kind())), Some(("", case.kind)))?;
    let parameters = layer.named_parameters();
    let of_parameters = || {
        let places = parameters.iter().filter_map(|(name, _)| Some(name.rsplit_once('.')?.0));
        places.filter(|place| !place.split('.').any(|part| part == RULES))
    };
    let known = |place: &str| modules.iter().any(|(other, _)| other == place);
    let unknown = of_parameters().find(|place| !known(place));
    ensure(unknown.is_none(), || format!("it has parameters below {unknown:?}, and no layer of this name"))?;
    for inputs in case.inputs(DType::F32) {
        let called = Called::default();
        let log = Arc::clone(&called);
        let see = move |call: &LayerCall<'_>| log.lock().expect("no panic").push(call.place.to_string());
        drop(see_calls(see, || case.run(&layer, &inputs))?);
        let called = called.lock().expect("no panic").clone();
        let silent = of_parameters().find(|place| !called.iter().any(|other| other == place));
        ensure(silent.is_none(), || format!("{silent:?} is not called by Layer::call"))?;
    }
    Ok(())
}

type Called = Arc<Mutex<Vec<String>>>;

/// Runs and walks back; a panic is a failure. Whether an error has left buffers and streams as they were.
fn survives(case: &Case, layer: &Built, inputs: &[Tensor], what: &dyn Fn() -> String) -> Outcome<bool> {
    let state = || (buffers(layer).iter().map(bits).collect::<Vec<_>>(), stream_positions(layer));
    let before = state();
    let forward = || case.run(layer, inputs).and_then(|outputs| whole(&outputs));
    let y = catch_unwind(AssertUnwindSafe(forward)).map_err(|_| format!("{}: it panics", what()))?;
    let Ok(y) = y else { return Ok(state() == before) };
    let back = || y.is_tracked().then(|| y.backward_with(&y.detach().ones_like()));
    catch_unwind(AssertUnwindSafe(back)).map_err(|_| format!("{}: its backward panics", what()))?;
    Ok(true)
}

/// The same with one input of another shape, of another dtype, or of other numbers, and with too few and too many. What
/// a layer without parts refuses changes nothing in it.
pub(super) fn odd_inputs(case: &Case) -> Outcome {
    let refused = |inputs: &[Tensor], what: &dyn Fn() -> String| {
        let layer = case.layer()?;
        let unchanged = survives(case, &layer, inputs, what)? || layer.named_modules().len() > 1;
        ensure(unchanged, || format!("{}: an error, and the layer is changed", what()))
    };
    for inputs in case.inputs(DType::F32) {
        let kinds = |inputs: &[Tensor]| {
            let kind = |x: &Tensor| format!("{}{:?}", x.dtype(), x.shape());
            format!("inputs {}", inputs.iter().map(kind).collect::<Vec<_>>().join(", "))
        };
        for (i, x) in inputs.iter().enumerate() {
            let vast = if case.of_functions { Vec::new() } else { vast(x)? };
            for odd in odd(x)?.into_iter().chain(vast) {
                let mut all = inputs.clone();
                all[i] = odd;
                refused(&all, &|| kinds(&all))?;
            }
        }
        if case.plain {
            let more = [&inputs[..], &inputs[inputs.len() - 1..]].concat();
            refused(&more, &|| kinds(&more))?;
            refused(&inputs[1..], &|| kinds(&inputs[1..]))?;
        }
    }
    Ok(())
}

/// Tensors that are like this one in nearly every respect.
fn odd(x: &Tensor) -> Result<Vec<Tensor>> {
    let mut shapes: Vec<Vec<usize>> = vec![vec![], vec![0], vec![1], vec![2, 3], vec![1; 6]];
    for d in 0..x.rank() {
        for size in [0, 1, x.shape()[d] + 1] {
            let mut shape = x.shape().to_vec();
            shape[d] = size;
            shapes.push(shape);
        }
    }
    shapes.push([&[2], x.shape()].concat());
    shapes.extend(x.shape().get(1..).map(<[usize]>::to_vec));
    let of_shape = |shape: &Vec<usize>| match x.dtype() {
        dtype if dtype.is_float() => Ok(randn(shape, dtype, 5)),
        dtype => Tensor::zeros(shape, dtype),
    };
    let mut all = shapes.iter().map(of_shape).collect::<Result<Vec<_>>>()?;
    all.extend([DType::F32, DType::F64, DType::I64, DType::Bool].map(|dtype| x.to_dtype(dtype)));
    let numbers: &[f64] = match x.dtype() {
        DType::I64 => &[-1.0, 1e9],
        DType::Bool => &[0.0, 1.0],
        _ => &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e30],
    };
    for number in numbers {
        all.push(Tensor::full(x.shape(), *number, x.dtype())?);
    }
    if x.dtype() == DType::I64 {
        // No `f64` holds the largest of them.
        for number in [i64::MIN, i64::MAX] {
            all.push(Tensor::from_vec(vec![number; x.numel()], x.shape())?);
        }
    }
    Ok(all)
}

/// The same with one parameter of another shape or dtype: fields are public, and trees can be written to.
pub(super) fn odd_parameters(case: &Case) -> Outcome {
    let shapes: [&[usize]; 6] = [&[], &[0], &[1], &[2, 3], &[0, 2], &[1; 6]];
    for at in 0..case.layer()?.parameters().len() {
        let own = case.layer()?.parameters()[at].shape().to_vec();
        let odd = shapes.into_iter().map(|shape| (shape, DType::F32)).chain([(&own[..], DType::F64)]);
        for (shape, dtype) in odd {
            let mut layer = case.layer()?;
            let (mut number, mut outcome) = (0, Ok(()));
            layer.visit_mut(&Path::root(), &mut |_, item| {
                if let ItemMut::Param(param) = item {
                    if number == at {
                        outcome = Param::new(randn(shape, dtype, 5)).map(|new| *param = new);
                    }
                    number += 1;
                }
            });
            outcome?;
            for inputs in case.inputs(DType::F32) {
                let what = || format!("parameter {at} as {dtype}{}", Shape::from(shape));
                survives(case, &layer, &inputs, &what)?;
            }
        }
    }
    Ok(())
}
