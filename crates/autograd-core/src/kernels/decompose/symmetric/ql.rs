//! Eigenvalues of a tridiagonal matrix by rotations: the implicit QL algorithm (Dubrulle, Martin & Wilkinson 1968).

use super::super::super::real::Real;
use super::super::super::simd::{Kernel, vectorize};
use super::super::rotations::{exchange, is_little, rotate, rotation, sort};

/// Most steps that the values take, for each of them.
const STEPS: usize = 30;

/// A block that falls so much is turned over: what is large would round what is small before it, in each sweep.
const GRADED: f64 = 16.0;

/// The values, in rising order, in the place of the diagonal, and what turns the matrix: rows of eigenvectors in the
/// place of the identity in `vectors`, if it has `n × n` numbers and not none. Says whether the rotations converge.
pub fn values<T: Real>(diagonal: &mut [T], beside: &mut [T], vectors: &mut [T]) -> bool {
    vectorize(Ql { diagonal, beside, vectors })
}

struct Ql<'a, T> {
    diagonal: &'a mut [T],
    beside: &'a mut [T],
    vectors: &'a mut [T],
}

impl<T: Real> Kernel for Ql<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        let Ql { diagonal: d, beside: e, vectors } = self;
        let n = d.len();
        let mut left = STEPS * n;
        for first in 0..n {
            loop {
                let last = (first..n - 1).find(|i| is_little(e[*i], d[*i], d[*i + 1])).unwrap_or(n - 1);
                if last == first {
                    break;
                }
                if left == 0 {
                    return false;
                }
                left -= 1;
                let size = |d: T, e: T| d.abs().larger(e.abs());
                if size(d[first], e[first]) > T::of(GRADED) * size(d[last], e[last - 1]) {
                    turn_over(first, last, d, e, vectors);
                }
                step(first, last, d, e, vectors);
            }
        }
        sort(d, [(vectors, n)]);
        true
    }
}

/// A block from its end to its beginning.
#[inline(always)]
fn turn_over<T: Real>(first: usize, last: usize, d: &mut [T], e: &mut [T], vectors: &mut [T]) {
    let n = d.len();
    d[first..=last].reverse();
    e[first..last].reverse();
    if !vectors.is_empty() {
        let (mut i, mut j) = (first, last);
        while i < j {
            exchange(vectors, n, (i, j));
            (i, j) = (i + 1, j - 1);
        }
    }
}

/// One sweep from the last to the first row of a block, shifted by an estimate of its first value.
#[inline(always)]
fn step<T: Real>(first: usize, last: usize, d: &mut [T], e: &mut [T], vectors: &mut [T]) {
    let n = d.len();
    // Wilkinson's shift: the eigenvalue of the first two rows that is nearer to the first number.
    let half = (d[first + 1] - d[first]) * T::of(0.5);
    let root = half.mul_add(half, e[first] * e[first]).sqrt().copysign(half);
    let shift = d[first] - e[first] / ((half + root) / e[first]);
    let (mut sine, mut cosine, mut moved) = (T::ONE, T::ONE, T::ZERO);
    let mut g = d[last] - shift;
    for i in (first..last).rev() {
        let (f, b) = (sine * e[i], cosine * e[i]);
        let r;
        (cosine, sine, r) = rotation(g, f);
        if i + 1 < last {
            e[i + 1] = r;
        }
        let rest = d[i + 1] - moved;
        let turned = (d[i] - rest).mul_add(sine, T::of(2.0) * cosine * b);
        moved = sine * turned;
        d[i + 1] = rest + moved;
        g = cosine.mul_add(turned, -b);
        if !vectors.is_empty() {
            rotate(vectors, n, (i, i + 1), (cosine, -sine));
        }
    }
    d[first] -= moved;
    e[first] = g;
}
