//! Operations that treat every element by itself.
//!
//! An operation is one file: a formula and its derivative, each written once ([`driver::Elementwise`]) in numbers of
//! any kind. [`driver`] does what all of them share: dtypes, broadcasting, the fused kernels, recording. [`traced`]
//! reads the derivative as tensor code when the backward walk is itself recorded. Where a formula would lose digits,
//! the function is written for floats as a whole: [`smooth`] makes an operation of it and of its derivative for
//! formulas, [`chain`] runs functions that no formula needs.

mod chain;
pub(crate) mod driver;
mod smooth;
mod traced;

// In the order of the page of `Tensor`, which the blank lines keep.
pub(crate) mod arithmetic;

mod exponential;

mod trigonometric;

mod hyperbolic;
mod special;

mod rounding;

mod activation;

mod compare;
mod logic;

pub use compare::Tolerance;

#[cfg(test)]
mod tests;
