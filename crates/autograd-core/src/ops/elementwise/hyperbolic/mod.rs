//! Hyperbolic functions and their inverses.

pub(crate) mod acosh;
pub(crate) mod asinh;
pub(crate) mod atanh;
pub(crate) mod sinh;
pub(crate) mod tanh;
