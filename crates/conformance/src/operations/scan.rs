//! Running folds.

use super::Table;
use crate::call::Call;
use crate::stop::Outcome;
use autograd_core::{Spacing, Tensor};

pub(super) const TABLE: Table = &[
    ("cumsum", |c| c.one(c.tensor("input")?.cumsum(c.integer("dim")?))),
    ("cumprod", |c| c.one(c.tensor("input")?.cumprod(c.integer("dim")?))),
    ("logcumsumexp", |c| c.one(c.tensor("input")?.logcumsumexp(c.integer("dim")?))),
    ("cummax", |c| {
        let (values, indices) = c.tensor("input")?.cummax(c.integer("dim")?)?;
        Ok(vec![values, indices])
    }),
    ("cummin", |c| {
        let (values, indices) = c.tensor("input")?.cummin(c.integer("dim")?)?;
        Ok(vec![values, indices])
    }),
    ("diff", |c| {
        let (n, dim) = (c.count("n")?, c.integer("dim")?);
        c.one(c.tensor("input")?.diff(n, dim, c.maybe_tensor("prepend")?, c.maybe_tensor("append")?))
    }),
    ("trapezoid", |c| {
        let (y, spacing): (&Tensor, _) = (c.tensor("y")?, spacing(c)?);
        c.one(y.trapezoid(spacing, c.integer("dim")?))
    }),
    ("cumulative_trapezoid", |c| {
        let (y, spacing): (&Tensor, _) = (c.tensor("y")?, spacing(c)?);
        c.one(y.cumulative_trapezoid(spacing, c.integer("dim")?))
    }),
];

/// The places of the values, or their distance.
fn spacing<'a>(c: &Call<'a>) -> Outcome<Spacing<'a>> {
    match c.maybe_tensor("x")? {
        None => Ok(Spacing::Every(c.number_or("dx", 1.0)?)),
        Some(x) => {
            c.only("dx", 1)?;
            Ok(Spacing::At(x))
        }
    }
}
