//! One call of one operation: its values, and the gradients of its inputs.
//!
//! ```text
//! L = Σᵢ Σ outputs[i] · grad_outputs[i];    grads[x] = ∂L/∂x
//! ```
//! Inputs that are views run twice: as plain tensors, and as views of a leaf whose own gradient is compared.

use super::composite;
use crate::call::{Call, Outputs};
use crate::case::{Array, Case, Precision, Tolerance};
use crate::compare;
use crate::operations::{self, Operation};
use crate::stop::{Outcome, Stop};
use autograd_core::{Backward, Gradients, Tensor};
use std::collections::BTreeMap;

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let operation = if case.name == "composite" { composite::call } else { operations::find(&case.name)? };
    let tolerance = precision.tolerance(case);
    let plain = Inputs::plain(case, precision)?;
    let outputs = plain.call(operation, case, precision)?;
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance.ok_or_else(|| Stop::Malformed("no tolerance".into()))?;
    let gradients = backward(case, &outputs, precision)?;
    check_any(case, &outputs, &gradients, &plain, tolerance)?;
    if case.inputs.values().any(|input| input.via.is_some()) {
        let views = Inputs::views(case, precision)?;
        let outputs = views.call(operation, case, precision)?;
        let gradients = backward(case, &outputs, precision)?;
        check_values(&outputs, &case.outputs, tolerance).map_err(|stop| in_views(stop, "output"))?;
        check_gradients(&gradients, &case.base_grads, &views, tolerance).map_err(|stop| in_views(stop, "grad"))?;
    }
    Ok(())
}

fn in_views(stop: Stop, _: &str) -> Stop {
    match stop {
        Stop::Differs(text) => Stop::Differs(format!("of views, {text}")),
        other => other,
    }
}

/// The tensors of a call, and the leaves they come from.
struct Inputs {
    tensors: BTreeMap<String, Tensor>,
    leaves: BTreeMap<String, Tensor>,
}

impl Inputs {
    fn plain(case: &Case, precision: Precision) -> Outcome<Inputs> {
        let tensors = named(&case.inputs, precision)?;
        Ok(Inputs { leaves: tensors.clone(), tensors })
    }

    fn views(case: &Case, precision: Precision) -> Outcome<Inputs> {
        let mut inputs = Inputs { tensors: BTreeMap::new(), leaves: BTreeMap::new() };
        for (name, array) in &case.inputs {
            let (leaf, tensor) = match &array.via {
                None => (array.leaf(precision)?, None),
                Some(via) => {
                    let base = via.base.tensor(precision)?;
                    let base = if array.requires_grad { base.requires_grad() } else { base };
                    let view = via.ops.iter().try_fold(base.clone(), |x, view| view.of(&x))?;
                    (base, Some(view))
                }
            };
            inputs.tensors.insert(name.clone(), tensor.unwrap_or_else(|| leaf.clone()));
            inputs.leaves.insert(name.clone(), leaf);
        }
        Ok(inputs)
    }

    fn call(&self, operation: Operation, case: &Case, precision: Precision) -> Outcome<Outputs> {
        operations::call(operation, &Call::new(&case.args, &self.tensors, precision))
    }
}

/// Tensors by name, leaves where a gradient is wanted.
pub(super) fn named(arrays: &BTreeMap<String, Array>, precision: Precision) -> Outcome<BTreeMap<String, Tensor>> {
    arrays.iter().map(|(name, array)| Ok((name.clone(), array.leaf(precision)?))).collect()
}

/// The outputs from which a gradient flows, with the gradients to start from. An output that is not tracked has none to
/// give: its gradient is zero.
pub(super) fn roots<'t>(
    case: &Case,
    outputs: &'t [Tensor],
    precision: Precision,
) -> Outcome<Vec<(&'t Tensor, Tensor)>> {
    let pairs = outputs.iter().zip(&case.grad_outputs).filter(|(y, _)| y.is_tracked());
    pairs.filter_map(|(y, seed)| Some((y, seed.as_ref()?))).map(|(y, seed)| Ok((y, seed.tensor(precision)?))).collect()
}

fn backward(case: &Case, outputs: &[Tensor], precision: Precision) -> Outcome<Gradients> {
    let roots = roots(case, outputs, precision)?;
    Ok(roots.iter().fold(Backward::new(), |walk, (y, seed)| walk.root(y, seed)).run()?)
}

/// Fits the case, or one of its alternatives as a whole.
fn check_any(
    case: &Case,
    outputs: &[Tensor],
    gradients: &Gradients,
    inputs: &Inputs,
    tolerance: Tolerance,
) -> Outcome<()> {
    let check = |values: Option<&Vec<Array>>, grads: Option<&BTreeMap<String, Option<Array>>>| {
        check_values(outputs, values.unwrap_or(&case.outputs), tolerance)?;
        check_gradients(gradients, grads.unwrap_or(&case.grads), inputs, tolerance)
    };
    let first = check(None, None);
    let fits = |alternative: &crate::case::Alternative| {
        check(alternative.outputs.as_ref(), alternative.grads.as_ref()).is_ok()
    };
    if case.alt.iter().any(fits) { Ok(()) } else { first }
}

/// Compares results one by one.
pub(super) fn check_values(got: &[Tensor], want: &[Array], tolerance: Tolerance) -> Outcome<()> {
    if got.len() != want.len() {
        return Err(Stop::Differs(format!("got {} outputs want {}", got.len(), want.len())));
    }
    let pairs = got.iter().zip(want).enumerate();
    pairs.into_iter().try_for_each(|(i, (got, want))| compare::tensor(format!("output {i}"), got, want, tolerance))
}

fn check_gradients(
    gradients: &Gradients,
    want: &BTreeMap<String, Option<Array>>,
    inputs: &Inputs,
    tolerance: Tolerance,
) -> Outcome<()> {
    want.iter().try_for_each(|(name, want)| {
        let leaf = inputs.leaves.get(name);
        let leaf = leaf.ok_or_else(|| Stop::Malformed(format!("a gradient for {name}, which is no input")))?;
        compare::gradient(format!("grad {name}"), gradients.get(leaf), want.as_ref(), tolerance)
    })
}
