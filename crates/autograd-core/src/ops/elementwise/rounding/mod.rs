//! Rounding: to a whole number, to a sign, to another dtype. Steps carry no gradient.

mod cast;
mod copysign;
mod floor;
mod nextafter;
mod round;
mod sign;
mod trunc;
