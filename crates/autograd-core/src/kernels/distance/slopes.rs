//! The gradients of norms of differences, row by row.
//!
//! For p = 2 and every row with every row in the precision of the operands, where that is sure: [`TERMS`] terms are
//! summed up one after the other, and these sums in double precision.

use super::{Distance, Metric, Pairs};
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, Vectorized};
use crate::kernels::transpose::turn;
use pulp::Simd;
use std::ops::Range;

/// Terms that are summed up in the precision of the operands.
const TERMS: usize = 64;

/// Rows whose factors are found together.
pub(super) const BLOCK: usize = 16;

/// Rows that are summed up together.
const ROWS: usize = 2;

/// The gradients of a range of rows.
pub(super) struct Slopes<'a, T> {
    pub(super) of: Distance,
    pub(super) second: bool,
    pub(super) rows: &'a [T],
    pub(super) others: &'a [T],
    pub(super) y: &'a [T],
    pub(super) gy: &'a [T],
    pub(super) range: Range<usize>,
    pub(super) gx: &'a mut [T],
}

impl<T: Real> Vectorized for Slopes<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Distance { width, pairs, metric } = self.of;
        match pairs {
            Pairs::All { m, n } if metric.p == 2.0 && metric.eps == 0.0 => self.all(simd, [m, n]),
            _ => {
                let (mut sum, mut partners) = (vec![0.0; width], Vec::new());
                for r in self.range.clone() {
                    self.one(r, &mut partners, &mut sum);
                }
            }
        }
    }
}

impl<T: Real> Slopes<'_, T> {
    /// The gradient of row r, in double precision.
    #[inline(always)]
    fn one(&mut self, r: usize, partners: &mut Vec<(usize, usize)>, sum: &mut [f64]) {
        let Distance { width, pairs, metric } = self.of;
        let row = &self.rows[r * width..(r + 1) * width];
        sum.fill(0.0);
        // Listed first: a closure would be compiled without the instructions of this kernel.
        partners.clear();
        pairs.partners(r, self.second, |partner, k| partners.push((partner, k)));
        for &(partner, k) in &*partners {
            let other = &self.others[partner * width..(partner + 1) * width];
            let (norm, g) = (self.y[k].as_f64(), self.gy[k].as_f64());
            if self.second {
                metric.pull(metric.differences(other, row), norm, -g, sum);
            } else {
                metric.pull(metric.differences(row, other), norm, g, sum);
            }
        }
        let gx = &mut self.gx[(r - self.range.start) * width..][..width];
        gx.iter_mut().zip(sum).for_each(|(gx, sum)| *gx = T::of(*sum));
    }

    /// The gradients of rows that are paired with all of a batch.
    #[inline(always)]
    fn all<S: Simd>(&mut self, simd: S, [m, n]: [usize; 2]) {
        let (width, second) = (self.of.width, self.second);
        let (own, partners) = if second { (n, m) } else { (m, n) };
        let (mut scales, mut aside) = (vec![T::ZERO; BLOCK * partners], vec![T::ZERO; BLOCK * partners]);
        let (mut sums, mut list) = (vec![0.0; ROWS * width], Vec::new());
        let mut first = self.range.start;
        while first < self.range.end {
            let batch = first / own;
            let count = BLOCK.min(self.range.end - first).min((batch + 1) * own - first);
            if second {
                for (i, to) in aside.chunks_exact_mut(count).take(m).enumerate() {
                    let at = (batch * m + i) * n + first - batch * n;
                    scale(self.of.metric, &self.y[at..at + count], &self.gy[at..at + count], to);
                }
                turn(simd, [m, count], (&aside, count), (&mut scales, m));
            } else {
                let at = first * n..(first + count) * n;
                scale(self.of.metric, &self.y[at.clone()], &self.gy[at], &mut scales[..count * n]);
            }
            let others = &self.others[batch * partners * width..][..partners * width];
            for i in (0..count).step_by(ROWS) {
                // The last row is taken twice rather than left over.
                let (mut at, mut rows, mut factors) = ([0; ROWS], [self.rows; ROWS], [&scales[..]; ROWS]);
                for r in 0..ROWS {
                    at[r] = (i + r).min(count - 1);
                    rows[r] = &self.rows[(first + at[r]) * width..][..width];
                    factors[r] = &scales[at[r] * partners..][..partners];
                }
                sums.fill(0.0);
                for (start, others) in others.chunks(TERMS * width.max(1)).enumerate() {
                    let factors = factors.each(|factors| &factors[start * TERMS..]);
                    add(simd, rows, others, factors, &mut sums);
                }
                for (r, i) in at.into_iter().enumerate() {
                    if factors[r].iter().any(|factor| factor.is_nan()) {
                        self.one(first + i, &mut list, &mut sums[r * width..][..width]);
                        continue;
                    }
                    let gx = &mut self.gx[(first + i - self.range.start) * width..][..width];
                    gx.iter_mut().zip(&sums[r * width..]).for_each(|(gx, sum)| *gx = T::of(*sum));
                }
            }
            first += count;
        }
    }
}

/// The factors of differences in the gradients of norms; NaN where a sum in the precision of the operands would not be
/// sure.
#[inline(always)]
fn scale<T: Real>(metric: Metric, norms: &[T], g: &[T], scales: &mut [T]) {
    for ((norm, g), scale) in norms.iter().zip(g).zip(scales) {
        let none = *norm == T::ZERO;
        let slope = *g / T::select(none, T::ONE, *norm);
        // No sum of terms, each of which is at most |g|, is too large.
        let normal = (*g == T::ZERO) | ((slope.abs() >= T::of(1e-30)) & (slope.abs() < T::of(1e30)));
        let normal = normal & (g.abs() < T::of(1e36));
        let sure = T::select(normal & metric.is_sure_in(*norm), slope, T::NAN);
        *scale = T::select(none, T::ZERO, sure);
    }
}

/// Adds the slopes towards some partners, by their factors, to the sums of all rows.
#[inline(always)]
fn add<T: Real, S: Simd>(simd: S, rows: [&[T]; ROWS], others: &[T], factors: [&[T]; ROWS], sums: &mut [f64]) {
    let (width, vector) = (rows[0].len(), T::count::<S>());
    let mut start = 0;
    while start + 2 * vector <= width {
        add_some::<T, S, 2>(simd, start, rows, others, factors, sums);
        start += 2 * vector;
    }
    while start + vector <= width {
        add_some::<T, S, 1>(simd, start, rows, others, factors, sums);
        start += vector;
    }
    for r in 0..ROWS {
        for at in start..width {
            let mut sum = T::ZERO;
            for (other, factor) in others.chunks_exact(width).zip(factors[r]) {
                sum = (rows[r][at] - other[at]).mul_add(*factor, sum);
            }
            sums[r * width + at] += sum.as_f64();
        }
    }
}

/// V vectors of the sums.
#[inline(always)]
fn add_some<T: Real, S: Simd, const V: usize>(
    simd: S,
    start: usize,
    rows: [&[T]; ROWS],
    others: &[T],
    factors: [&[T]; ROWS],
    to: &mut [f64],
) {
    let (width, vector) = (rows[0].len(), T::count::<S>());
    let (zero, minus) = (T::splat(simd, T::ZERO), T::splat(simd, -T::ONE));
    let mut own = [[zero; V]; ROWS];
    for r in 0..ROWS {
        own[r].copy_from_slice(&T::whole::<S>(&rows[r][start..start + V * vector])[..V]);
    }
    let mut sums = [[zero; V]; ROWS];
    for (j, other) in others.chunks_exact(width).enumerate() {
        let other = T::whole::<S>(&other[start..start + V * vector]);
        for r in 0..ROWS {
            let factor = T::splat(simd, factors[r][j]);
            for v in 0..V {
                let d = T::mul_add_all(simd, other[v], minus, own[r][v]);
                sums[r][v] = T::mul_add_all(simd, d, factor, sums[r][v]);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        for (v, sum) in sums.into_iter().enumerate() {
            let mut lanes = [T::ZERO; 16];
            T::store(simd, sum, &mut lanes[..vector]);
            let at = r * width + start + v * vector;
            to[at..at + vector].iter_mut().zip(lanes).for_each(|(to, lane)| *to += lane.as_f64());
        }
    }
}
