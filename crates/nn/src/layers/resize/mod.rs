//! Planes in another size, and channels in another order.

mod shuffle;
mod upsample;

pub use shuffle::{ChannelShuffle, PixelShuffle, PixelUnshuffle};
pub use upsample::{Upsample, UpsamplingBilinear2d, UpsamplingNearest2d};
