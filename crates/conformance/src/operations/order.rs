//! Orders of elements.

use super::Table;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{Side, SortDim, ascending, descending, keep};

pub(super) const TABLE: Table = &[
    ("sort", |c| {
        let dim = dim(c, "descending")?;
        let (values, indices) = c.tensor("input")?.sort(dim)?;
        Ok(vec![values, indices])
    }),
    ("argsort", |c| {
        let dim = dim(c, "descending")?;
        c.one(c.tensor("input")?.argsort(dim))
    }),
    ("msort", |c| c.one(c.tensor("input")?.msort())),
    ("topk", |c| {
        c.flag("sorted")?;
        let (dim, k) = (dim(c, "largest")?, c.count("k")?);
        let (values, indices) = c.tensor("input")?.topk(k, dim)?;
        Ok(vec![values, indices])
    }),
    ("kthvalue", |c| {
        let (x, k, dim, kept) = (c.tensor("input")?, c.count("k")?, c.integer("dim")?, c.flag("keepdim")?);
        let (value, index) = if kept { x.kthvalue(k, keep(dim))? } else { x.kthvalue(k, dim)? };
        Ok(vec![value, index])
    }),
    ("searchsorted", |c| {
        c.only("out_int32", false)?;
        let side = side(c)?;
        let (values, sorter) = (c.operand("input")?, c.maybe_tensor("sorter")?);
        c.one(c.tensor("sorted_sequence")?.searchsorted(&values, side, sorter))
    }),
    ("bucketize", |c| {
        c.only("out_int32", false)?;
        let side = if c.flag("right")? { Side::Right } else { Side::Left };
        c.one(c.operand("input")?.bucketize(c.tensor("boundaries")?, side))
    }),
];

/// All orders are stable, whether asked to be or not.
fn dim(c: &Call<'_>, downwards: &str) -> Outcome<SortDim> {
    c.value("stable");
    let dim = c.integer("dim")?;
    Ok(if c.flag(downwards)? { descending(dim) } else { ascending(dim) })
}

fn side(c: &Call<'_>) -> Outcome<Side> {
    match (c.flag("right")?, c.maybe_word("side")?) {
        (true, None | Some("right")) | (false, Some("right")) => Ok(Side::Right),
        (false, None | Some("left")) => Ok(Side::Left),
        (_, Some(side)) => Err(Stop::argument("side", side)),
    }
}
