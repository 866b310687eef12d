//! One call of one operation: its values, and the gradients of its inputs.
//!
//! ```text
//! L = Σᵢ Σ outputs[i] · grad_outputs[i];    grads[x] = ∂L/∂x
//! ```
//! Inputs that are views run twice: as plain tensors, and as views of a leaf whose own gradient is compared.

use super::composite;
use super::inputs::{Inputs, backward, check_values, tolerance};
use crate::call::Call;
use crate::case::{Alternative, Case, Precision};
use crate::operations::{self, Operation};
use crate::stop::Outcome;

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let operation = if case.name == "composite" { composite::call } else { operations::find(&case.name)? };
    call(case, operation, &Inputs::plain(case, precision)?, precision)?;
    if let Some(views) = Inputs::views(case, precision)? {
        let outcome = call(case, operation, &views, precision);
        return views.told(outcome);
    }
    Ok(())
}

fn call(case: &Case, operation: Operation, inputs: &Inputs, precision: Precision) -> Outcome<()> {
    let outputs = operations::call(operation, &Call::new(&case.args, &inputs.tensors, precision))?;
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    let gradients = backward(case, &outputs, precision)?;
    let check = |answer: &Alternative| {
        check_values(&outputs, answer.outputs.as_ref().unwrap_or(&case.outputs), tolerance)?;
        let grads = answer.grads.as_ref().unwrap_or(&case.grads);
        inputs.check_gradients(&gradients, grads, &case.base_grads, tolerance)
    };
    // Any alternative will do, as a whole; the reported difference is that from the case itself.
    let first = check(&Alternative { outputs: None, grads: None });
    if first.is_err() && case.alt.iter().any(|answer| check(answer).is_ok()) { Ok(()) } else { first }
}
