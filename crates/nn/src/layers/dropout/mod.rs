//! Layers that are random in training.

mod elements;
mod groups;
mod noise;

pub use elements::Dropout;
pub use groups::*;
pub use noise::{GaussianDropout, GaussianNoise};
