//! Fused kernels over the rows of a contiguous matrix `[rows, width]`: softmax and its relatives, cross-entropy,
//! products.

use super::real::Real;
use super::reduce::{Largest, Smallest, Sum, fold_run};
use super::simd::{Kernel, vectorize};
use super::wide::{Wide, near_products_of_others, products_of_others};
use crate::threads::parallel::{for_rows, for_rows_of_two};

/// Narrow rows are handled in groups of about this many elements, so that every pass but the first finds them in the
/// first-level cache, and they still give the exponential long runs.
const GROUP: usize = 2048;

/// Rows at least this wide give the exponential a long run by themselves.
const WIDE: usize = 128;

#[inline(always)]
fn group_rows(width: usize) -> usize {
    (GROUP / width.max(1)).max(1)
}

/// The value to subtract before exponentials: the row's maximum, or 0 where that is −∞ and nothing can overflow it.
#[inline(always)]
fn shift<T: Real>(x: &[T]) -> T {
    let m = fold_run(Largest, x);
    if m == T::NEG_INFINITY { T::ZERO } else { m }
}

/// +∞ − +∞ would be NaN: subtract nothing, and the sum is +∞ by itself.
#[inline(always)]
fn finite<T: Real>(m: T) -> T {
    if m == T::INFINITY { T::ZERO } else { m }
}

/// Below this sum the largest term, which is 1, hides digits of the others.
#[inline(always)]
fn hides_digits<T: Real>(total: T) -> bool {
    total < T::of(1.5)
}

/// `Σ e − 1` of exponentials of which the largest is 1. Where the others are small, they are added without it.
#[inline(always)]
fn rest<T: Real>(exps: &mut [T]) -> T {
    let total = fold_run(Sum, exps);
    if hides_digits(total)
        && let Some(one) = exps.iter_mut().find(|e| **e == T::ONE)
    {
        *one = T::ZERO;
        return fold_run(Sum, exps);
    }
    total - T::ONE
}

/// Σ exp(xᵢ − m), in groups that stay in the first-level cache.
#[inline(always)]
fn sum_of_exps<T: Real>(x: &[T], m: T, exps: &mut [T; GROUP]) -> T {
    let mut total = T::ZERO;
    for x in x.chunks(GROUP) {
        let exps = &mut exps[..x.len()];
        exps_of(x, m, exps);
        total += fold_run(Sum, exps);
    }
    total
}

/// `e = exp(x − m)`, m not below any x.
#[inline(always)]
fn exps_of<T: Real>(x: &[T], m: T, e: &mut [T]) {
    // Seldom is a number so small that its exponential is none, or hardly one: NaN and infinities are not near, either.
    if m - fold_run(Smallest, x) <= T::NEAR {
        for (e, x) in e.iter_mut().zip(x) {
            *e = x.exp_near(m);
        }
    } else {
        for (e, x) in e.iter_mut().zip(x) {
            *e = x.exp_less(m);
        }
    }
}

/// `e = exp(x − e)`
#[inline(always)]
fn exps_less<T: Real>(x: &[T], e: &mut [T]) {
    for (e, x) in e.iter_mut().zip(x) {
        *e = x.exp_less(*e);
    }
}

/// `Σ exp(xᵢ − m) − 1` of one row, whose largest element is m.
#[inline(always)]
fn rest_of_row<T: Real>(x: &[T], m: T, exps: &mut [T; GROUP]) -> T {
    if x.len() <= GROUP {
        let exps = &mut exps[..x.len()];
        exps_of(x, m, exps);
        return rest(exps);
    }
    let total = sum_of_exps(x, m, exps);
    match x.iter().position(|x| *x == m) {
        Some(at) if hides_digits(total) => sum_of_exps(&x[..at], m, exps) + sum_of_exps(&x[at + 1..], m, exps),
        _ => total - T::ONE,
    }
}

struct Softmax<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for Softmax<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Softmax { x, y, width } = self;
        if width >= WIDE {
            for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
                exps_of(x, fold_run(Largest, x), y);
                divide_by_sum(y);
            }
            return;
        }
        let step = group_rows(width) * width;
        for (x, y) in x.chunks(step).zip(y.chunks_mut(step)) {
            for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
                y.fill(fold_run(Largest, x));
            }
            exps_less(x, y);
            y.chunks_exact_mut(width).for_each(divide_by_sum);
        }
    }
}

struct LogSoftmax<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    norms: &'a mut [Norm<T>],
    width: usize,
}

impl<T: Real> Kernel for LogSoftmax<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let LogSoftmax { x, y, norms, width } = self;
        let mut exps = [T::ZERO; GROUP];
        if width >= WIDE {
            for ((x, y), norm) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(norms) {
                let m = fold_run(Largest, x);
                *norm = [m, rest_of_row(x, m, &mut exps)];
                log_probabilities(x, *norm, y);
            }
            return;
        }
        let step = group_rows(width);
        let groups = x.chunks(step * width).zip(y.chunks_mut(step * width));
        for ((x, y), norms) in groups.zip(norms.chunks_mut(step)) {
            let exps = &mut exps[..x.len()];
            for ((x, e), norm) in x.chunks_exact(width).zip(exps.chunks_exact_mut(width)).zip(norms.iter_mut()) {
                norm[0] = fold_run(Largest, x);
                e.fill(norm[0]);
            }
            exps_less(x, exps);
            let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width));
            for (((x, y), e), norm) in rows.zip(exps.chunks_exact_mut(width)).zip(norms) {
                norm[1] = rest(e);
                log_probabilities(x, *norm, y);
            }
        }
    }
}

/// `y = (x − m) − ln(1 + rest)`
#[inline(always)]
fn log_probabilities<T: Real>(x: &[T], [m, rest]: Norm<T>, y: &mut [T]) {
    let log_sum = rest.ln_1p();
    for (y, x) in y.iter_mut().zip(x) {
        *y = (*x - m) - log_sum;
    }
}

/// `y · (1 / Σ y)`: one division for the row.
#[inline(always)]
fn divide_by_sum<T: Real>(y: &mut [T]) {
    let scale = T::ONE / fold_run(Sum, y);
    for y in y.iter_mut() {
        *y = *y * scale;
    }
}

/// `y = softmax(x)` along each row.
pub fn softmax<T: Real>(x: &[T], width: usize, y: &mut [T]) {
    for_rows(y, width, width * 4, |rows, y| {
        vectorize(Softmax { x: &x[rows.start * width..rows.end * width], y, width });
    });
}

/// `y = ln softmax(x)` along each row, and the [`Norm`] of each row; a row of −∞ alone has a NaN in it.
pub fn log_softmax<T: Real>(x: &[T], width: usize, y: &mut [T], norms: &mut [Norm<T>]) {
    for_rows_of_two(y, width, width * 4, norms, |rows, y, norms| {
        vectorize(LogSoftmax { x: &x[rows.start * width..rows.end * width], y, norms, width });
    });
}

/// The position of the element of a row that is above ½, if there is one.
#[inline(always)]
fn dominant<T: Real>(y: &[T]) -> Option<usize> {
    let m = fold_run(Largest, y);
    if m > T::of(0.5) { y.iter().position(|y| *y == m) } else { None }
}

struct SoftmaxPull<'a, T> {
    gy: &'a [T],
    y: &'a [T],
    gx: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for SoftmaxPull<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let rows = self.gy.chunks_exact(self.width).zip(self.y.chunks_exact(self.width));
        for ((gy, y), gx) in rows.zip(self.gx.chunks_exact_mut(self.width)) {
            // The y of a row add up to 1, so what all gy have in common changes nothing. The gy of an element near 1
            // would be nearly all of the sum, and cancel.
            let common = dominant(y).map_or(T::ZERO, |i| gy[i]);
            for ((gx, gy), y) in gx.iter_mut().zip(gy).zip(y) {
                *gx = (*gy - common) * *y;
            }
            let dot = fold_run(Sum, gx);
            for ((gx, gy), y) in gx.iter_mut().zip(gy).zip(y) {
                *gx = ((*gy - common) - dot) * *y;
            }
        }
    }
}

/// `gx = y (gy − Σ gy y)` along each row.
pub fn softmax_pull<T: Real>(gy: &[T], y: &[T], width: usize, gx: &mut [T]) {
    for_rows(gx, width, width * 4, |rows, gx| {
        let run = rows.start * width..rows.end * width;
        vectorize(SoftmaxPull { gy: &gy[run.clone()], y: &y[run], gx, width });
    });
}

struct LogSoftmaxPull<'a, T> {
    gy: &'a [T],
    x: &'a [T],
    norms: &'a [Norm<T>],
    gx: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for LogSoftmaxPull<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let LogSoftmaxPull { gy, x, norms, gx, width } = self;
        let rows = gy.chunks_exact(width).zip(x.chunks_exact(width)).zip(norms);
        for (((gy, x), [m, rest]), gx) in rows.zip(gx.chunks_exact_mut(width)) {
            let scale = fold_run(Sum, gy) / (T::ONE + *rest);
            exps_of(x, *m, gx);
            for (gx, gy) in gx.iter_mut().zip(gy) {
                *gx = *gy - *gx * scale;
            }
            // Near probability 1 the two would cancel; the gx of a row add up to 0.
            if *rest < T::ONE
                && let Some(i) = x.iter().position(|x| x == m)
            {
                gx[i] = -(fold_run(Sum, &gx[..i]) + fold_run(Sum, &gx[i + 1..]));
            }
        }
    }
}

/// `gx = gy − softmax(x) Σ gy` along each row, from the norms of the rows.
pub fn log_softmax_pull<T: Real>(gy: &[T], x: &[T], norms: &[Norm<T>], width: usize, gx: &mut [T]) {
    for_rows(gx, width, width * 4, |rows, gx| {
        let run = rows.start * width..rows.end * width;
        vectorize(LogSoftmaxPull { gy: &gy[run.clone()], x: &x[run], norms: &norms[rows], gx, width });
    });
}

/// What is kept of a row of exponentials: its largest element m (0 where that is −∞), and `Σ e^(x − m) − 1`. The two
/// stay apart: in their sum `ln Σ eˣ` the second loses the digits that the first has before the point.
pub type Norm<T> = [T; 2];

struct Norms<'a, T> {
    x: &'a [T],
    norms: &'a mut [Norm<T>],
    width: usize,
}

impl<T: Real> Kernel for Norms<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Norms { x, norms, width } = self;
        let mut exps = [T::ZERO; GROUP];
        if width >= WIDE {
            for (x, norm) in x.chunks_exact(width).zip(norms) {
                let m = shift(x);
                *norm = [m, if m == T::INFINITY { m } else { rest_of_row(x, m, &mut exps) }];
            }
            return;
        }
        let step = group_rows(width);
        for (x, norms) in x.chunks(step * width).zip(norms.chunks_mut(step)) {
            let exps = &mut exps[..x.len()];
            for ((x, e), norm) in x.chunks_exact(width).zip(exps.chunks_exact_mut(width)).zip(norms.iter_mut()) {
                norm[0] = shift(x);
                e.fill(finite(norm[0]));
            }
            exps_less(x, exps);
            for (e, norm) in exps.chunks_exact_mut(width).zip(norms) {
                norm[1] = rest(e);
            }
        }
    }
}

/// The [`Norm`] of each row.
pub fn norms<T: Real>(x: &[T], width: usize, norms: &mut [Norm<T>]) {
    for_rows(norms, 1, width * 4, |rows, norms| {
        vectorize(Norms { x: &x[rows.start * width..rows.end * width], norms, width });
    });
}

/// `ln Σ eˣ` of a row; −∞ for a row of −∞.
pub fn log_sum_exp<T: Real>([m, rest]: Norm<T>) -> T {
    m + rest.ln_1p()
}

/// `x − ln Σ eˣ` for an element of a row: two sums of one sign, in which nothing cancels.
pub fn log_probability<T: Real>(x: T, [m, rest]: Norm<T>) -> T {
    -((m - x) + rest.ln_1p())
}

struct Probabilities<'a, T> {
    x: &'a [T],
    norms: &'a [Norm<T>],
    gy: &'a [T],
    gx: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for Probabilities<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Probabilities { x, norms, gy, gx, width } = self;
        let step = group_rows(width);
        let groups = x.chunks(step * width).zip(gx.chunks_mut(step * width));
        for ((x, gx), (norms, gy)) in groups.zip(norms.chunks(step).zip(gy.chunks(step))) {
            if width >= WIDE {
                for ((x, gx), [m, _]) in x.chunks_exact(width).zip(gx.chunks_exact_mut(width)).zip(norms) {
                    exps_of(x, *m, gx);
                }
            } else {
                for (gx, [m, _]) in gx.chunks_exact_mut(width).zip(norms) {
                    gx.fill(*m);
                }
                exps_less(x, gx);
            }
            for (gx, ([_, rest], gy)) in gx.chunks_exact_mut(width).zip(norms.iter().zip(gy)) {
                let total = T::ONE + *rest;
                // A row of −∞ has no probabilities, and a gradient of 0.
                let scale = if total == T::ZERO { T::ZERO } else { *gy / total };
                for gx in gx.iter_mut() {
                    *gx = *gx * scale;
                }
            }
        }
    }
}

/// `gx = gy · softmax(x)` from the norms of the rows, with one `gy` per row; 0 for a row of −∞.
pub fn probabilities<T: Real>(x: &[T], norms: &[Norm<T>], gy: &[T], width: usize, gx: &mut [T]) {
    for_rows(gx, width, width * 4, |rows, gx| {
        let x = &x[rows.start * width..rows.end * width];
        vectorize(Probabilities { x, norms: &norms[rows.clone()], gy: &gy[rows], gx, width });
    });
}

/// `gx[i] = gy · Π_{j≠i} x[j]` of each row, exact where `x` has zeros, and finite where the product is.
pub fn product_pull<T: Real>(x: &[T], gy: &[T], width: usize, gx: &mut [T]) {
    for_rows(gx, width, width * 8, |rows, gx| {
        let (mut near, mut wide) = (Vec::with_capacity(width), Vec::new());
        let x = x[rows.start * width..rows.end * width].chunks_exact(width);
        for ((x, gy), gx) in x.zip(&gy[rows]).zip(gx.chunks_exact_mut(width)) {
            if !near_products_of_others(x, *gy, &mut near, gx) {
                products_of_others(x, &mut wide, |i, others| gx[i] = others.times(Wide::of(*gy)).value());
            }
        }
    });
}
