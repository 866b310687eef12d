//! Losses: distances of outputs from targets, as functions with PyTorch's defaults and as structs with options.

mod classes;
mod contrastive;
mod hint;
mod margin;
mod objective;
mod options;
mod pair;
mod parts;
mod per_sample;
mod reduction;
mod regression;
mod sequence;

pub use classes::*;
pub use contrastive::*;
pub use margin::*;
pub use objective::Loss;
pub use parts::{ByParts, LossParts, by_parts};
pub use per_sample::{PerSample, Pooling};
pub use reduction::Reduction;
pub use regression::*;
pub use sequence::*;
