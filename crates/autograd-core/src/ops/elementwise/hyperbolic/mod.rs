//! Hyperbolic functions.

mod tanh;
