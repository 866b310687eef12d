//! How numbers are computed: slices in, slices out.
//!
//! A kernel knows neither tensors nor gradients. It gets slices, strides and sizes that its caller has already checked,
//! and fills a slice. This is the only folder with `unsafe`, the only one that knows about SIMD (`simd`), threads
//! (`parallel`, `standby`) and the `gemm` crate. Every loop is written for one scalar type and vectorised by the compiler
//! for the CPU found at run time; wherever work is cut, no bit of a result depends on it, so that it is the same on any
//! number of threads.

pub mod math;
pub mod memory;
pub mod opaque;
pub mod parallel;
pub mod real;
pub mod shared;
pub mod simd;
pub mod slot;
mod standby;

pub mod copy;
pub mod map;
pub mod nest;
pub mod zip;

mod recycle;
pub mod reduce;
pub mod rows;
pub mod select;

pub mod fold;
pub mod gemm;
pub mod random;
pub mod update;
