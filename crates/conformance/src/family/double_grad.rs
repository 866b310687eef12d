//! Gradients of gradients.
//!
//! ```text
//! g_x = ∂L/∂x, a function of the inputs and of the grad_outputs;    s = Σ_x Σ g_x · v[x]
//! second_grads[x] = ∂s/∂x;    second_grad_outputs[i] = ∂s/∂grad_outputs[i]
//! ```

use super::inputs::{check_values, named, tolerance};
use crate::call::Call;
use crate::case::{Array, Case, Precision};
use crate::compare;
use crate::operations;
use crate::stop::Outcome;
use autograd_core::{Tensor, grad_with};
use std::collections::BTreeMap;

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let operation = operations::find(&case.name)?;
    let inputs = named(&case.inputs, precision)?;
    let outputs = operations::call(operation, &Call::new(&case.args, &inputs, precision))?;
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    check_values(&outputs, &case.outputs, tolerance)?;

    let leaves: Vec<(&String, &Tensor)> = inputs.iter().filter(|(_, x)| x.is_tracked()).collect();
    let xs: Vec<&Tensor> = leaves.iter().map(|(_, x)| *x).collect();
    let seeds: Vec<Option<Tensor>> = case
        .grad_outputs
        .iter()
        .map(|seed| seed.as_ref().map(|seed| Ok(seed.tensor(precision)?.requires_grad())).transpose())
        .collect::<Outcome<_>>()?;
    let pairs = outputs.iter().zip(&seeds).filter(|(y, _)| y.is_tracked());
    let roots: Vec<(&Tensor, &Tensor)> = pairs.filter_map(|(y, seed)| Some((y, seed.as_ref()?))).collect();
    let first = grad_with(&roots, &xs)?;
    for ((name, _), g) in leaves.iter().zip(&first) {
        let want = case.grads.get(*name).and_then(Option::as_ref);
        compare::gradient(format!("grad {name}"), g.as_ref(), want, tolerance)?;
    }

    let directions: BTreeMap<String, Array> = case.required("v")?;
    let directions = named(&directions, precision)?;
    let pairs = leaves.iter().zip(&first).filter_map(|((name, _), g)| Some((g.as_ref()?, directions.get(*name)?)));
    let roots: Vec<(&Tensor, &Tensor)> = pairs.filter(|(g, _)| g.is_tracked()).collect();
    let targets: Vec<&Tensor> = xs.iter().copied().chain(seeds.iter().flatten()).collect();
    let second = grad_with(&roots, &targets)?;
    let (of_inputs, of_seeds) = second.split_at(xs.len());

    let want: BTreeMap<String, Option<Array>> = case.required("second_grads")?;
    for ((name, _), g) in leaves.iter().zip(of_inputs) {
        let want = want.get(*name).and_then(Option::as_ref);
        compare::gradient(format!("second grad {name}"), g.as_ref(), want, tolerance)?;
    }
    let want: Vec<Option<Array>> = case.required("second_grad_outputs")?;
    let mut of_seeds = of_seeds.iter();
    for (i, seed) in seeds.iter().enumerate() {
        let got = seed.as_ref().and_then(|_| of_seeds.next()).and_then(Option::as_ref);
        let want = want.get(i).and_then(Option::as_ref);
        compare::gradient(format!("second grad of grad_output {i}"), got, want, tolerance)?;
    }
    Ok(())
}
