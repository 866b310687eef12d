//! Rows that are normalised each by its own mean and variance.

use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::super::sums::sums_of;
use super::{Norm, Rule};
use crate::threads::parallel::{for_rows, for_rows_of_two};

/// Weights and biases of rows, of which there may be none; each is that of `each` elements. The numbers of a row follow
/// those of the row before it, and begin again with the first where there are no more.
#[derive(Clone, Copy)]
pub struct Affine<'a, T> {
    /// The factors.
    pub weight: &'a [T],
    /// The summands.
    pub bias: &'a [T],
    /// The number of neighbouring elements that share them.
    pub each: usize,
}

/// The numbers of a row.
#[inline(always)]
fn of_row<T>(all: &[T], row: usize, count: usize) -> &[T] {
    if all.is_empty() {
        return all;
    }
    let from = row * count % all.len();
    &all[from..from + count]
}

/// `y = (x − μ) r w + b`
#[inline(always)]
fn write_row<T: Real>(x: &[T], norm: Norm<T>, weight: &[T], bias: &[T], each: usize, y: &mut [T]) {
    let [c, drift, r] = norm;
    if each > 1 || (weight.is_empty() && bias.is_empty()) {
        let each = if weight.is_empty() && bias.is_empty() { x.len() } else { each };
        for (i, (x, y)) in x.chunks(each).zip(y.chunks_mut(each)).enumerate() {
            let scale = weight.get(i).map_or(r, |w| r * *w);
            let shift = bias.get(i).copied().unwrap_or_default();
            for (y, x) in y.iter_mut().zip(x) {
                *y = ((*x - c) - drift) * scale + shift;
            }
        }
        return;
    }
    match (weight.is_empty(), bias.is_empty()) {
        (false, false) => {
            for ((y, x), (w, b)) in y.iter_mut().zip(x).zip(weight.iter().zip(bias)) {
                *y = ((*x - c) - drift) * r * *w + *b;
            }
        }
        (false, true) => {
            for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
                *y = ((*x - c) - drift) * r * *w;
            }
        }
        (true, _) => {
            for ((y, x), b) in y.iter_mut().zip(x).zip(bias) {
                *y = ((*x - c) - drift) * r + *b;
            }
        }
    }
}

struct Forward<'a, T> {
    rule: Rule,
    x: &'a [T],
    affine: Affine<'a, T>,
    width: usize,
    first: usize,
    y: &'a mut [T],
    norms: &'a mut [Norm<T>],
}

impl<T: Real> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Forward { rule, x, affine: Affine { weight, bias, each }, width, first, y, norms } = self;
        let count = width / each;
        let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(norms);
        for (row, ((x, y), norm)) in (first..).zip(rows) {
            *norm = rule.norm(x);
            write_row(x, *norm, of_row(weight, row, count), of_row(bias, row, count), each, y);
        }
    }
}

/// Normalises each row, which is not empty; `norms` has one for each.
pub fn forward<T: Real>(rule: Rule, x: &[T], affine: Affine<'_, T>, width: usize, y: &mut [T], norms: &mut [Norm<T>]) {
    for_rows_of_two(y, width, width * 2, norms, |rows, y, norms| {
        let x = &x[rows.start * width..rows.end * width];
        vectorize(Forward { rule, x, affine, width, first: rows.start, y, norms });
    });
}

/// The gradient `g = gy w` of normalised elements.
#[inline(always)]
fn weighted<T: Real>(gy: &[T], weight: &[T], each: usize, g: &mut [T]) {
    for ((g, gy), w) in g.chunks_mut(each).zip(gy.chunks(each)).zip(weight) {
        g.iter_mut().zip(gy).for_each(|(g, gy)| *g = *gy * *w);
    }
}

struct PullRows<'a, T> {
    centred: bool,
    gy: &'a [T],
    x: &'a [T],
    norms: &'a [Norm<T>],
    affine: Affine<'a, T>,
    width: usize,
    first: usize,
    gx: &'a mut [T],
}

impl<T: Real> Kernel for PullRows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let PullRows { centred, gy, x, norms, affine: Affine { weight, each, .. }, width, first, gx } = self;
        let (count, n) = (width / each, T::of(width as f64));
        let rows = gy.chunks_exact(width).zip(x.chunks_exact(width)).zip(gx.chunks_exact_mut(width)).zip(norms);
        for (row, (((gy, x), gx), norm)) in (first..).zip(rows) {
            let (weight, [c, drift, r]) = (of_row(weight, row, count), *norm);
            let by_element = each == 1 && !weight.is_empty();
            let terms = |g: T, x: T| [g, g * ((x - c) - drift)];
            let [sum, product] = if by_element {
                sums_of([gy, x, weight], |[gy, x, w]| terms(gy * w, x))
            } else if weight.is_empty() {
                sums_of([gy, x], |[gy, x]| terms(gy, x))
            } else {
                weighted(gy, weight, each, gx);
                sums_of([gx, x], |[g, x]| terms(g, x))
            };
            // In this order no power of r overflows or vanishes by itself.
            let slope = -(product * r / n * r);
            let shift = if centred { -(sum * r / n) } else { T::ZERO };
            let of = |g: T, x: T| (g + ((x - c) - drift) * slope) * r + shift;
            if by_element {
                for ((gx, x), (gy, w)) in gx.iter_mut().zip(x).zip(gy.iter().zip(weight)) {
                    *gx = of(*gy * *w, *x);
                }
            } else if weight.is_empty() {
                gx.iter_mut().zip(x).zip(gy).for_each(|((gx, x), gy)| *gx = of(*gy, *x));
            } else {
                gx.iter_mut().zip(x).for_each(|(gx, x)| *gx = of(*gx, *x));
            }
        }
    }
}

/// `gx = r (g − mean g − x̂ mean(g x̂))` of each row, with `g = gy w` and `x̂ = (x − μ) r`; without `mean g` if the
/// rule is not centred.
pub fn pull<T: Real>(
    centred: bool,
    gy: &[T],
    x: &[T],
    norms: &[Norm<T>],
    affine: Affine<'_, T>,
    width: usize,
    gx: &mut [T],
) {
    for_rows(gx, width, width * 3, |rows, gx| {
        let run = rows.start * width..rows.end * width;
        let (gy, x, first) = (&gy[run.clone()], &x[run], rows.start);
        vectorize(PullRows { centred, gy, x, norms: &norms[rows], affine, width, first, gx });
    });
}

struct Segments<'a, T, F> {
    gy: &'a [T],
    x: &'a [T],
    norm: F,
    width: usize,
    first: usize,
    y: &'a mut [[T; 2]],
}

impl<T: Real, F: Fn(usize) -> Norm<T>> Kernel for Segments<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Segments { gy, x, norm, width, first, y } = self;
        let segments = gy.chunks_exact(width).zip(x.chunks_exact(width)).zip(y);
        for (segment, ((gy, x), y)) in (first..).zip(segments) {
            let [c, drift, r] = norm(segment);
            let [sum, product] = sums_of([gy, x], |[gy, x]| [gy, gy * ((x - c) - drift)]);
            *y = [sum, product * r];
        }
    }
}

/// `Σ gy` and `Σ gy x̂` of each run of `width` elements, of which `norm` says the norm.
pub fn segment_pairs<T: Real>(
    gy: &[T],
    x: &[T],
    norm: impl Fn(usize) -> Norm<T> + Sync + Copy,
    width: usize,
    y: &mut [[T; 2]],
) {
    for_rows(y, 1, width * 2, |rows, y| {
        let run = rows.start * width..rows.end * width;
        vectorize(Segments { gy: &gy[run.clone()], x: &x[run], norm, width, first: rows.start, y });
    });
}
