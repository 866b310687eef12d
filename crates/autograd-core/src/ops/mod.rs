//! The operations, in chapters. An operation is one file: formula, forward, the values that backward needs, pull-back,
//! test cases. Everything that all operations share (recording, summing a gradient down to a broadcast input's shape,
//! adding gradients up, freeing, checks) is in the tape, and in no file here.

#[cfg(test)]
pub(crate) mod cases;
pub(crate) mod check;
pub(crate) mod custom;
pub(crate) mod indices;

// In the order of the page of `Tensor`, which the blank lines keep.
pub(crate) mod elementwise;

pub(crate) mod reduce;

pub(crate) mod scan;

pub(crate) mod shape;

pub(crate) mod alignment;
pub(crate) mod attention;
pub(crate) mod conv;
pub(crate) mod decompose;
pub(crate) mod fft;
pub(crate) mod index;
pub(crate) mod linalg;
pub(crate) mod normalize;
pub(crate) mod order;
pub(crate) mod pool;
pub(crate) mod random;
pub(crate) mod recurrent;
pub(crate) mod segments;

pub(crate) use elementwise::arithmetic::add::add_assign;
pub(crate) use reduce::sum::{sum_to, sum_to_fused};
pub(crate) use shape::assemble::assemble;
