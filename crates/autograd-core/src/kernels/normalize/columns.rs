//! Columns of a contiguous matrix: their moments, and sums of gradients along them.

use super::super::moments::Moments;
use super::super::real::Real;
use super::super::simd::{Each, Kernel, vectorize};
use super::Norm;
use crate::threads::parallel::{share, worth_sharing};

const STRIP: usize = 128;
const BLOCK: usize = 32;
/// Levels of carries: 2³² blocks of rows are more than memory holds.
const LEVELS: usize = 32;

/// Two sums for each column of a strip.
type Sums<T> = [[T; STRIP]; 2];

/// What is added to the two sums of each column for a row.
trait Row<T> {
    /// Mark it `#[inline(always)]`.
    fn add(&self, row: usize, first: &mut [T], second: &mut [T]);
}

#[inline(always)]
fn over_block<T: Real>(rows: std::ops::Range<usize>, width: usize, of: &impl Row<T>) -> Sums<T> {
    let mut sums = [[T::ZERO; STRIP]; 2];
    let [first, second] = &mut sums;
    for row in rows {
        of.add(row, &mut first[..width], &mut second[..width]);
    }
    sums
}

#[inline(always)]
fn join<T: Real>(sums: &mut Sums<T>, part: &Sums<T>) {
    for (sums, part) in sums.iter_mut().zip(part) {
        for (sum, part) in sums.iter_mut().zip(part) {
            *sum = *part + *sum;
        }
    }
}

/// Sums over rows: blocks of rows in sequence, joined pairwise as a binary counter carries.
#[inline(always)]
fn over_rows<T: Real>(rows: usize, width: usize, of: impl Row<T>) -> Sums<T> {
    if rows <= BLOCK {
        return over_block(0..rows, width, &of);
    }
    let mut partial = [[[T::ZERO; STRIP]; 2]; LEVELS];
    let (mut used, mut count) = (0, 0usize);
    for from in (0..rows).step_by(BLOCK) {
        let mut sums = over_block(from..(from + BLOCK).min(rows), width, &of);
        count += 1;
        for _ in 0..count.trailing_zeros() {
            used -= 1;
            join(&mut sums, &partial[used]);
        }
        partial[used] = sums;
        used += 1;
    }
    let mut total = [[T::ZERO; STRIP]; 2];
    for part in partial[..used].iter().rev() {
        join(&mut total, part);
    }
    total
}

/// A strip of a matrix.
#[derive(Clone, Copy)]
struct Strip<'a, T> {
    x: &'a [T],
    columns: usize,
    from: usize,
}

impl<'a, T> Strip<'a, T> {
    #[inline(always)]
    fn row(self, row: usize, width: usize) -> &'a [T] {
        &self.x[row * self.columns + self.from..][..width]
    }
}

/// `Σ x`
struct Plain<'a, T>(Strip<'a, T>);

impl<T: Real> Row<T> for Plain<'_, T> {
    #[inline(always)]
    fn add(&self, row: usize, first: &mut [T], _: &mut [T]) {
        let x = self.0.row(row, first.len());
        for (sum, x) in first.iter_mut().zip(x) {
            *sum += *x;
        }
    }
}

/// `Σ (x − c)` and `Σ (x − c)²`
struct Deviations<'a, T>(Strip<'a, T>, &'a [T]);

impl<T: Real> Row<T> for Deviations<'_, T> {
    #[inline(always)]
    fn add(&self, row: usize, first: &mut [T], second: &mut [T]) {
        let x = self.0.row(row, first.len());
        for (((sum, squares), x), c) in first.iter_mut().zip(second).zip(x).zip(self.1) {
            let d = *x - *c;
            *sum += d;
            *squares += d * d;
        }
    }
}

/// `Σ gy` and `Σ gy x̂`, with a norm for each row.
struct ByRows<'a, T>([Strip<'a, T>; 2], &'a [Norm<T>]);

impl<T: Real> Row<T> for ByRows<'_, T> {
    #[inline(always)]
    fn add(&self, row: usize, first: &mut [T], second: &mut [T]) {
        let [c, drift, r] = self.1[row];
        let [gy, x] = self.0.each(|strip| strip.row(row, first.len()));
        for (((sum, product), gy), x) in first.iter_mut().zip(second).zip(gy).zip(x) {
            *sum += *gy;
            *product += *gy * (((*x - c) - drift) * r);
        }
    }
}

/// `Σ gy` and `Σ gy (x − μ)`, with a mean for each column.
struct ByColumns<'a, T>([Strip<'a, T>; 2], [&'a [T]; 2]);

impl<T: Real> Row<T> for ByColumns<'_, T> {
    #[inline(always)]
    fn add(&self, row: usize, first: &mut [T], second: &mut [T]) {
        let [gy, x] = self.0.each(|strip| strip.row(row, first.len()));
        let means = self.1[0].iter().zip(self.1[1]);
        for ((((sum, product), gy), x), (c, drift)) in first.iter_mut().zip(second).zip(gy).zip(x).zip(means) {
            *sum += *gy;
            *product += *gy * ((*x - *c) - *drift);
        }
    }
}

/// Calls `strip(first column, results)` for every strip.
fn for_strips<U: Send>(y: &mut [U], elements: usize, strip: impl Fn(usize, &mut [U]) + Sync) {
    if y.len() > STRIP && worth_sharing(elements) {
        share(y, STRIP, &|s, y| strip(s * STRIP, y));
    } else {
        y.chunks_mut(STRIP).enumerate().for_each(|(s, y)| strip(s * STRIP, y));
    }
}

struct StripMoments<'a, T> {
    x: &'a [T],
    columns: usize,
    from: usize,
    y: &'a mut [Moments<T>],
}

impl<T: Real> Kernel for StripMoments<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let StripMoments { x, columns, from, y } = self;
        let (width, rows, strip) = (y.len(), x.len() / columns, Strip { x, columns, from });
        let n = T::of(rows as f64);
        let [mut centre, _] = over_rows(rows, width, Plain(strip));
        for (i, c) in centre[..width].iter_mut().enumerate() {
            // The mean of equal elements is one of them, to the bit; where the sum overflows, one will do.
            let (first, mean): (T, T) = (x[from + i], *c / n);
            let equal = (0..rows).all(|row| x[row * columns + from + i] == first);
            *c = if equal || !mean.is_finite() { first } else { mean };
        }
        let [sum, squares] = over_rows(rows, width, Deviations(strip, &centre));
        for (i, y) in y.iter_mut().enumerate() {
            let drift = sum[i] / n;
            let left = squares[i] - sum[i] * drift;
            *y = [centre[i], drift, if left < T::ZERO { T::ZERO } else { left }];
        }
    }
}

/// The [`Moments`] of each column; there is a row at least.
pub fn column_moments<T: Real>(x: &[T], y: &mut [Moments<T>]) {
    let columns = y.len();
    for_strips(y, x.len() * 3, |from, y| vectorize(StripMoments { x, columns, from, y }));
}

/// The norms that elements are measured by.
#[derive(Clone, Copy)]
pub enum Norms<'a, T> {
    /// One for each row.
    Rows(&'a [Norm<T>]),
    /// One for every so many columns.
    Columns(&'a [Norm<T>], usize),
}

struct StripPairs<'a, T> {
    gy: &'a [T],
    x: &'a [T],
    norms: Norms<'a, T>,
    columns: usize,
    from: usize,
    y: &'a mut [[T; 2]],
}

impl<T: Real> Kernel for StripPairs<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let StripPairs { gy, x, norms, columns, from, y } = self;
        let (width, rows) = (y.len(), x.len() / columns);
        let strips = [gy, x].each(|x| Strip { x, columns, from });
        let sums = match norms {
            Norms::Rows(norms) => over_rows(rows, width, ByRows(strips, norms)),
            Norms::Columns(norms, each) => {
                let [mut centres, mut drifts, mut inverses] = [[T::ZERO; STRIP]; 3];
                for i in 0..width {
                    [centres[i], drifts[i], inverses[i]] = norms[(from + i) / each];
                }
                let mut sums = over_rows(rows, width, ByColumns(strips, [&centres, &drifts]));
                for (product, r) in sums[1].iter_mut().zip(&inverses) {
                    *product = *product * *r;
                }
                sums
            }
        };
        for (i, y) in y.iter_mut().enumerate() {
            *y = [sums[0][i], sums[1][i]];
        }
    }
}

/// `Σ gy` and `Σ gy x̂` of each column.
pub fn column_pairs<T: Real>(gy: &[T], x: &[T], norms: Norms<'_, T>, y: &mut [[T; 2]]) {
    let columns = y.len();
    for_strips(y, x.len() * 2, |from, y| vectorize(StripPairs { gy, x, norms, columns, from, y }));
}
