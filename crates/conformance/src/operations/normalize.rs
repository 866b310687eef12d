//! Normalisations, which relate every element of a row to the whole row.

use super::Table;
use crate::call::Call;
use crate::stop::{Outcome, Stop};
use autograd_core::{ReduceDims, Tensor};

pub(super) const TABLE: Table = &[
    ("softmax", |c| c.one(c.tensor("input")?.softmax(c.integer("dim")?))),
    ("softmin", |c| c.one(c.tensor("input")?.softmin(c.integer("dim")?))),
    ("log_softmax", |c| c.one(c.tensor("input")?.log_softmax(c.integer("dim")?))),
    ("layer_norm", |c| {
        let (x, shape, [weight, bias]) = (c.tensor("input")?, c.counts("normalized_shape")?, affine(c)?);
        c.one(x.layer_norm(&shape, weight, bias, c.number("eps")?))
    }),
    ("rms_norm", |c| {
        let (x, shape) = (c.tensor("input")?, c.counts("normalized_shape")?);
        c.one(x.rms_norm(&shape, c.maybe_tensor("weight")?, c.maybe_number("eps")?))
    }),
    ("group_norm", |c| {
        let (x, groups, [weight, bias]) = (c.tensor("input")?, c.count("num_groups")?, affine(c)?);
        c.one(x.group_norm(groups, weight, bias, c.number("eps")?))
    }),
    ("instance_norm", |c| {
        let (x, [weight, bias], eps) = (c.tensor("input")?, affine(c)?, c.number("eps")?);
        // The running statistics are results of the layer.
        c.number("momentum")?;
        let (mean, var) = (c.maybe_tensor("running_mean")?, c.maybe_tensor("running_var")?);
        if c.flag("use_input_stats")? {
            statistics_fit(x, [mean, var])?;
            return c.one(x.instance_norm(weight, bias, eps));
        }
        let (mean, var) =
            mean.zip(var).ok_or_else(|| Stop::argument("use_input_stats", "false, without statistics"))?;
        c.one(x.batch_norm_eval(mean, var, weight, bias, eps))
    }),
    ("batch_norm", |c| {
        let (x, [weight, bias], eps) = (c.tensor("input")?, affine(c)?, c.number("eps")?);
        c.number("momentum")?;
        let (mean, var) = (c.maybe_tensor("running_mean")?, c.maybe_tensor("running_var")?);
        if c.flag("training")? {
            statistics_fit(x, [mean, var])?;
            return c.one(x.batch_norm(weight, bias, eps).map(|(y, _, _)| y));
        }
        let (mean, var) = mean.zip(var).ok_or_else(|| Stop::argument("training", "false, without statistics"))?;
        c.one(x.batch_norm_eval(mean, var, weight, bias, eps))
    }),
    ("local_response_norm", |c| {
        let (x, size) = (c.tensor("input")?, c.integer("size")?);
        c.one(x.local_response_norm(size, c.number("alpha")?, c.number("beta")?, c.number("k")?))
    }),
    ("normalize", |c| {
        let dims: ReduceDims = c.integers("dim")?[..].into();
        let (p, eps) = (c.number("p")?, c.number("eps")?);
        c.one(c.tensor("input")?.normalize(p, dims, eps))
    }),
    ("cosine_similarity", |c| {
        let (dim, eps) = (c.integer("dim")?, c.number("eps")?);
        c.one(c.tensor("x1")?.cosine_similarity(c.tensor("x2")?, dim, eps))
    }),
];

/// What a layer would move needs a number for each channel.
fn statistics_fit(x: &Tensor, running: [Option<&Tensor>; 2]) -> Outcome<()> {
    let channels = x.shape().get(1).copied();
    let fits = |running: &Tensor| running.rank() == 1 && running.shape().first().copied() == channels;
    match running.into_iter().flatten().all(fits) {
        true => Ok(()),
        false => Err(Stop::Refused("the running statistics do not have the size of the channels".into())),
    }
}

fn affine<'a>(c: &Call<'a>) -> Outcome<[Option<&'a Tensor>; 2]> {
    Ok([c.maybe_tensor("weight")?, c.maybe_tensor("bias")?])
}
