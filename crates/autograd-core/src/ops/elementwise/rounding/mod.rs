//! Rounding: to a whole number, to a sign, to another dtype. Steps carry no gradient.

mod cast;
pub(crate) mod copysign;
pub(crate) mod floor;
mod nextafter;
mod round;
mod sign;
pub(crate) mod trunc;
