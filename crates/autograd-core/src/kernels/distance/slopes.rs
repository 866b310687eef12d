//! The gradients of norms of differences, row by row.
//!
//! For p = 2 in the precision of the operands, where that is sure: [`TERMS`] terms are summed up in two sums, one after
//! the other, and these sums in double precision.

use super::{Distance, Metric};
use crate::kernels::real::Real;
use crate::kernels::simd::Vectorized;
use pulp::Simd;
use std::ops::Range;

/// Terms that are summed up in the precision of the operands.
const TERMS: usize = 64;

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
    fn run<S: Simd>(self, simd: S) {
        let Slopes { of: Distance { width, pairs, metric }, second, rows, others, y, gy, range, gx } = self;
        let (mut sum, mut partners, mut scales) = (vec![0.0; width], Vec::new(), Vec::new());
        for (r, gx) in range.zip(gx.chunks_exact_mut(width)) {
            sum.fill(0.0);
            let row = &rows[r * width..(r + 1) * width];
            // Listed first: a closure would be compiled without the instructions of this kernel.
            partners.clear();
            pairs.partners(r, second, |partner, k| partners.push((partner, k)));
            if scale(metric, &partners, y, gy, &mut scales) {
                for (partners, scales) in partners.chunks(TERMS).zip(scales.chunks(TERMS)) {
                    add(simd, row, others, (partners, scales), &mut sum);
                }
            } else {
                for &(partner, k) in &partners {
                    let other = &others[partner * width..(partner + 1) * width];
                    let (norm, g) = (y[k].as_f64(), gy[k].as_f64());
                    if second {
                        metric.pull(metric.differences(other, row), norm, -g, &mut sum);
                    } else {
                        metric.pull(metric.differences(row, other), norm, g, &mut sum);
                    }
                }
            }
            gx.iter_mut().zip(&sum).for_each(|(gx, sum)| *gx = T::of(*sum));
        }
    }
}

/// The factors of the differences in the gradient of a row; `false` if sums in the precision of the operands would not be
/// sure, or for another norm.
#[inline(always)]
fn scale<T: Real>(metric: Metric, partners: &[(usize, usize)], y: &[T], gy: &[T], scales: &mut Vec<T>) -> bool {
    if metric.eps != 0.0 || metric.p != 2.0 {
        return false;
    }
    let mut sure = true;
    scales.clear();
    for &(_, k) in partners {
        let (norm, g) = (y[k], gy[k]);
        let scale = if norm == T::ZERO { T::ZERO } else { g / norm };
        let normal = g == T::ZERO || (T::of(1e-30)..T::of(1e30)).contains(&scale.abs());
        sure &= norm == T::ZERO || (normal && metric.is_sure_in(norm));
        scales.push(scale);
    }
    sure
}

/// Adds the slopes towards some partners, by their factors.
#[inline(always)]
fn add<T: Real, S: Simd>(simd: S, row: &[T], others: &[T], partners: (&[(usize, usize)], &[T]), sum: &mut [f64]) {
    let (width, vector) = (row.len(), T::count::<S>());
    let mut start = 0;
    while start + 2 * vector <= width {
        add_some::<T, S, 2>(simd, start, row, others, partners, sum);
        start += 2 * vector;
    }
    while start + vector <= width {
        add_some::<T, S, 1>(simd, start, row, others, partners, sum);
        start += vector;
    }
    for at in start..width {
        let mut sums = [T::ZERO; 2];
        for (i, (&(partner, _), scale)) in partners.0.iter().zip(partners.1).enumerate() {
            sums[i % 2] = (row[at] - others[partner * width + at]).mul_add(*scale, sums[i % 2]);
        }
        sum[at] += (sums[0] + sums[1]).as_f64();
    }
}

/// V vectors of the sum, the terms of every second partner apart: they do not wait for each other.
#[inline(always)]
fn add_some<T: Real, S: Simd, const V: usize>(
    simd: S,
    start: usize,
    row: &[T],
    others: &[T],
    (partners, scales): (&[(usize, usize)], &[T]),
    sum: &mut [f64],
) {
    let (width, vector) = (row.len(), T::count::<S>());
    let (zero, minus) = (T::splat(simd, T::ZERO), T::splat(simd, -T::ONE));
    let own = &T::whole::<S>(&row[start..start + V * vector])[..V];
    let mut sums = [[zero; V]; 2];
    let (partner_pairs, last) = partners.as_chunks::<2>();
    let (scale_pairs, last_scale) = scales.as_chunks::<2>();
    let terms = |(partner, _): (usize, usize)| &T::whole::<S>(&others[partner * width + start..][..V * vector])[..V];
    for (partners, scales) in partner_pairs.iter().zip(scale_pairs) {
        for i in 0..2 {
            let (other, scale) = (terms(partners[i]), T::splat(simd, scales[i]));
            for v in 0..V {
                let d = T::mul_add_all(simd, other[v], minus, own[v]);
                sums[i][v] = T::mul_add_all(simd, d, scale, sums[i][v]);
            }
        }
    }
    for (partner, scale) in last.iter().zip(last_scale) {
        let (other, scale) = (terms(*partner), T::splat(simd, *scale));
        for v in 0..V {
            let d = T::mul_add_all(simd, other[v], minus, own[v]);
            sums[0][v] = T::mul_add_all(simd, d, scale, sums[0][v]);
        }
    }
    for v in 0..V {
        let mut both = [T::ZERO; 16];
        T::store(simd, T::add_all(simd, sums[0][v], sums[1][v]), &mut both[..vector]);
        let at = start + v * vector;
        sum[at..at + vector].iter_mut().zip(both).for_each(|(sum, both)| *sum += both.as_f64());
    }
}
