//! Pooling and resampling of planes of 1 to 3 spatial dims.

mod chosen;
mod filters;
mod fractional;
mod taps;

pub use chosen::{Planes, Span, Spans, add_at, largest, pick, put_at};
pub use filters::{cubic, filtered};
pub use fractional::{Fractions, largest_at_random};
pub use taps::{Taps, along};
