//! Small sets to try things on: embedded ones (each behind a cargo feature of its name) and synthetic ones.

#[cfg(feature = "digits")]
mod digits;
mod two_moons;

#[cfg(feature = "digits")]
pub use digits::digits;
pub use two_moons::two_moons;
