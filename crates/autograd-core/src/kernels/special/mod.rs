//! Special functions in double precision.
//!
//! What is branch-free is forced inline and vectorises; the others are called for one number after the other. Results
//! in `f32` are those of f64, rounded. `tests.rs` has values with 50 digits, and how far each function may be from
//! them.

pub mod bessel;
pub mod error;
pub mod gamma;
pub mod incomplete;
pub mod mills;
pub mod polygamma;
pub mod sinc;
pub mod zeta;

#[cfg(test)]
mod pairs;
#[cfg(test)]
mod tests;
