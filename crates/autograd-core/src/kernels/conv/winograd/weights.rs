//! Kernels of 3 × 3, there and back.
//!
//! ```text
//! G = 1   0   0
//!     ½   ½   ½
//!     ½  −½   ½
//!     0   0   1
//! ```

use super::super::Conv;
use super::PLACES;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};

/// Columns that are transformed at once.
const LANES: usize = 16;

/// Taps of a kernel.
const TAPS: usize = 9;

/// The kernels of all groups, `[group, outer, inner, 3, 3]`, or of the convolution that goes back.
pub(super) struct Weights<'a, T> {
    pub(super) w: &'a [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether rows are inner channels, columns are outer ones, and kernels are read from their last tap on.
    pub(super) mirrored: bool,
}

/// `u[group, place, row, column] = G w Gᵀ`
pub(super) fn transformed<T: Real>(weights: &Weights<'_, T>, conv: &Conv, u: &mut [T]) {
    for group in 0..conv.groups {
        let size = weights.rows * weights.columns;
        let w = &weights.w[group * size * TAPS..][..size * TAPS];
        vectorize(Transformed { w, weights, u: &mut u[group * PLACES * size..][..PLACES * size] });
    }
}

struct Transformed<'a, T> {
    weights: &'a Weights<'a, T>,
    w: &'a [T],
    u: &'a mut [T],
}

impl<T: Real> Kernel for Transformed<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Transformed { weights: &Weights { rows, columns, mirrored, .. }, w, u } = self;
        let half = T::of(0.5);
        for row in 0..rows {
            for first in (0..columns).step_by(LANES) {
                let many = (columns - first).min(LANES);
                let mut taps = [[T::ZERO; LANES]; TAPS];
                for column in first..first + many {
                    let at = if mirrored { column * rows + row } else { row * columns + column };
                    let w: &[T; TAPS] = w[at * TAPS..].first_chunk().unwrap_or_else(|| unreachable!("w is whole"));
                    for (k, taps) in taps.iter_mut().enumerate() {
                        taps[column - first] = w[if mirrored { TAPS - 1 - k } else { k }];
                    }
                }
                // G w, then times Gᵀ.
                let mut left = [[[T::ZERO; LANES]; 3]; 4];
                for j in 0..3 {
                    for l in 0..LANES {
                        let [a, b, c] = [taps[j][l], taps[3 + j][l], taps[6 + j][l]];
                        let ends = (a + c) * half;
                        left[0][j][l] = a;
                        left[1][j][l] = ends + b * half;
                        left[2][j][l] = ends - b * half;
                        left[3][j][l] = c;
                    }
                }
                for (i, left) in left.iter().enumerate() {
                    let mut out = [[T::ZERO; LANES]; 4];
                    for l in 0..LANES {
                        let [a, b, c] = [left[0][l], left[1][l], left[2][l]];
                        let ends = (a + c) * half;
                        out[0][l] = a;
                        out[1][l] = ends + b * half;
                        out[2][l] = ends - b * half;
                        out[3][l] = c;
                    }
                    for (j, out) in out.iter().enumerate() {
                        u[((4 * i + j) * rows + row) * columns + first..][..many].copy_from_slice(&out[..many]);
                    }
                }
            }
        }
    }
}

/// `w[group, outer, inner] = Gᵀ u G` of the sum of all splits of `u[split, group, place, outer, inner]`.
pub(super) fn gradient<T: Real>(conv: &Conv, splits: usize, u: &[T], w: &mut [T]) {
    let size = conv.outer * conv.inner;
    for group in 0..conv.groups {
        let w = &mut w[group * size * TAPS..][..size * TAPS];
        vectorize(Gradient { splits, step: conv.groups * PLACES * size, u: &u[group * PLACES * size..], w });
    }
}

struct Gradient<'a, T> {
    splits: usize,
    step: usize,
    u: &'a [T],
    w: &'a mut [T],
}

impl<T: Real> Kernel for Gradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Gradient { splits, step, u, w } = self;
        let size = w.len() / TAPS;
        let half = T::of(0.5);
        for (block, w) in w.chunks_mut(LANES * TAPS).enumerate() {
            let many = w.len() / TAPS;
            let mut sums = [[T::ZERO; LANES]; PLACES];
            for split in 0..splits {
                for (place, sum) in sums.iter_mut().enumerate() {
                    let u = &u[split * step + place * size + block * LANES..][..many];
                    for (sum, u) in sum.iter_mut().zip(u) {
                        *sum += *u;
                    }
                }
            }
            // Gᵀ u, then times G.
            let mut left = [[[T::ZERO; LANES]; 4]; 3];
            for j in 0..4 {
                for l in 0..LANES {
                    let [a, b, c, d] = [sums[j][l], sums[4 + j][l], sums[8 + j][l], sums[12 + j][l]];
                    let middle = (b + c) * half;
                    left[0][j][l] = a + middle;
                    left[1][j][l] = (b - c) * half;
                    left[2][j][l] = middle + d;
                }
            }
            for (i, left) in left.iter().enumerate() {
                let mut out = [[T::ZERO; LANES]; 3];
                for l in 0..LANES {
                    let [a, b, c, d] = [left[0][l], left[1][l], left[2][l], left[3][l]];
                    let middle = (b + c) * half;
                    out[0][l] = a + middle;
                    out[1][l] = (b - c) * half;
                    out[2][l] = middle + d;
                }
                for l in 0..many {
                    for j in 0..3 {
                        w[l * TAPS + 3 * i + j] = out[j][l];
                    }
                }
            }
        }
    }
}
