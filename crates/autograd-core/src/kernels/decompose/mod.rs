//! Matrices as products of simpler ones.
//!
//! All of them are, for the larger part, products of `gemm`, so they have its threads and its bits: triangles by
//! halves, and reflections a block at a time. Vectors of symmetric and of general matrices come from those of their
//! halves.

mod change;
pub mod cholesky;
pub mod cofactor;
pub mod exponential;
pub mod lu;
pub mod orthogonal;
mod parts;
mod products;
pub mod qr;
mod reflections;
mod rotations;
mod secular;
pub mod singular;
pub mod solve;
pub mod symmetric;
pub mod triangular;

/// Calls `see(i, j)` for every element below the diagonal of an `n × n` matrix, square by square: the mirror image of a
/// square stays in the first-level cache, too.
#[inline(always)]
pub fn below(n: usize, mut see: impl FnMut(usize, usize)) {
    const SIDE: usize = 16;
    for top in (0..n).step_by(SIDE) {
        for left in (0..=top).step_by(SIDE) {
            for i in top..n.min(top + SIDE) {
                (left..i.min(left + SIDE)).for_each(|j| see(i, j));
            }
        }
    }
}

/// Copies a matrix of `columns`, in rows of `to`, whatever its strides.
pub fn copy<T: Copy>(from: super::gemm::Matrix<'_, T>, columns: usize, to: &mut [T]) {
    /// A square of this many rows and columns stays in the first-level cache.
    const TILE: usize = 16;
    if to.is_empty() {
        return;
    }
    if from.column == 1 {
        for (i, to) in to.chunks_exact_mut(columns).enumerate() {
            to.copy_from_slice(&from.data[i * from.row..i * from.row + columns]);
        }
        return;
    }
    for (band, to) in to.chunks_mut(TILE * columns).enumerate() {
        for first in (0..columns).step_by(TILE) {
            for (i, to) in to.chunks_exact_mut(columns).enumerate() {
                let start = (band * TILE + i) * from.row;
                for (j, to) in to.iter_mut().enumerate().skip(first).take(TILE) {
                    *to = from.data[start + j * from.column];
                }
            }
        }
    }
}

/// Transposes a matrix of `columns`, from rows to rows.
pub fn transpose<T: Copy>(columns: usize, x: &mut [T]) {
    let old = x.to_vec();
    copy(super::gemm::Matrix::rows(&old, columns).transposed(), x.len() / columns.max(1), x);
}

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
