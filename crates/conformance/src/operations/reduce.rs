//! Reductions of dimensions.

use super::Table;
use crate::call::{Call, Outputs};
use crate::stop::{Outcome, Stop};
use autograd_core::{CovOptions, Interpolation, Quantiles, ReduceDims, Tensor};

pub(super) const TABLE: Table = &[
    ("sum", |c| c.reduction(Tensor::sum_dim)),
    ("mean", |c| c.reduction(Tensor::mean_dim)),
    ("amax", |c| c.reduction(Tensor::amax)),
    ("amin", |c| c.reduction(Tensor::amin)),
    ("prod", |c| c.reduction(Tensor::prod_dim)),
    ("logsumexp", |c| c.reduction(Tensor::logsumexp)),
    ("max", |c| c.one(c.tensor("input")?.max())),
    ("min", |c| c.one(c.tensor("input")?.min())),
    ("var", |c| {
        let correction = c.number("correction")?;
        c.reduction(|x, dims| x.var_dim(dims, correction))
    }),
    ("std", |c| {
        let correction = c.number("correction")?;
        c.reduction(|x, dims| x.std_dim(dims, correction))
    }),
    ("argmax", |c| c.reduction(Tensor::argmax)),
    ("argmin", |c| c.reduction(Tensor::argmin)),
    ("max_dim", |c| {
        let (values, indices) = c.tensor("input")?.max_dim(c.reduce_dims()?)?;
        Ok(vec![values, indices])
    }),
    ("min_dim", |c| {
        let (values, indices) = c.tensor("input")?.min_dim(c.reduce_dims()?)?;
        Ok(vec![values, indices])
    }),
    ("var_mean", |c| {
        let correction = c.number("correction")?;
        let (var, mean) = c.tensor("input")?.var_mean(c.reduce_dims()?, correction)?;
        Ok(vec![var, mean])
    }),
    ("std_mean", |c| {
        let correction = c.number("correction")?;
        let (std, mean) = c.tensor("input")?.std_mean(c.reduce_dims()?, correction)?;
        Ok(vec![std, mean])
    }),
    ("aminmax", |c| {
        let (least, most) = c.tensor("input")?.aminmax(c.reduce_dims()?)?;
        Ok(vec![least, most])
    }),
    ("nansum", |c| c.reduction(Tensor::nansum)),
    ("nanmean", |c| c.reduction(Tensor::nanmean)),
    ("any", |c| c.reduction(Tensor::any)),
    ("all", |c| c.reduction(Tensor::all)),
    ("count_nonzero", |c| {
        let dims = c.dims("dim")?;
        let x = c.tensor("input")?;
        c.one(if dims.is_empty() { x.count_nonzero(..) } else { x.count_nonzero(&dims[..]) })
    }),
    ("median", |c| median(c, Tensor::median, |x, dims| x.median_dim(dims))),
    ("nanmedian", |c| median(c, Tensor::nanmedian, |x, dims| x.nanmedian_dim(dims))),
    ("quantile", |c| quantile(c, |x, q, dims| x.quantile(q, dims))),
    ("nanquantile", |c| quantile(c, |x, q, dims| x.nanquantile(q, dims))),
    ("vector_norm", |c| c.one(c.tensor("x")?.vector_norm(c.number("ord")?, c.reduce_dims()?))),
    ("norm", |c| {
        let p = c.number("p")?;
        c.reduction(|x, dims| x.norm(p, dims))
    }),
    ("dist", |c| c.one(c.tensor("input")?.dist(c.tensor("other")?, c.number("p")?))),
    ("renorm", |c| c.one(c.tensor("input")?.renorm(c.number("p")?, c.integer("dim")?, c.number("maxnorm")?))),
    ("histc", |c| c.one(c.tensor("input")?.histc(c.count("bins")?, c.number("min")?, c.number("max")?))),
    ("cov", |c| {
        let options = CovOptions::new().correction(c.number("correction")?);
        let options = c.maybe_tensor("fweights")?.into_iter().fold(options, CovOptions::fweights);
        c.one(c.tensor("input")?.cov(c.maybe_tensor("aweights")?.into_iter().fold(options, CovOptions::aweights)))
    }),
    ("corrcoef", |c| c.one(c.tensor("input")?.corrcoef())),
];

type Pair = autograd_core::Result<(Tensor, Tensor)>;

/// Of all elements there is no position.
fn median(
    c: &Call<'_>,
    of_all: fn(&Tensor) -> autograd_core::Result<Tensor>,
    along: fn(&Tensor, ReduceDims) -> Pair,
) -> Outcome<Outputs> {
    let x = c.tensor("input")?;
    if c.value("dim").is_none() {
        c.only("keepdim", false)?;
        return c.one(of_all(x));
    }
    let (values, indices) = along(x, c.reduce_dims()?)?;
    Ok(vec![values, indices])
}

fn quantile(
    c: &Call<'_>,
    call: fn(&Tensor, Quantiles, ReduceDims) -> autograd_core::Result<Tensor>,
) -> Outcome<Outputs> {
    let interpolation = match c.word("interpolation")? {
        "linear" => Interpolation::Linear,
        "lower" => Interpolation::Lower,
        "higher" => Interpolation::Higher,
        "nearest" => Interpolation::Nearest,
        "midpoint" => Interpolation::Midpoint,
        other => return Err(Stop::argument("interpolation", other)),
    };
    let q = match c.maybe_tensor("q") {
        Ok(Some(q)) => Quantiles::from(q),
        _ => Quantiles::from(c.number("q")?),
    };
    c.one(call(c.tensor("input")?, q.interpolation(interpolation), c.reduce_dims()?))
}
