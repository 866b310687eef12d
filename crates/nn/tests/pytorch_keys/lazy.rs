//! Layers that are made from an input.

use super::Rows;
use autograd_core::module::Module;
use autograd_core::{DType, Tensor};
use wengert_nn::{
    BatchNormOptions, ConvOptions, ConvTransposeOptions, InstanceNormOptions, Layer, LazyBatchNorm1d, LazyBatchNorm2d,
    LazyBatchNorm3d, LazyConv1d, LazyConv2d, LazyConv3d, LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d,
    LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d, LazyLinear, LinearOptions, Result, materialize,
};

/// The layer after an input of this shape.
fn made(mut layer: impl Layer + 'static, shape: &[usize]) -> Result<Box<dyn Module>> {
    materialize(&mut layer, &Tensor::zeros(shape, DType::F32)?)?;
    Ok(Box::new(layer))
}

pub(super) const BUILT: Rows = &[
    ("LazyLinear(2) <- [4, 3]", |rng| made(LazyLinear::new(2, rng), &[4, 3])),
    ("LazyLinear(2, bias=False) <- [3]", |rng| made(LazyLinear::with(2, LinearOptions::new().bias(false), rng), &[3])),
    ("LazyConv1d(6, 3) <- [1, 4, 5]", |rng| made(LazyConv1d::new(6, 3, rng), &[1, 4, 5])),
    ("LazyConv2d(6, (3, 2), groups=2) <- [1, 4, 5, 5]", |rng| {
        made(LazyConv2d::with(6, [3, 2], ConvOptions::new().groups(2), rng), &[1, 4, 5, 5])
    }),
    ("LazyConv3d(6, 2, bias=False) <- [4, 5, 5, 5]", |rng| {
        made(LazyConv3d::with(6, 2, ConvOptions::new().bias(false), rng), &[4, 5, 5, 5])
    }),
    ("LazyConvTranspose1d(6, 3) <- [1, 4, 5]", |rng| made(LazyConvTranspose1d::new(6, 3, rng), &[1, 4, 5])),
    ("LazyConvTranspose2d(6, (3, 2), groups=2) <- [1, 4, 5, 5]", |rng| {
        made(LazyConvTranspose2d::with(6, [3, 2], ConvTransposeOptions::new().groups(2), rng), &[1, 4, 5, 5])
    }),
    ("LazyConvTranspose3d(6, 2, bias=False) <- [1, 4, 5, 5, 5]", |rng| {
        made(LazyConvTranspose3d::with(6, 2, ConvTransposeOptions::new().bias(false), rng), &[1, 4, 5, 5, 5])
    }),
    ("LazyBatchNorm1d() <- [2, 4]", |_| made(LazyBatchNorm1d::new(), &[2, 4])),
    ("LazyBatchNorm2d(affine=False) <- [2, 4, 3, 3]", |_| {
        made(LazyBatchNorm2d::with(BatchNormOptions::new().affine(false)), &[2, 4, 3, 3])
    }),
    ("LazyBatchNorm3d(track_running_stats=False) <- [2, 4, 3, 3, 3]", |_| {
        made(LazyBatchNorm3d::with(BatchNormOptions::new().track_running_stats(false)), &[2, 4, 3, 3, 3])
    }),
    ("LazyInstanceNorm1d() <- [2, 4, 3]", |_| made(LazyInstanceNorm1d::new(), &[2, 4, 3])),
    ("LazyInstanceNorm2d(affine=False) <- [2, 4, 3, 3]", |_| {
        made(LazyInstanceNorm2d::with(InstanceNormOptions::new().track_running_stats(true)), &[2, 4, 3, 3])
    }),
    ("LazyInstanceNorm3d(affine=False, track_running_stats=False) <- [2, 4, 3, 3, 3]", |_| {
        made(LazyInstanceNorm3d::with(InstanceNormOptions::new()), &[2, 4, 3, 3, 3])
    }),
];
