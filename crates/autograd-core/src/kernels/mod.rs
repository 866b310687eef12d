//! The arithmetic, on plain slices.
//!
//! A kernel knows neither tensors nor gradients. It gets slices, strides and sizes that its caller has already checked,
//! and fills a slice. No other folder uses SIMD (`simd`). Every loop is written for one scalar
//! type and vectorised by the compiler for the CPU found at run time; wherever work is cut, no bit of a result depends
//! on it.

pub mod decompose;
pub mod distance;
pub mod entries;
pub mod many;
pub mod math;
pub mod moments;
pub mod near;
pub mod number;
pub mod real;
pub mod simd;
pub mod special;
pub mod transpose;
pub mod wide;

pub mod copy;
pub mod elementwise;
pub mod nest;
pub mod remap;

pub mod order;
pub mod place;
pub mod reduce;
pub mod rows;
pub mod scan;
pub mod select;
pub mod short;
pub mod sums;

pub mod alignment;
pub mod attention;
pub mod conv;
pub mod fft;
pub mod fold;
pub mod gemm;
pub mod margins;
pub mod norm;
pub mod normalize;
pub mod pool;
pub mod random;
pub mod recurrent;
pub mod update;
