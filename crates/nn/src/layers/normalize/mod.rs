//! Layers that normalise, and that measure how far two inputs are apart.

mod affine;
mod batch_norm;
mod cosine_similarity;
mod estimate;
mod group_norm;
mod instance_norm;
mod layer_norm;
mod local_response_norm;
mod pairwise_distance;
mod rms_norm;
mod running;
#[cfg(test)]
mod tests;
mod unit_normalization;

pub use batch_norm::*;
pub use cosine_similarity::CosineSimilarity;
pub use estimate::update_batch_norm;
pub use group_norm::{GroupNorm, GroupNormOptions};
pub use instance_norm::*;
pub use layer_norm::{LayerNorm, LayerNormOptions};
pub use local_response_norm::LocalResponseNorm;
pub use pairwise_distance::PairwiseDistance;
pub use rms_norm::{RMSNorm, RMSNormOptions};
pub use unit_normalization::UnitNormalization;
