//! Products of matrices and tensors, and distances.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::{DistanceOptions, Result, Tensor, TensordotDims};
use serde_json::Value;

pub(super) const TABLE: Table = &[
    ("matmul", |c| c.one(c.tensor("input")?.matmul(c.tensor("other")?))),
    ("mm", |c| c.one(c.tensor("input")?.mm(c.tensor("mat2")?))),
    ("bmm", |c| c.one(c.tensor("input")?.bmm(c.tensor("mat2")?))),
    ("linear", |c| c.one(c.tensor("input")?.linear(c.tensor("weight")?, c.maybe_tensor("bias")?))),
    ("dot", |c| c.one(c.tensor("input")?.dot(c.tensor("tensor")?))),
    ("vdot", |c| c.one(c.tensor("input")?.vdot(c.tensor("other")?))),
    ("outer", |c| c.one(c.tensor("input")?.outer(c.tensor("vec2")?))),
    ("inner", |c| c.one(c.tensor("input")?.inner(c.tensor("other")?))),
    ("mv", |c| c.one(c.tensor("input")?.mv(c.tensor("vec")?))),
    ("addmm", |c| added(c, ["mat1", "mat2"], Tensor::addmm)),
    ("addmv", |c| added(c, ["mat", "vec"], Tensor::addmv)),
    ("addr", |c| added(c, ["vec1", "vec2"], Tensor::addr)),
    ("addbmm", |c| added(c, ["batch1", "batch2"], Tensor::addbmm)),
    ("baddbmm", |c| added(c, ["batch1", "batch2"], Tensor::baddbmm)),
    ("tensordot", |c| {
        let dims = match c.value("dims") {
            Some(Value::Array(lists)) => {
                let list = |list: &Value| {
                    let dims = list.as_array().into_iter().flatten();
                    dims.map(|dim| dim.as_i64().map(|dim| dim as isize)).collect::<Option<Vec<isize>>>()
                };
                match lists[..].iter().map(list).collect::<Option<Vec<_>>>().as_deref() {
                    Some([a, b]) => TensordotDims::Pairs(a.clone(), b.clone()),
                    _ => return Err(Stop::argument("dims", format!("{lists:?}"))),
                }
            }
            _ => TensordotDims::Count(c.count("dims")?),
        };
        c.one(c.tensor("a")?.tensordot(c.tensor("b")?, dims))
    }),
    ("einsum", |c| {
        let equation = c.word("equation")?;
        c.one(Tensor::einsum(equation, &c.tensors("operands")))
    }),
    ("kron", |c| c.one(c.tensor("input")?.kron(c.tensor("other")?))),
    ("cross", |c| {
        let dim = c.maybe_integer("dim")?;
        c.one(c.tensor("input")?.cross(c.tensor("other")?, dim))
    }),
    ("trace", |c| c.one(c.tensor("input")?.trace())),
    ("multi_dot", |c| c.one(Tensor::multi_dot(&c.tensors("tensors")))),
    ("bilinear", |c| {
        let (a, b, weight) = (c.tensor("input1")?, c.tensor("input2")?, c.tensor("weight")?);
        c.one(a.bilinear(b, weight, c.maybe_tensor("bias")?))
    }),
    ("cdist", |c| {
        // The library always takes exact differences.
        match c.maybe_word("compute_mode")? {
            None
            | Some("use_mm_for_euclid_dist_if_necessary" | "use_mm_for_euclid_dist" | "donot_use_mm_for_euclid_dist") =>
                {}
            Some(other) => return Err(Stop::argument("compute_mode", other)),
        }
        let p = c.number("p")?;
        c.one(c.tensor("x1")?.cdist(c.tensor("x2")?, p))
    }),
    ("pdist", |c| {
        let p = c.number("p")?;
        c.one(c.tensor("input")?.pdist(p))
    }),
    ("pairwise_distance", |c| {
        let options = DistanceOptions::new().p(c.number("p")?).eps(c.number("eps")?).keepdim(c.flag("keepdim")?);
        c.one(c.tensor("x1")?.pairwise_distance(c.tensor("x2")?, options))
    }),
];

type Added = fn(&Tensor, &Tensor, &Tensor, f64, f64) -> Result<Tensor>;

/// `beta · input + alpha · a b`.
fn added(c: &Call<'_>, [a, b]: [&str; 2], f: Added) -> Outcome<Outputs> {
    let (x, a, b) = (c.tensor("input")?, c.tensor(a)?, c.tensor(b)?);
    c.one(f(x, a, b, c.number("beta")?, c.number("alpha")?))
}
