//! A positive definite matrix as the product of two triangles.

use super::super::gemm::{Matrix, gemm};
use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::triangular::{self, Shape};
use super::{below, subtract};

/// Up to so many rows are taken one after the other.
const ROWS: usize = 32;

/// So many rows at a time get a product taken off, each up to its own end: half of a square needs none.
const BAND: usize = 64;

/// The lower triangle L of `L Lᵀ = A` in the place of A, `[n, n]` in rows, with zeros above; only the lower triangle of
/// A is read. A matrix that is not positive definite becomes NaN. It runs on up to `threads` threads, and has the same
/// bits on any number.
pub fn cholesky<T: Real>(threads: usize, n: usize, a: &mut [T]) {
    // Rows of the upper triangle are runs of numbers: it is found there, and turned back.
    below(n, |i, j| a[j * n + i] = a[i * n + j]);
    if !upper(threads, n, (0, n), a) {
        return a.fill(T::NAN);
    }
    below(n, |i, j| {
        a[i * n + j] = a[j * n + i];
        a[j * n + i] = T::ZERO;
    });
}

/// `U` of `Uᵀ U = A` for the rows and columns from `first` to `end`, by halves: says whether A is positive definite.
fn upper<T: Real>(threads: usize, n: usize, (first, end): (usize, usize), a: &mut [T]) -> bool {
    if end - first <= ROWS {
        return vectorize(Rows { n, first, end, a });
    }
    let middle = first + (end - first).div_ceil(2).next_multiple_of(ROWS).min(end - first - 1);
    if !upper(threads, n, (first, middle), a) {
        return false;
    }
    let (height, width) = (middle - first, end - middle);
    let mut beside = vec![T::ZERO; height * width];
    let rows = || (first..middle).map(|i| i * n + middle..i * n + end);
    beside.chunks_exact_mut(width).zip(rows()).for_each(|(x, row)| x.copy_from_slice(&a[row]));
    let corner = Matrix { data: &a[first * (n + 1)..], row: 1, column: n };
    triangular::solve(threads, Shape { upper: false, unit: false }, (height, width), corner, &mut beside);
    beside.chunks_exact(width).zip(rows()).for_each(|(x, row)| a[row].copy_from_slice(x));
    let mut product = Vec::new();
    for from in (0..width).step_by(BAND) {
        let (band, rest) = (BAND.min(width - from), width - from);
        product.resize(band * rest, T::ZERO);
        let columns = Matrix { data: &beside[from..], row: width, column: 1 };
        gemm(threads, (band, height, rest), columns.transposed(), columns, None, &mut product);
        subtract(&product, rest, &mut a[(middle + from) * (n + 1)..], n);
    }
    upper(threads, n, (middle, end), a)
}

/// A few rows, one after the other.
struct Rows<'a, T> {
    n: usize,
    first: usize,
    end: usize,
    a: &'a mut [T],
}

impl<T: Real> Kernel for Rows<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        let Rows { n, first, end, a } = self;
        for k in first..end {
            let (row, rest) = a[k * n..end * n].split_at_mut(n);
            let row = &mut row[k..end];
            let pivot = row[0];
            if !(pivot > T::ZERO && pivot.is_finite()) {
                return false;
            }
            let root = pivot.sqrt();
            row.iter_mut().for_each(|x| *x = *x / root);
            for (i, below) in rest.chunks_exact_mut(n).enumerate() {
                let (own, minus) = (&row[i + 1..], -row[i + 1]);
                for (x, y) in below[k + 1 + i..end].iter_mut().zip(own) {
                    *x = minus.mul_add(*y, *x);
                }
            }
        }
        true
    }
}
