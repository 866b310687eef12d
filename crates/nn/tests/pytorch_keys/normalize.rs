//! Norms.

use super::Rows;
use wengert_nn::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormOptions, GroupNorm, GroupNormOptions, InstanceNorm1d,
    InstanceNorm2d, InstanceNorm3d, InstanceNormOptions, LayerNorm, LayerNormOptions, LocalResponseNorm, RMSNorm,
    RMSNormOptions,
};

pub(super) const BUILT: Rows = &[
    ("BatchNorm1d(4)", |_| Ok(Box::new(BatchNorm1d::new(4)?))),
    ("BatchNorm1d(4, affine=False)", |_| Ok(Box::new(BatchNorm1d::with(4, BatchNormOptions::new().affine(false))?))),
    ("BatchNorm2d(4)", |_| Ok(Box::new(BatchNorm2d::new(4)?))),
    ("BatchNorm2d(4, track_running_stats=False)", |_| {
        Ok(Box::new(BatchNorm2d::with(4, BatchNormOptions::new().track_running_stats(false))?))
    }),
    ("BatchNorm3d(4)", |_| Ok(Box::new(BatchNorm3d::new(4)?))),
    ("BatchNorm3d(4, affine=False, track_running_stats=False)", |_| {
        let options = BatchNormOptions::new().affine(false).track_running_stats(false);
        Ok(Box::new(BatchNorm3d::with(4, options)?))
    }),
    ("InstanceNorm1d(4)", |_| Ok(Box::new(InstanceNorm1d::new(4)?))),
    ("InstanceNorm1d(4, track_running_stats=True)", |_| {
        Ok(Box::new(InstanceNorm1d::with(4, InstanceNormOptions::new().track_running_stats(true))?))
    }),
    ("InstanceNorm2d(4, affine=True, track_running_stats=True)", |_| {
        let options = InstanceNormOptions::new().affine(true).track_running_stats(true);
        Ok(Box::new(InstanceNorm2d::with(4, options)?))
    }),
    ("InstanceNorm3d(4, affine=True)", |_| {
        Ok(Box::new(InstanceNorm3d::with(4, InstanceNormOptions::new().affine(true))?))
    }),
    ("GroupNorm(2, 4)", |_| Ok(Box::new(GroupNorm::new(2, 4)?))),
    ("GroupNorm(2, 4, affine=False)", |_| Ok(Box::new(GroupNorm::with(2, 4, GroupNormOptions::new().affine(false))?))),
    ("LayerNorm((3, 4))", |_| Ok(Box::new(LayerNorm::new(&[3, 4])?))),
    ("LayerNorm(4, elementwise_affine=False)", |_| {
        Ok(Box::new(LayerNorm::with(&[4], LayerNormOptions::new().elementwise_affine(false))?))
    }),
    ("LayerNorm(4, bias=False)", |_| Ok(Box::new(LayerNorm::with(&[4], LayerNormOptions::new().bias(false))?))),
    ("RMSNorm(4)", |_| Ok(Box::new(RMSNorm::new(&[4])?))),
    ("RMSNorm(4, elementwise_affine=False)", |_| {
        Ok(Box::new(RMSNorm::with(&[4], RMSNormOptions::new().elementwise_affine(false))?))
    }),
    ("LocalResponseNorm(2)", |_| Ok(Box::new(LocalResponseNorm::new(2)))),
];
