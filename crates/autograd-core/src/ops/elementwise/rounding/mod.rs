//! Rounding: to a sign, to another dtype. Steps carry no gradient.

mod cast;
mod sign;
