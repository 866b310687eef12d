//! Layers that are random in training.

mod elements;
mod groups;
mod noise;

pub use elements::Dropout;
pub use groups::*;
pub use noise::{GaussianDropout, GaussianNoise};

use autograd_core::Result;
use autograd_core::module::Stream;

/// What is computed with a seed of the stream; an error leaves the stream where it was.
pub(crate) fn drawn<Y>(stream: &Stream, compute: impl FnOnce(u64) -> Result<Y>) -> Result<Y> {
    let (_, before) = stream.position();
    let y = compute(stream.draw());
    // Unless another thread has drawn since.
    if y.is_err() && stream.position().1 == before + 1 {
        stream.seek(before);
    }
    y
}
