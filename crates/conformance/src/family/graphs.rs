//! Whole programs: statements over named values, then one or several backward walks whose gradients accumulate.

use super::inputs::{named, tolerance};
use crate::call::Call;
use crate::case::{Arguments, Array, Case, Precision};
use crate::compare;
use crate::operations::{self, Operation};
use crate::stop::{Outcome, Stop};
use autograd_core::{Backward, Gradients, Tensor, no_grad};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Statement {
    op: String,
    #[serde(default)]
    args: Arguments,
    #[serde(rename = "in")]
    inputs: BTreeMap<String, String>,
    #[serde(rename = "out")]
    outputs: Vec<String>,
    #[serde(default)]
    no_grad: bool,
}

#[derive(Deserialize)]
struct Walk {
    outputs: Vec<String>,
    /// None if the case gives none; an entry is none if the case gives none for this value.
    grad_outputs: Option<Vec<Option<Array>>>,
    #[serde(default)]
    retain_graph: bool,
}

type Values = BTreeMap<String, Tensor>;

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let program = match case.name.as_str() {
        "program" | "error" => case.required("program")?,
        "deep_chain" => chain(case)?,
        _ => return Err(Stop::Unsupported(String::new())),
    };
    let operations = find_all(&program)?;
    let mut values = named(&case.inputs, precision)?;
    values.extend(named(&case.field("constants")?.unwrap_or_default(), precision)?);
    for (statement, operation) in program.iter().zip(operations) {
        execute(statement, operation, &mut values, precision)?;
    }
    let retained: Vec<String> = case.field("retain_grad")?.unwrap_or_default();
    let mut gradients = Gradients::default();
    for walk in case.required::<Vec<Walk>>("backward")? {
        gradients.accumulate(backward(&walk, &values, &retained, precision)?)?;
    }
    if case.expect_error { Ok(()) } else { check(case, &values, &gradients, precision) }
}

/// The operation of every statement: names decide whether a program is unsupported, not how far it came.
fn find_all(program: &[Statement]) -> Outcome<Vec<Operation>> {
    let find = |statement: &Statement| {
        operations::find(&statement.op).map_err(|_| Stop::Unsupported(format!("operation {}", statement.op)))
    };
    program.iter().map(find).collect()
}

fn execute(statement: &Statement, operation: Operation, values: &mut Values, precision: Precision) -> Outcome<()> {
    let mut inputs = BTreeMap::new();
    for (parameter, name) in &statement.inputs {
        inputs.insert(parameter.clone(), value(values, name)?.clone());
    }
    let call = Call::new(&statement.args, &inputs, precision);
    let compute = || operations::call(operation, &call);
    let results = if statement.no_grad { no_grad(compute) } else { compute() };
    let results = results.map_err(|stop| within(&statement.op, stop))?;
    if results.len() < statement.outputs.len() {
        return Err(Stop::Differs(format!("{} gives {} results", statement.op, results.len())));
    }
    values.extend(statement.outputs.iter().cloned().zip(results));
    Ok(())
}

fn within(op: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Unsupported(what) => Stop::Unsupported(format!("{what} of {op}")),
        Stop::Malformed(what) => Stop::Malformed(format!("{op}: {what}")),
        other => other,
    }
}

fn value<'v>(values: &'v Values, name: &str) -> Outcome<&'v Tensor> {
    values.get(name).ok_or_else(|| Stop::Malformed(format!("no value {name}")))
}

fn backward(walk: &Walk, values: &Values, retained: &[String], precision: Precision) -> Outcome<Gradients> {
    let also = retained.iter().map(|name| value(values, name)).collect::<Outcome<Vec<_>>>()?;
    let seeds: Vec<Option<Tensor>> = match &walk.grad_outputs {
        None => vec![None; walk.outputs.len()],
        Some(given) if given.len() != walk.outputs.len() => {
            let text = format!("{} values have {} gradients to start from", walk.outputs.len(), given.len());
            return Err(Stop::Refused(text));
        }
        Some(given) => {
            let seed = |seed: &Option<Array>| seed.as_ref().map(|seed| seed.tensor(precision)).transpose();
            given.iter().map(seed).collect::<Outcome<_>>()?
        }
    };
    let options = |walk: Backward<'_>, keep: bool| {
        let walk = also.iter().fold(walk, |walk, x| walk.also(x));
        if keep { walk.keep() } else { walk }.run()
    };
    let mut seeded = Vec::new();
    let mut alone = Vec::new();
    for (name, seed) in walk.outputs.iter().zip(&seeds) {
        match seed {
            Some(seed) => seeded.push((value(values, name)?, seed)),
            None => alone.push(value(values, name)?),
        }
    }
    // A value without a gradient to start from walks by itself; only the last walk may free the graph.
    let mut gradients = Gradients::default();
    for (i, y) in alone.iter().enumerate() {
        let last = i + 1 == alone.len() && seeded.is_empty();
        gradients.accumulate(options(Backward::from(*y), walk.retain_graph || !last)?)?;
    }
    if !seeded.is_empty() {
        let from_all = seeded.iter().fold(Backward::new(), |walk, (y, seed)| walk.root(y, seed));
        gradients.accumulate(options(from_all, walk.retain_graph)?)?;
    }
    Ok(gradients)
}

fn check(case: &Case, values: &Values, gradients: &Gradients, precision: Precision) -> Outcome<()> {
    let tolerance = tolerance(case, precision)?;
    let want: BTreeMap<String, Array> = case.required("values")?;
    for (name, want) in &want {
        compare::tensor(format!("value {name}"), value(values, name)?, want, tolerance)?;
    }
    let between: BTreeMap<String, Option<Array>> = case.field("intermediate_grads")?.unwrap_or_default();
    for (name, want) in case.grads.iter().chain(&between) {
        let got = gradients.get(value(values, name)?);
        compare::gradient(format!("grad {name}"), got, want.as_ref(), tolerance)?;
    }
    Ok(())
}

/// The statements of a chain of given depth: `t0 = x0 + x0`, then in turn the operation and adding `x0`.
fn chain(case: &Case) -> Outcome<Vec<Statement>> {
    let op = case.args.get("op").and_then(|op| op.as_str()).unwrap_or_default();
    let pattern = case.args.get("pattern").and_then(|pattern| pattern.as_str()).unwrap_or_default();
    let known = format!("t0 = x0 + x0; for odd k: tk = {op}(t(k-1)); for even k > 0: tk = t(k-1) + x0");
    if pattern != known {
        return Err(Stop::argument("pattern", pattern));
    }
    let length = case.args.get("length").and_then(|length| length.as_u64());
    let length = length.ok_or_else(|| Stop::Malformed("no length".into()))?;
    let statement = |k: u64| {
        let before = if k == 0 { "x0".to_owned() } else { format!("t{}", k - 1) };
        let input = ("input".to_owned(), before);
        let sum = k.is_multiple_of(2);
        Statement {
            op: if sum { "add" } else { op }.to_owned(),
            args: if sum { Arguments::from([("alpha".to_owned(), 1.into())]) } else { Arguments::new() },
            inputs: if sum { [input, ("other".to_owned(), "x0".to_owned())].into() } else { [input].into() },
            outputs: vec![format!("t{k}")],
            no_grad: false,
        }
    };
    Ok((0..length).map(statement).collect())
}
