//! Normalisation by mean and variance: of rows, and of the channels of `[N, C, L]`.

pub mod channels;
pub mod columns;
pub mod rows;

use super::moments::{Moments, far_squares, moments_of};
use super::real::Real;
use super::sums::sums_of;
use crate::kernels::simd::Each;

/// A mean in the two parts of [`Moments`], and the inverse of the deviation, `1/√(σ² + ε)`.
pub type Norm<T> = [T; 3];

/// What rows are normalised by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Whether the mean is subtracted; without, σ² is the mean of the squares.
    pub centred: bool,
    /// ε
    pub eps: f64,
}

impl Rule {
    /// The norm of a row that is not empty.
    #[inline(always)]
    pub fn norm<T: Real>(self, x: &[T]) -> Norm<T> {
        let [c, drift, squares] = if self.centred {
            moments_of(x)
        } else {
            let [squares] = sums_of([x], |[x]| [x * x]);
            [T::ZERO, T::ZERO, squares]
        };
        let inverse = inverse_of(squares, x.len(), self.eps).unwrap_or_else(|| {
            // By their deviations.
            far_inverse(x.iter(), x.len(), [c, drift], self.eps)
        });
        [c, drift, T::of(inverse)]
    }
}

/// `1/√(σ² + ε)` from n squares that were added up; none if they overflow, or vanish and ε does not hide it.
#[inline(always)]
pub fn inverse_of<T: Real>(squares: T, n: usize, eps: f64) -> Option<f64> {
    let faint = squares < T::FAINT && eps < T::FAINT.as_f64();
    let variance = squares.as_f64() / n as f64 + eps;
    (variance.is_finite() && !faint).then(|| 1.0 / variance.sqrt())
}

/// The inverse of the deviation where squares overflow or vanish: they are scaled by the largest.
#[cold]
#[inline(never)]
pub fn far_inverse<'a, T: Real>(x: impl Iterator<Item = &'a T> + Clone, n: usize, of: [T; 2], eps: f64) -> f64 {
    let [half, sum] = far_squares(x, n, of);
    if half.is_infinite() {
        return 0.0;
    }
    if half == 0.0 {
        return 1.0 / eps.sqrt();
    }
    0.5 / half / (sum / n as f64 + eps / half / half / 4.0).sqrt()
}

/// `Σ f(i)` of a range, in halves down to runs of eight.
fn pairwise(from: usize, to: usize, f: &impl Fn(usize) -> f64) -> f64 {
    if to - from <= 8 {
        return (from..to).map(f).sum();
    }
    let half = from + (to - from) / 2;
    pairwise(from, half, f) + pairwise(half, to, f)
}

/// The moments of all of `[outer, C, inner]` parts of `n` elements each, for each of the C channels (Chan, Golub,
/// LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979).
pub fn pool_moments<T: Real>(parts: &[Moments<T>], [channels, inner]: [usize; 2], n: usize, y: &mut [Moments<T>]) {
    let count = parts.len() / channels.max(1);
    for (k, y) in y.iter_mut().enumerate() {
        let part = |i: usize| parts[(i / inner * channels + k) * inner + i % inner].each(Real::as_f64);
        let [first, ..] = part(0);
        let offset = |i: usize| {
            let [c, drift, _] = part(i);
            (c - first) + drift
        };
        let mean = pairwise(0, count, &offset) / count as f64;
        let squares = pairwise(0, count, &|i| part(i)[2] + n as f64 * (offset(i) - mean).powi(2));
        let c = T::of(first + mean);
        *y = [c, T::of((first - c.as_f64()) + mean), T::of(squares)];
    }
}

/// The sums of `[outer, C, inner]` pairs, for each of the C channels.
pub fn pool_pairs<T: Real>(parts: &[[T; 2]], [channels, inner]: [usize; 2], y: &mut [[T; 2]]) {
    let count = parts.len() / channels.max(1);
    for (k, y) in y.iter_mut().enumerate() {
        let part = |i: usize, of: usize| parts[(i / inner * channels + k) * inner + i % inner][of].as_f64();
        *y = [0, 1].each(|of| T::of(pairwise(0, count, &|i| part(i, of))));
    }
}
