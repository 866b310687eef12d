//! Operations that treat every element by itself.
//!
//! An operation is one file: a formula and its derivative, each written once ([`driver::Elementwise`]) in numbers of
//! any kind. [`driver`] does what all of them share: dtypes, broadcasting ([`map`]), the fused kernels, recording.
//! [`traced`] reads the derivative as tensor code when the backward walk is itself recorded. Where a formula would lose
//! digits, the function is written for floats as a whole: [`smooth`] makes an operation of it and of its derivative for
//! formulas, [`chain`] and [`by_second`] run functions that no formula needs.

mod by_second;
pub(crate) mod chain;
pub(crate) mod driver;
mod map;
pub(crate) mod smooth;
mod traced;

// In the order of the page of `Tensor`, which the blank lines keep.
pub(crate) mod arithmetic;

pub(crate) mod exponential;

pub(crate) mod trigonometric;

pub(crate) mod hyperbolic;
pub(crate) mod special;

pub(crate) mod rounding;

pub(crate) mod activation;

mod losses;

pub(crate) mod compare;
mod logic;

pub use compare::Tolerance;

#[cfg(test)]
mod tests;
