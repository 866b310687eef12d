//! Fused kernels over the rows of a contiguous matrix `[rows, width]`: softmax and its relatives, cross-entropy,
//! variance.

use super::real::Real;
use super::reduce::{Largest, Sum, fold_run};
use super::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;

/// Rows are handled in groups of about this many elements, so that every pass but the first finds them in the
/// first-level cache, and narrow rows still give the exponential long runs.
const GROUP: usize = 2048;

#[inline(always)]
fn group_rows(width: usize) -> usize {
    (GROUP / width.max(1)).max(1)
}

/// The value to subtract before exponentials: the row's maximum, or 0 where that is infinite and nothing can overflow
/// it.
#[inline(always)]
fn shift<T: Real>(x: &[T]) -> T {
    let m = fold_run(Largest, x);
    if m == T::NEG_INFINITY { T::ZERO } else { m }
}

struct Softmax<'a, T, const LOG: bool> {
    x: &'a [T],
    y: &'a mut [T],
    width: usize,
}

impl<T: Real, const LOG: bool> Kernel for Softmax<'_, T, LOG> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Softmax { x, y, width } = self;
        let step = group_rows(width) * width;
        let mut exps = [T::ZERO; GROUP];
        for (x, y) in x.chunks(step).zip(y.chunks_mut(step)) {
            for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
                let m = fold_run(Largest, x);
                for (y, x) in y.iter_mut().zip(x) {
                    *y = *x - m;
                }
            }
            if !LOG {
                for y in y.iter_mut() {
                    *y = y.exp();
                }
                for y in y.chunks_exact_mut(width) {
                    let scale = T::ONE / fold_run(Sum, y);
                    for y in y.iter_mut() {
                        *y = *y * scale;
                    }
                }
            } else if y.len() <= GROUP {
                let exps = &mut exps[..y.len()];
                for (e, y) in exps.iter_mut().zip(y.iter()) {
                    *e = y.exp();
                }
                for (y, e) in y.chunks_exact_mut(width).zip(exps.chunks_exact(width)) {
                    let log_sum = fold_run(Sum, e).ln();
                    for y in y.iter_mut() {
                        *y -= log_sum;
                    }
                }
            } else {
                let log_sum = sum_of_exps(y, T::ZERO).ln();
                for y in y.iter_mut() {
                    *y -= log_sum;
                }
            }
        }
    }
}

/// Σ exp(xᵢ − m) of one row, in groups that stay in the first-level cache.
#[inline(always)]
fn sum_of_exps<T: Real>(x: &[T], m: T) -> T {
    let mut exps = [T::ZERO; GROUP];
    let mut total = T::ZERO;
    for x in x.chunks(GROUP) {
        let exps = &mut exps[..x.len()];
        for (e, x) in exps.iter_mut().zip(x) {
            *e = (*x - m).exp();
        }
        total += fold_run(Sum, exps);
    }
    total
}

/// `y = softmax(x)`, or its logarithm, along each row.
pub fn softmax<T: Real, const LOG: bool>(x: &[T], width: usize, y: &mut [T]) {
    for_rows(y, width, width * 4, |rows, y| {
        let x = &x[rows.start * width..rows.end * width];
        vectorize(Softmax::<T, LOG> { x, y, width });
    });
}

struct SoftmaxPull<'a, T, const LOG: bool> {
    gy: &'a [T],
    y: &'a [T],
    gx: &'a mut [T],
    width: usize,
}

impl<T: Real, const LOG: bool> Kernel for SoftmaxPull<'_, T, LOG> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let rows = self.gy.chunks_exact(self.width).zip(self.y.chunks_exact(self.width));
        for ((gy, y), gx) in rows.zip(self.gx.chunks_exact_mut(self.width)) {
            if LOG {
                let total = fold_run(Sum, gy);
                for ((gx, gy), y) in gx.iter_mut().zip(gy).zip(y) {
                    *gx = *gy - y.exp() * total;
                }
            } else {
                for ((gx, gy), y) in gx.iter_mut().zip(gy).zip(y) {
                    *gx = *gy * *y;
                }
                let dot = fold_run(Sum, gx);
                for ((gx, gy), y) in gx.iter_mut().zip(gy).zip(y) {
                    *gx = (*gy - dot) * *y;
                }
            }
        }
    }
}

/// softmax: `gx = y (gy − Σ gy y)`; its logarithm: `gx = gy − eʸ Σ gy`; along each row.
pub fn softmax_pull<T: Real, const LOG: bool>(gy: &[T], y: &[T], width: usize, gx: &mut [T]) {
    for_rows(gx, width, width * 4, |rows, gx| {
        let run = rows.start * width..rows.end * width;
        vectorize(SoftmaxPull::<T, LOG> { gy: &gy[run.clone()], y: &y[run], gx, width });
    });
}

struct LogSumExp<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for LogSumExp<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let LogSumExp { x, y, width } = self;
        let step = group_rows(width);
        let mut exps = [T::ZERO; GROUP];
        for (x, y) in x.chunks(step * width).zip(y.chunks_mut(step)) {
            if x.len() > GROUP {
                let m = shift(x);
                y[0] = m + sum_of_exps(x, finite(m)).ln();
                continue;
            }
            let exps = &mut exps[..x.len()];
            for ((x, e), y) in x.chunks_exact(width).zip(exps.chunks_exact_mut(width)).zip(y.iter_mut()) {
                *y = shift(x);
                let m = finite(*y);
                for (e, x) in e.iter_mut().zip(x) {
                    *e = *x - m;
                }
            }
            for e in exps.iter_mut() {
                *e = e.exp();
            }
            for (e, y) in exps.chunks_exact(width).zip(y) {
                *y += fold_run(Sum, e).ln();
            }
        }
    }
}

/// +∞ − +∞ would be NaN: subtract nothing, and the sum is +∞ by itself.
#[inline(always)]
fn finite<T: Real>(m: T) -> T {
    if m == T::INFINITY { T::ZERO } else { m }
}

/// `y = ln Σ eˣ` of each row, without overflow; −∞ for a row of −∞.
pub fn log_sum_exp<T: Real>(x: &[T], width: usize, y: &mut [T]) {
    for_rows(y, 1, width * 4, |rows, y| {
        vectorize(LogSumExp { x: &x[rows.start * width..rows.end * width], y, width });
    });
}

struct ExpShifted<'a, T> {
    x: &'a [T],
    lse: &'a [T],
    scale: &'a [T],
    y: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for ExpShifted<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let ExpShifted { x, lse, scale, y, width } = self;
        let step = group_rows(width);
        let groups = x.chunks(step * width).zip(y.chunks_mut(step * width));
        for ((x, y), (lse, scale)) in groups.zip(lse.chunks(step).zip(scale.chunks(step))) {
            for ((x, y), lse) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(lse) {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = *x - *lse;
                }
            }
            for y in y.iter_mut() {
                *y = y.exp();
            }
            for (y, scale) in y.chunks_exact_mut(width).zip(scale) {
                for y in y.iter_mut() {
                    *y = *y * *scale;
                }
            }
        }
    }
}

/// `y = e^(x − lse) · scale`, with one `lse` and one `scale` per row: a softmax from its saved logarithm.
pub fn exp_shifted<T: Real>(x: &[T], lse: &[T], scale: &[T], width: usize, y: &mut [T]) {
    for_rows(y, width, width * 4, |rows, y| {
        let x = &x[rows.start * width..rows.end * width];
        vectorize(ExpShifted { x, lse: &lse[rows.clone()], scale: &scale[rows], y, width });
    });
}

struct SquaredDeviations<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for SquaredDeviations<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let mut squares = [T::ZERO; GROUP];
        for (x, y) in self.x.chunks_exact(self.width).zip(self.y) {
            let mean = fold_run(Sum, x) / T::of(self.width as f64);
            *y = T::ZERO;
            for x in x.chunks(GROUP) {
                let squares = &mut squares[..x.len()];
                for (s, x) in squares.iter_mut().zip(x) {
                    let d = *x - mean;
                    *s = d * d;
                }
                *y += fold_run(Sum, squares);
            }
        }
    }
}

/// `y = Σ (x − mean x)²` of each row, in two passes.
pub fn squared_deviations<T: Real>(x: &[T], width: usize, y: &mut [T]) {
    for_rows(y, 1, width * 2, |rows, y| {
        vectorize(SquaredDeviations { x: &x[rows.start * width..rows.end * width], y, width });
    });
}

/// `gx[i] = gy · Π_{j≠i} x[j]` of each row, by running products from both ends: exact where `x` has zeros.
pub fn product_pull<T: Real>(x: &[T], gy: &[T], width: usize, gx: &mut [T]) {
    for ((x, gy), gx) in x.chunks_exact(width).zip(gy).zip(gx.chunks_exact_mut(width)) {
        let mut before = T::ONE;
        for (gx, x) in gx.iter_mut().zip(x) {
            *gx = before;
            before = before * *x;
        }
        let mut after = T::ONE;
        for (gx, x) in gx.iter_mut().zip(x).rev() {
            *gx = *gx * after * *gy;
            after = after * *x;
        }
    }
}
