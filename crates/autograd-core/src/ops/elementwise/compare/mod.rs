//! Comparisons, extremes of two, and limits.

mod clamp;
mod maximum;
mod order;
mod scalar;
