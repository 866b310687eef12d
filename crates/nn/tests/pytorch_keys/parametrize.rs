//! Parametrisations.

use super::Rows;
use wengert_nn::{
    Conv2d, ConvTranspose2d, Linear, Orthogonal, OrthogonalOptions, RNN, SpectralNorm, SpectralNormOptions, WeightNorm,
    WeightNormOptions,
};

pub(super) const BUILT: Rows = &[
    ("weight_norm(Linear(3, 2))", |rng| Ok(Box::new(WeightNorm::new(Linear::new(3, 2, rng)?)?))),
    ("weight_norm(Conv2d(4, 6, 3), dim=1)", |rng| {
        Ok(Box::new(WeightNorm::with(Conv2d::new(4, 6, 3, rng)?, WeightNormOptions::new().dim(1))?))
    }),
    ("weight_norm(Linear(3, 2), dim=None)", |rng| {
        Ok(Box::new(WeightNorm::with(Linear::new(3, 2, rng)?, WeightNormOptions::new().dim(None))?))
    }),
    ("spectral_norm(Linear(3, 2))", |rng| Ok(Box::new(SpectralNorm::new(Linear::new(3, 2, rng)?, rng)?))),
    ("spectral_norm(ConvTranspose2d(4, 6, 3))", |rng| {
        Ok(Box::new(SpectralNorm::new(ConvTranspose2d::new(4, 6, 3, rng)?, rng)?))
    }),
    ("spectral_norm(Linear(3, 2), 'bias')", |rng| {
        Ok(Box::new(SpectralNorm::with(Linear::new(3, 2, rng)?, SpectralNormOptions::new().name("bias"), rng)?))
    }),
    ("orthogonal(Linear(3, 2))", |rng| Ok(Box::new(Orthogonal::new(Linear::new(3, 2, rng)?)?))),
    ("orthogonal(Linear(3, 2), use_trivialization=False)", |rng| {
        let options = OrthogonalOptions::new().use_trivialization(false);
        Ok(Box::new(Orthogonal::with(Linear::new(3, 2, rng)?, options)?))
    }),
    ("orthogonal(RNN(3, 4), 'weight_hh_l0')", |rng| {
        Ok(Box::new(Orthogonal::with(RNN::new(3, 4, rng)?, OrthogonalOptions::new().name("weight_hh_l0"))?))
    }),
];
