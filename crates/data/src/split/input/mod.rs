//! The input of a splitter: the samples, and the sizes of their parts.

mod samples;
mod size;

pub use samples::Samples;
pub use size::Size;

pub(super) use size::train_test_sizes;
