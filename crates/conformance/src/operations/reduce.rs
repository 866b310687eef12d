//! Reductions of dimensions.

use super::Table;
use autograd_core::Tensor;

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
];
