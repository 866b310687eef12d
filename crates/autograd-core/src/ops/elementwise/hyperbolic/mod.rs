//! Hyperbolic functions and their inverses.

mod acosh;
mod asinh;
mod atanh;
mod sinh;
mod tanh;
