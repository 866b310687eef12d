//! Matrices as products of simpler ones.
//!
//! Triangular systems and LU are recursions over the products of `gemm`, so they have its threads and its bits. The
//! other values come from faer, by the crate `wengert-decompose`.

pub mod cofactor;
pub mod exponential;
pub mod lu;
pub mod orthogonal;
pub mod solve;
pub mod triangular;

pub use wengert_decompose::{Decompose, Vectors};

/// A number whose matrices can be decomposed.
pub trait Decomposed: super::real::Real + Decompose {}

impl<T: super::real::Real + Decompose> Decomposed for T {}

/// The distance from 1 to the next number.
pub fn epsilon<T>() -> f64 {
    if size_of::<T>() == size_of::<f32>() { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// `to -= from`, row by row: the rows of `to` are `stride` elements apart.
pub fn subtract<T: super::real::Real>(from: &[T], width: usize, to: &mut [T], stride: usize) {
    for (from, to) in from.chunks_exact(width).zip(to.chunks_mut(stride)) {
        to[..width].iter_mut().zip(from).for_each(|(to, from)| *to -= *from);
    }
}
