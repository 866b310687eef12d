//! Running folds along a dimension: each element of the result is a fold of those up to its place.

pub(crate) mod along;
pub(crate) mod recurrence;

pub(crate) mod cummax;
pub(crate) mod cumprod;
pub(crate) mod cumsum;
pub(crate) mod diff;
pub(crate) mod logcumsumexp;
pub(crate) mod trapezoid;
