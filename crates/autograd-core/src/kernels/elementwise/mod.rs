//! Loops that treat every element by itself.
//!
//! A [`function`] of several numbers is compiled as a loop over contiguous runs, and [`zip`] brings any operands there.
//! [`pointwise`] has tables of functions of one number.

pub mod function;
pub mod pointwise;
pub mod zip;
