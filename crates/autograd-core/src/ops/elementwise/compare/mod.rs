//! Comparisons, extremes of two, and limits.

pub(super) mod clamp;
mod fmax;
mod heaviside;
mod isclose;
mod maximum;
mod nan_to_num;
mod order;
mod scalar;

pub use isclose::Tolerance;
