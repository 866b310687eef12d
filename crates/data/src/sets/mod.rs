//! Small sets to try things on: embedded ones (each behind a cargo feature of its name) and synthetic ones.

#[cfg(test)]
#[macro_use]
mod cases;

#[cfg(feature = "digits")]
mod digits;
#[cfg(feature = "digits")]
pub use digits::digits;
mod two_moons;
pub use two_moons::two_moons;
