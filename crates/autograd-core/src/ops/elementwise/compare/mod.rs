//! Comparisons, extremes of two, and limits.

pub(crate) mod clamp;
pub(crate) mod fmax;
mod heaviside;
mod isclose;
pub(crate) mod maximum;
mod nan_to_num;
mod order;
mod scalar;

pub use isclose::Tolerance;
