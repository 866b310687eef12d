//! Linear layers, convolutions and tables.

use super::Rows;
use wengert_nn::{
    AdaptiveLogSoftmaxOptions, AdaptiveLogSoftmaxWithLoss, Bilinear, BilinearOptions, Conv1d, Conv2d, Conv3d,
    ConvOptions, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, ConvTransposeOptions, Embedding, EmbeddingBag,
    Linear, LinearOptions,
};

pub(super) const BUILT: Rows = &[
    ("Linear(3, 2)", |rng| Ok(Box::new(Linear::new(3, 2, rng)?))),
    ("Linear(3, 2, bias=False)", |rng| Ok(Box::new(Linear::with(3, 2, LinearOptions::new().bias(false), rng)?))),
    ("Bilinear(3, 2, 4)", |rng| Ok(Box::new(Bilinear::new(3, 2, 4, rng)?))),
    ("Bilinear(3, 2, 4, bias=False)", |rng| {
        Ok(Box::new(Bilinear::with(3, 2, 4, BilinearOptions::new().bias(false), rng)?))
    }),
    ("AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], div_value=2.0)", |rng| {
        let options = AdaptiveLogSoftmaxOptions::new().div_value(2.0);
        Ok(Box::new(AdaptiveLogSoftmaxWithLoss::with(8, 10, &[2, 5], options, rng)?))
    }),
    ("AdaptiveLogSoftmaxWithLoss(8, 10, [4], head_bias=True)", |rng| {
        let options = AdaptiveLogSoftmaxOptions::new().head_bias(true);
        Ok(Box::new(AdaptiveLogSoftmaxWithLoss::with(8, 10, &[4], options, rng)?))
    }),
    ("Conv1d(4, 6, 3)", |rng| Ok(Box::new(Conv1d::new(4, 6, 3, rng)?))),
    ("Conv2d(4, 6, (3, 2), groups=2)", |rng| {
        Ok(Box::new(Conv2d::with(4, 6, [3, 2], ConvOptions::new().groups(2), rng)?))
    }),
    ("Conv3d(4, 6, 2, bias=False)", |rng| Ok(Box::new(Conv3d::with(4, 6, 2, ConvOptions::new().bias(false), rng)?))),
    ("ConvTranspose1d(4, 6, 3)", |rng| Ok(Box::new(ConvTranspose1d::new(4, 6, 3, rng)?))),
    ("ConvTranspose1d(4, 6, 3, bias=False)", |rng| {
        Ok(Box::new(ConvTranspose1d::with(4, 6, 3, ConvTransposeOptions::new().bias(false), rng)?))
    }),
    ("ConvTranspose2d(4, 6, (3, 2), groups=2)", |rng| {
        Ok(Box::new(ConvTranspose2d::with(4, 6, [3, 2], ConvTransposeOptions::new().groups(2), rng)?))
    }),
    ("ConvTranspose3d(4, 6, 2)", |rng| Ok(Box::new(ConvTranspose3d::new(4, 6, 2, rng)?))),
    ("Embedding(5, 3)", |rng| Ok(Box::new(Embedding::new(5, 3, rng)?))),
    ("EmbeddingBag(5, 3)", |rng| Ok(Box::new(EmbeddingBag::new(5, 3, rng)?))),
];
