//! Dropout, and distances of two inputs.

use super::Rows;
use wengert_nn::{
    AlphaDropout, CosineSimilarity, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, PairwiseDistance,
};

pub(super) const BUILT: Rows = &[
    ("Dropout(0.5)", |rng| Ok(Box::new(Dropout::new(0.5, rng)?))),
    ("Dropout1d(0.5)", |rng| Ok(Box::new(Dropout1d::new(0.5, rng)?))),
    ("Dropout2d(0.5)", |rng| Ok(Box::new(Dropout2d::new(0.5, rng)?))),
    ("Dropout3d(0.5)", |rng| Ok(Box::new(Dropout3d::new(0.5, rng)?))),
    ("AlphaDropout(0.5)", |rng| Ok(Box::new(AlphaDropout::new(0.5, rng)?))),
    ("FeatureAlphaDropout(0.5)", |rng| Ok(Box::new(FeatureAlphaDropout::new(0.5, rng)?))),
    ("CosineSimilarity()", |_| Ok(Box::new(CosineSimilarity::new()))),
    ("PairwiseDistance()", |_| Ok(Box::new(PairwiseDistance::new()))),
];
