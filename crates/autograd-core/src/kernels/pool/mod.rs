//! Pooling and resampling of planes of 1 to 3 spatial dims.

mod chosen;
mod taps;

pub use chosen::{Planes, Span, Spans, add_at, largest, pick, put_at};
pub use taps::{Taps, along};
