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
use crate::kernels::simd::{Kernel, Vectorized, look, vectorize, vectorize_with};
use crate::kernels::transpose::turn;
use crate::threads::parallel::{WOKEN_FROM, for_pieces, share, threads};
use pulp::Simd;
use std::ops::Range;

/// Columns that are transformed at once.
const LANES: usize = 16;

/// Taps of a kernel.
pub(super) const TAPS: usize = 9;

/// The kernels of all groups, `[group, outer, inner, 3, 3]`, or of the convolution that goes back.
pub(super) struct Weights<'a, T> {
    pub(super) w: &'a [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether rows are inner channels, columns are outer ones, and kernels are read from their last tap on.
    pub(super) mirrored: bool,
}

/// Kernels are masked where at least one of so many taps is exactly 0: more than chance makes.
const SELDOM: usize = 16;

impl<T: Real> Weights<'_, T> {
    /// Whether the kernels `[inner, 3, 3]` of any outer channel leave out elements, as those of masked convolutions do,
    /// pruned ones, and those that copy a channel. What is left out of one inner channel alone is not seen.
    pub(super) fn are_masked(&self) -> bool {
        let channel = TAPS * if self.mirrored { self.rows } else { self.columns };
        let channels = self.w.len() / channel;
        if self.w.len() < WOKEN_FROM || threads() == 1 {
            return look(Masked(self.w, channel));
        }
        // Said by hand: the look is no part of what an operation computes.
        let part = channels.div_ceil(threads()) * channel;
        let mut found = vec![false; self.w.len().div_ceil(part)];
        share(&mut found, 1, &|i, found| {
            found[0] = look(Masked(&self.w[i * part..self.w.len().min((i + 1) * part)], channel));
        });
        found.contains(&true)
    }

    /// `u[place, row, column] = G w Gᵀ` of some rows of a group.
    pub(super) fn transformed(&self, group: usize, rows: Range<usize>, u: &mut [T]) {
        let size = self.rows * self.columns * TAPS;
        vectorize_with(Transformed { weights: self, w: &self.w[group * size..][..size], of: rows, u });
    }

    /// That of all rows of all groups, `step` rows after the other; each piece is computed by one thread.
    pub(super) fn all_transformed(&self, groups: usize, step: usize, u: &mut [T]) {
        let size = PLACES * self.rows * self.columns;
        for (group, u) in u.chunks_exact_mut(size.max(1)).take(groups).enumerate() {
            for_pieces(u, PLACES * step * self.columns, |start, u| {
                for (i, u) in u.chunks_mut(PLACES * step * self.columns).enumerate() {
                    let first = start / (PLACES * self.columns) + i * step;
                    self.transformed(group, first..first + u.len() / (PLACES * self.columns), u);
                }
            });
        }
    }
}

/// Weights, and how many of them a channel has.
struct Masked<'a, T>(&'a [T], usize);

impl<T: Real> Kernel for Masked<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        let Masked(w, channel) = self;
        let zeros = |w: &[T]| w.iter().fold(0u32, |zeros, w| zeros + u32::from(*w == T::ZERO));
        w.chunks_exact(channel).any(|w| zeros(w) as usize * SELDOM >= w.len())
    }
}

/// `G x`
#[inline(always)]
fn widened<T: Real>([a, b, c]: [T; 3]) -> [T; 4] {
    let half = T::of(0.5);
    let (ends, middle) = ((a + c) * half, b * half);
    [a, ends + middle, ends - middle, c]
}

struct Transformed<'a, T> {
    weights: &'a Weights<'a, T>,
    w: &'a [T],
    of: Range<usize>,
    u: &'a mut [T],
}

impl<T: Real> Vectorized for Transformed<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Transformed { weights: &Weights { rows, columns, mirrored, .. }, w, of, u } = self;
        let mut taps = [[T::ZERO; LANES]; TAPS];
        // Kernels follow each other as they lie in memory: along columns, or along rows.
        let (all, blocks) = (of.len(), columns.div_ceil(LANES));
        let (many, few) = if mirrored { (blocks, all) } else { (all, blocks) };
        for i in 0..many {
            for j in 0..few {
                let (row, block) = if mirrored { (j, i) } else { (i, j) };
                let (from, first) = (of.start + row, block * LANES);
                let count = (columns - first).min(LANES);
                let (at, step) = if mirrored { (first * rows + from, rows) } else { (from * columns + first, 1) };
                let w = &w[at * TAPS..];
                turn(simd, [count, TAPS - 1], (w, step * TAPS), (taps.as_flattened_mut(), LANES));
                for (l, last) in taps[TAPS - 1][..count].iter_mut().enumerate() {
                    *last = w[l * step * TAPS + TAPS - 1];
                }
                if mirrored {
                    taps.reverse();
                }
                // One loop over lanes, so that all between is in registers: G w, then times Gᵀ.
                let mut out = [[T::ZERO; LANES]; PLACES];
                for l in 0..LANES {
                    let column = |j: usize| widened([taps[j][l], taps[3 + j][l], taps[6 + j][l]]);
                    let left = [column(0), column(1), column(2)];
                    for i in 0..4 {
                        let line = widened([left[0][i], left[1][i], left[2][i]]);
                        (0..4).for_each(|j| out[4 * i + j][l] = line[j]);
                    }
                }
                for (place, out) in out.iter().enumerate() {
                    u[(place * all + row) * columns + first..][..count].copy_from_slice(&out[..count]);
                }
            }
        }
    }
}

/// `w[group, outer, inner] = Gᵀ u G` of the sum of all splits of `u[split, group, place, outer, inner]`.
pub(super) fn gradient<T: Real>(conv: &Conv, splits: usize, u: &[T], w: &mut [T]) {
    let size = conv.outer * conv.inner;
    let step = conv.groups * PLACES * size;
    for group in 0..conv.groups {
        let (w, u) = (&mut w[group * size * TAPS..][..size * TAPS], &u[group * PLACES * size..]);
        for_pieces(w, LANES * TAPS * MANY, |start, w| {
            vectorize(Gradient { splits, step, size, u: &u[start / TAPS..], w });
        });
    }
}

/// `w = Gᵀ u G` of `u[place, ..]`.
pub(super) fn gradient_of_rows<T: Real>(u: &[T], w: &mut [T]) {
    vectorize(Gradient { splits: 1, step: 0, size: w.len() / TAPS, u, w });
}

/// Runs of [`LANES`] that a thread transforms at once.
const MANY: usize = 64;

/// `Gᵀ x`
#[inline(always)]
fn narrowed<T: Real>([a, b, c, d]: [T; 4]) -> [T; 3] {
    let half = T::of(0.5);
    let middle = (b + c) * half;
    [a + middle, (b - c) * half, middle + d]
}

struct Gradient<'a, T> {
    splits: usize,
    step: usize,
    /// The distance between places.
    size: usize,
    u: &'a [T],
    w: &'a mut [T],
}

impl<T: Real> Kernel for Gradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Gradient { splits, step, size, u, w } = self;
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
            // One loop over lanes, as above: Gᵀ u, then times G.
            let mut out = [[T::ZERO; LANES]; TAPS];
            for l in 0..LANES {
                let column = |j: usize| narrowed([sums[j][l], sums[4 + j][l], sums[8 + j][l], sums[12 + j][l]]);
                let left = [column(0), column(1), column(2), column(3)];
                for i in 0..3 {
                    let line = narrowed([left[0][i], left[1][i], left[2][i], left[3][i]]);
                    (0..3).for_each(|j| out[3 * i + j][l] = line[j]);
                }
            }
            for (l, w) in w.chunks_exact_mut(TAPS).enumerate() {
                w.iter_mut().zip(&out).for_each(|(w, out)| *w = out[l]);
            }
        }
    }
}
