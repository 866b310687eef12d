//! Schedules made of others.

mod clamp;
mod combined;
mod delay;
mod map;
mod scaled;
mod then;
mod warmup;
mod with_base;

pub use clamp::Clamp;
pub use combined::Combined;
pub use delay::Delayed;
pub use map::Map;
pub use scaled::Scaled;
pub use then::Then;
pub use warmup::Warmup;
pub use with_base::WithBase;

use super::Schedule;

/// A part of a description.
fn text(schedule: &dyn Schedule) -> String {
    schedule.describe().to_string()
}
