//! Mean and squared deviations of the rows of a contiguous matrix.

use super::real::Real;
use super::reduce::{Sum, fold_run};
use super::simd::{Kernel, vectorize};
use super::sums::sums_of;
use crate::threads::parallel::for_rows;

/// The moments of a row: a number c near its mean, `μ − c`, and `Σ (x − μ)²`. The mean is kept in two parts, since as
/// one number it would be rounded, and with it all deviations. The deviation of an element is `(x − c) − (μ − c)`:
/// exactly 0 if all elements of the row are equal.
pub type Moments<T> = [T; 3];

/// So many elements say about where the mean of all is.
const FEW: usize = 64;

/// By the corrected algorithm, `Σ (x − c)² − (Σ (x − c))² / n` (Chan, Golub, LeVeque, Algorithms for computing the
/// sample variance, 1983), where c is the mean of the first elements; with one more pass where that was too far from
/// the mean.
#[inline(always)]
pub fn moments_of<T: Real>(x: &[T]) -> Moments<T> {
    const PASSES: usize = 3;
    let (n, first) = (T::of(x.len() as f64), x[0]);
    if first.is_finite() && x.iter().all(|x| *x == first) {
        return [first, T::ZERO, T::ZERO];
    }
    let few = &x[..x.len().min(FEW)];
    let mean = fold_run(Sum, few) / T::of(few.len() as f64);
    // A sum of large numbers may overflow where their deviations do not.
    let mut c = if mean.is_finite() { mean } else { first };
    let mut pass = 1;
    loop {
        let [sum, squares] = sums_of([x], |[x]| {
            let d = x - c;
            [d, d * d]
        });
        if !sum.is_finite() {
            return far_moments(x);
        }
        let drift = sum / n;
        let correction = sum * drift;
        let next = c + drift;
        if correction + correction > squares && next != c && next.is_finite() && pass < PASSES {
            c = next;
            pass += 1;
            continue;
        }
        let left = squares - correction;
        return [c, drift, if left < T::ZERO { T::ZERO } else { left }];
    }
}

/// The moments of a row of which even deviations from a number near its mean add up to more than the largest number.
#[cold]
#[inline(never)]
fn far_moments<T: Real>(x: &[T]) -> Moments<T> {
    let n = x.len() as f64;
    // Halves of n-th parts, since a sum, or a difference of two, may overflow.
    let mean_of = |f: &dyn Fn(f64) -> f64| x.iter().map(|x| f(x.as_f64() * 0.5) / n).sum::<f64>() * 2.0;
    let mean = T::of(mean_of(&|half| half));
    let c = if mean.is_finite() { mean } else { x[0] };
    let drift = T::of(mean_of(&|half| half - c.as_f64() * 0.5));
    let squares = x.iter().map(|x| {
        let d = (*x - c) - drift;
        d * d
    });
    [c, drift, squares.fold(T::ZERO, |sum, square| sum + square)]
}

/// A unit u and `Σ (x − μ)² / (2 u)²`, where the squares themselves are beyond the largest number or below the least:
/// u is half the largest deviation.
#[cold]
#[inline(never)]
pub fn far_squares<'a, T: Real>(x: impl Iterator<Item = &'a T> + Clone, n: usize, [c, drift]: [T; 2]) -> [f64; 2] {
    // Halves, since a difference of two numbers may overflow where both do not.
    let (c, drift) = match drift.is_finite() {
        true => (c.as_f64() * 0.5, drift.as_f64() * 0.5),
        false => (x.clone().map(|x| x.as_f64() * 0.5 / n as f64).sum(), 0.0),
    };
    let halves = || x.clone().map(|x| (x.as_f64() * 0.5 - c) - drift);
    let mut most = 0.0;
    for half in halves() {
        if half.is_nan() {
            return [half; 2];
        }
        most = half.abs().max(most);
    }
    if most == 0.0 {
        return [0.0; 2];
    }
    [most, halves().map(|half| (half / most).powi(2)).sum()]
}

/// The [`far_squares`] of a row that is not empty, if its squares are so large or so small that its [`Moments`] lost
/// them.
#[inline(always)]
pub fn lost_squares<T: Real>(x: &[T], [c, drift, squares]: Moments<T>) -> Option<[f64; 2]> {
    let kept = squares >= T::FAINT && squares < T::INFINITY;
    let lost = !kept && !drift.is_nan() && !x.iter().all(|x| *x == c);
    lost.then(|| far_squares(x.iter(), x.len(), [c, drift]))
}

struct OfRows<'a, T> {
    x: &'a [T],
    y: &'a mut [Moments<T>],
    width: usize,
}

impl<T: Real> Kernel for OfRows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, y) in self.x.chunks_exact(self.width).zip(self.y) {
            *y = moments_of(x);
        }
    }
}

/// The [`Moments`] of each row; a row is not empty.
pub fn moments<T: Real>(x: &[T], width: usize, y: &mut [Moments<T>]) {
    for_rows(y, 1, width * 2, |rows, y| {
        vectorize(OfRows { x: &x[rows.start * width..rows.end * width], y, width });
    });
}

struct Deviations<'a, T> {
    x: &'a [T],
    moments: &'a [Moments<T>],
    scale: &'a [T],
    y: &'a mut [T],
    width: usize,
}

impl<T: Real> Kernel for Deviations<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let rows = self.x.chunks_exact(self.width).zip(self.y.chunks_exact_mut(self.width));
        for ((x, y), ([c, drift, _], scale)) in rows.zip(self.moments.iter().zip(self.scale)) {
            for (y, x) in y.iter_mut().zip(x) {
                *y = ((*x - *c) - *drift) * *scale;
            }
        }
    }
}

/// `y = (x − μ) · scale`, with one `scale` per row.
pub fn deviations<T: Real>(x: &[T], moments: &[Moments<T>], scale: &[T], width: usize, y: &mut [T]) {
    for_rows(y, width, width, |rows, y| {
        let x = &x[rows.start * width..rows.end * width];
        vectorize(Deviations { x, moments: &moments[rows.clone()], scale: &scale[rows], y, width });
    });
}
