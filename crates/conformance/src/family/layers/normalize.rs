//! Layers that normalise or measure distances.

use super::table::{Build, layer};
use crate::call::Call;
use crate::stop::Outcome;
use wengert_nn::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormOptions, CosineSimilarity, GroupNorm, GroupNormOptions,
    InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormOptions, LayerNorm, LayerNormOptions,
    LocalResponseNorm, PairwiseDistance, RMSNorm, RMSNormOptions, UnitNormalization,
};

pub(super) const TABLE: &[(&str, Build)] = &[
    ("BatchNorm1d", |c, _| layer(BatchNorm1d::with(c.count("num_features")?, batch(c)?)?)),
    ("BatchNorm2d", |c, _| layer(BatchNorm2d::with(c.count("num_features")?, batch(c)?)?)),
    ("BatchNorm3d", |c, _| layer(BatchNorm3d::with(c.count("num_features")?, batch(c)?)?)),
    ("InstanceNorm1d", |c, _| layer(InstanceNorm1d::with(c.count("num_features")?, instance(c)?)?)),
    ("InstanceNorm2d", |c, _| layer(InstanceNorm2d::with(c.count("num_features")?, instance(c)?)?)),
    ("InstanceNorm3d", |c, _| layer(InstanceNorm3d::with(c.count("num_features")?, instance(c)?)?)),
    ("LayerNorm", |c, _| {
        let options = LayerNormOptions::new()
            .eps(c.number_or("eps", 1e-5)?)
            .elementwise_affine(c.flag_or("elementwise_affine", true)?)
            .bias(c.flag_or("bias", true)?);
        layer(LayerNorm::with(&c.counts("normalized_shape")?, options)?)
    }),
    ("RMSNorm", |c, _| {
        let affine = c.flag_or("elementwise_affine", true)?;
        let options = RMSNormOptions::new().eps(c.maybe_number("eps")?).elementwise_affine(affine);
        layer(RMSNorm::with(&c.counts("normalized_shape")?, options)?)
    }),
    ("GroupNorm", |c, _| {
        let (groups, channels) = (c.count("num_groups")?, c.count("num_channels")?);
        let options = GroupNormOptions::new()
            .eps(c.number_or("eps", 1e-5)?)
            .affine(c.flag_or("affine", true)?)
            .bias(c.flag_or("bias", true)?);
        layer(GroupNorm::with(groups, channels, options)?)
    }),
    ("LocalResponseNorm", |c, _| {
        let norm = LocalResponseNorm::new(c.count("size")?);
        let norm = norm.alpha(c.number_or("alpha", 1e-4)?).beta(c.number_or("beta", 0.75)?);
        layer(norm.k(c.number_or("k", 1.0)?))
    }),
    ("UnitNormalization", |c, _| layer(UnitNormalization::new().dim(c.integer("axis")?))),
    ("CosineSimilarity", |c, _| {
        layer(CosineSimilarity::new().dim(c.integer_or("dim", 1)?).eps(c.number_or("eps", 1e-8)?))
    }),
    ("PairwiseDistance", |c, _| {
        let distance = PairwiseDistance::new().p(c.number_or("p", 2.0)?).eps(c.number_or("eps", 1e-6)?);
        layer(distance.keepdim(c.flag_or("keepdim", false)?))
    }),
];

fn batch(c: &Call<'_>) -> Outcome<BatchNormOptions> {
    let options = BatchNormOptions::new()
        .eps(c.number_or("eps", 1e-5)?)
        .affine(c.flag_or("affine", true)?)
        .bias(c.flag_or("bias", true)?)
        .track_running_stats(c.flag_or("track_running_stats", true)?);
    // Null is a value of its own here, but what is not written at all is the default.
    let momentum = c.maybe_number("momentum")?;
    Ok(if momentum.is_none() && !c.is_given("momentum") { options } else { options.momentum(momentum) })
}

fn instance(c: &Call<'_>) -> Outcome<InstanceNormOptions> {
    Ok(InstanceNormOptions::new()
        .eps(c.number_or("eps", 1e-5)?)
        // Without a momentum PyTorch leaves the statistics as they are.
        .momentum(c.maybe_number("momentum")?.unwrap_or(if c.is_given("momentum") { 0.0 } else { 0.1 }))
        .affine(c.flag_or("affine", false)?)
        .bias(c.flag_or("bias", true)?)
        .track_running_stats(c.flag_or("track_running_stats", false)?))
}
