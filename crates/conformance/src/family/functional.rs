//! Derivatives as functions: `vjp`, `jvp`, `jacobian`, `hessian`, `hvp` of named formulas.

use super::inputs::{named, tolerance};
use crate::case::{Array, Case, Precision};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::{Result, Tensor, hessian, hvp, jacobian, jvp, keep, vjp};
use std::collections::BTreeMap;

type Formula = fn(&[Tensor]) -> Result<Tensor>;

/// The formulas by name; the inputs come in the order of the comment.
const FORMULAS: &[(&str, Formula)] = &[
    // x: Σ 100 (x₁ − x₀²)² + (1 − x₀)² over neighbours
    ("rosenbrock", |x| {
        let n = x[0].numel();
        let (left, right) = (x[0].narrow(0, 0, n - 1)?, x[0].narrow(0, 1, n - 1)?);
        let valley = right.try_sub(&left.square())?.square().mul_scalar(100.0);
        Ok(valley.try_add(&left.neg().add_scalar(1.0).square())?.sum())
    }),
    // x, A, b
    ("logsumexp_affine", |x| x[1].matmul(&x[0])?.try_add(&x[2])?.logsumexp(..)),
    // x, c
    ("layernorm_sq", |x| {
        let centred = x[0].try_sub(&x[0].mean_dim(keep(-1))?)?;
        let deviation = centred.square().mean_dim(keep(-1))?.add_scalar(1e-5).sqrt();
        Ok(centred.try_div(&deviation)?.powf(3.0).try_mul(&x[1])?.sum())
    }),
    // x, t
    ("softmax_ce", |x| {
        let rows = x[0].shape()[0] as f64;
        Ok(x[1].try_mul(&x[0].log_softmax(1)?)?.sum().neg().div_scalar(rows))
    }),
    // x, A, b
    ("quadratic_form", |x| {
        let quadratic = x[0].matmul(&x[1].matmul(&x[0])?)?.mul_scalar(0.5);
        quadratic.try_add(&x[2].matmul(&x[0])?)
    }),
    // x, W1, b1, W2
    ("mlp_tanh", |x| x[0].matmul(&x[1])?.try_add(&x[2])?.tanh().matmul(&x[3])),
    // x
    ("product", |x| x[0].prod()),
    // x
    ("norm_cubed", |x| Ok(x[0].square().sum().powf(1.5))),
    // x1, x2
    ("sin_of_product", |x| x[0].try_mul(&x[1])?.sin().sum_dim(1)),
    // x = [r, a]
    ("polar", |x| {
        let (r, a) = (x[0].narrow(0, 0, 1)?, x[0].narrow(0, 1, 1)?);
        Tensor::cat(&[&r.try_mul(&a.cos())?, &r.try_mul(&a.sin())?], 0)
    }),
];

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let word = |name: &str| case.args.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let found = FORMULAS.iter().find(|(known, _)| *known == word("function"));
    let (_, f) = found.ok_or_else(|| Stop::argument("function", word("function")))?;
    let order = case.args.get("order").and_then(|order| order.as_array());
    let order: Vec<&str> = order.into_iter().flatten().filter_map(|name| name.as_str()).collect();
    let inputs = in_order(&named(&case.inputs, precision)?, &order)?;
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let tangents = || -> Outcome<Vec<Tensor>> {
        let tangents: BTreeMap<String, Array> = case.required("tangents")?;
        in_order(&named(&tangents, precision)?, &order)
    };
    let value = || -> Outcome<Tensor> { Ok(f(&inputs.iter().map(|x| (*x).clone()).collect::<Vec<_>>())?) };

    let (y, result): (Tensor, Vec<(String, Tensor)>) = match case.name.as_str() {
        "vjp" => {
            let w = case.grad_outputs.first().and_then(Option::as_ref);
            let w = w.ok_or_else(|| Stop::Malformed("no grad_outputs".into()))?.tensor(precision)?;
            let (y, found) = vjp(f, &inputs, &w)?;
            (y, by_name(&order, found))
        }
        "jvp" => {
            let tangents = tangents()?;
            let (y, found) = jvp(f, &inputs, tangents)?;
            (y, vec![(String::new(), found)])
        }
        "jacobian" => (value()?, by_name(&order, jacobian(f, &inputs)?)),
        "hessian" => {
            let blocks = order
                .iter()
                .zip(hessian(f, &inputs)?)
                .flat_map(|(a, row)| order.iter().zip(row).map(move |(b, block)| (format!("{a},{b}"), block)));
            (value()?, blocks.collect())
        }
        "hvp" => {
            let tangents = tangents()?;
            (value()?, by_name(&order, hvp(f, &inputs, tangents)?))
        }
        _ => return Err(Stop::Unsupported(String::new())),
    };
    if case.expect_error {
        return Ok(());
    }
    let tolerance = tolerance(case, precision)?;
    let want = case.outputs.first().ok_or_else(|| Stop::Malformed("no value".into()))?;
    compare::tensor("output 0", &y, want, tolerance)?;
    let want: BTreeMap<String, Option<Array>> = case.required("result")?;
    for (name, want) in &want {
        let got = result.iter().find(|(known, _)| known == name).map(|(_, got)| got);
        compare::gradient(format!("result {name:?}"), got, want.as_ref(), tolerance)?;
    }
    Ok(())
}

fn in_order(tensors: &BTreeMap<String, Tensor>, order: &[&str]) -> Outcome<Vec<Tensor>> {
    let find = |name: &&str| tensors.get(*name).cloned().ok_or_else(|| Stop::Malformed(format!("no tensor {name}")));
    order.iter().map(find).collect()
}

fn by_name(order: &[&str], found: Vec<Tensor>) -> Vec<(String, Tensor)> {
    order.iter().map(|name| (*name).to_owned()).zip(found).collect()
}
