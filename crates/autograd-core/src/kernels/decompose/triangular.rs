//! Systems of equations with a triangular matrix.

use super::super::gemm::{Matrix, gemm};
use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::subtract;
use crate::threads::parallel::{share, worth_sharing_products};

/// Systems of at most this many equations are solved row by row, larger ones in two halves with a product between them.
const ROWS: usize = 32;

/// So many right sides at a time stay in registers of 512 bits, and their sums do not wait for each other.
const COLUMNS: usize = 64;

/// So many right sides are solved for by themselves: with their products they stay in the second-level cache, and
/// threads share them.
const PART: usize = 128;

/// The triangle of a matrix that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The one above the diagonal, not the one below.
    pub upper: bool,
    /// With ones on the diagonal, which is not read.
    pub unit: bool,
}

impl Shape {
    /// That of the transposed matrix.
    #[must_use]
    pub fn transposed(self) -> Shape {
        Shape { upper: !self.upper, ..self }
    }
}

/// The X of `A X = B` in the place of B, `[n, k]` in rows, on up to `threads` threads; the same bits on any number.
pub fn solve<T: Real>(threads: usize, shape: Shape, (n, k): (usize, usize), a: Matrix<'_, T>, x: &mut [T]) {
    by_parts(threads, (n, k), x, |threads, k, x| together(threads, shape, (n, k), a, x));
}

/// Calls `one(threads, columns, part)` for parts of the columns of `[n, k]`, each in rows of its own. The parts are the
/// same on any number of threads.
pub fn by_parts<T: Real>(
    threads: usize,
    (n, k): (usize, usize),
    x: &mut [T],
    one: impl Fn(usize, usize, &mut [T]) + Sync,
) {
    if n <= ROWS || k <= PART {
        return one(threads, k, x);
    }
    let mut parts = vec![T::ZERO; n * k];
    let whole = &*x;
    let alone = |i: usize, part: &mut [T]| {
        let (first, width) = (i * PART, part.len() / n);
        for (part, x) in part.chunks_exact_mut(width).zip(whole.chunks_exact(k)) {
            part.copy_from_slice(&x[first..first + width]);
        }
        one(1, width, part);
    };
    match threads > 1 && worth_sharing_products((n * n / 2).saturating_mul(k)) {
        true => share(&mut parts, n * PART, &alone),
        false => parts.chunks_mut(n * PART).enumerate().for_each(|(i, part)| alone(i, part)),
    }
    for (i, part) in parts.chunks(n * PART).enumerate() {
        let (first, width) = (i * PART, part.len() / n);
        for (part, x) in part.chunks_exact(width).zip(x.chunks_exact_mut(k)) {
            x[first..first + width].copy_from_slice(part);
        }
    }
}

/// [`solve`] for right sides that are not parted.
pub fn together<T: Real>(threads: usize, shape: Shape, (n, k): (usize, usize), a: Matrix<'_, T>, x: &mut [T]) {
    if n == 0 || k == 0 {
        return;
    }
    let mut product = if n > ROWS { vec![T::ZERO; (n - first_half(n)).max(first_half(n)) * k] } else { Vec::new() };
    halves(threads, shape, (n, k), a, x, &mut product);
}

fn first_half(n: usize) -> usize {
    (n / 2).next_multiple_of(16).min(n - 1)
}

fn halves<T: Real>(
    threads: usize,
    shape: Shape,
    (n, k): (usize, usize),
    a: Matrix<'_, T>,
    x: &mut [T],
    product: &mut [T],
) {
    if n <= ROWS {
        return vectorize(Rows { shape, n, k, a, x });
    }
    let half = first_half(n);
    let rest = n - half;
    let below = Matrix { data: &a.data[half * (a.row + a.column)..], ..a };
    let (first, second) = x.split_at_mut(half * k);
    if shape.upper {
        halves(threads, shape, (rest, k), below, second, product);
        let beside = Matrix { data: &a.data[half * a.column..], ..a };
        let second = Matrix::rows(second, k);
        gemm(threads, (half, rest, k), beside, second, None, &mut product[..half * k]);
        subtract(&product[..half * k], k, first, k);
        halves(threads, shape, (half, k), a, first, product);
    } else {
        halves(threads, shape, (half, k), a, first, product);
        let under = Matrix { data: &a.data[half * a.row..], ..a };
        let first = Matrix::rows(first, k);
        gemm(threads, (rest, half, k), under, first, None, &mut product[..rest * k]);
        subtract(&product[..rest * k], k, second, k);
        halves(threads, shape, (rest, k), below, second, product);
    }
}

/// One row of the solution after the other.
struct Rows<'a, T> {
    shape: Shape,
    n: usize,
    k: usize,
    a: Matrix<'a, T>,
    x: &'a mut [T],
}

impl<T: Real> Kernel for Rows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Rows { shape, n, k, a, x } = self;
        let mut from = 0;
        while from + COLUMNS <= k {
            columns::<T, COLUMNS>(shape, n, k, a, x, from);
            from += COLUMNS;
        }
        while from + 16 <= k {
            columns::<T, 16>(shape, n, k, a, x, from);
            from += 16;
        }
        while from + 4 <= k {
            columns::<T, 4>(shape, n, k, a, x, from);
            from += 4;
        }
        while from < k {
            columns::<T, 1>(shape, n, k, a, x, from);
            from += 1;
        }
    }
}

/// `W` columns of the solution.
#[inline(always)]
fn columns<T: Real, const W: usize>(shape: Shape, n: usize, k: usize, a: Matrix<'_, T>, x: &mut [T], from: usize) {
    for step in 0..n {
        let i = if shape.upper { n - 1 - step } else { step };
        let mut row = [T::ZERO; W];
        row.copy_from_slice(&x[i * k + from..][..W]);
        let known = if shape.upper { i + 1..n } else { 0..i };
        for j in known {
            let factor = T::ZERO - a.data[i * a.row + j * a.column];
            let solved = &x[j * k + from..j * k + from + W];
            for w in 0..W {
                row[w] = factor.mul_add(solved[w], row[w]);
            }
        }
        if !shape.unit {
            let pivot = a.data[i * (a.row + a.column)];
            row.iter_mut().for_each(|x| *x = *x / pivot);
        }
        x[i * k + from..i * k + from + W].copy_from_slice(&row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_layout_and_size_solves_its_equations() {
        let number = |seed, i: usize| (crate::kernels::random::bits_at(seed, i as u64) >> 40) as f64 / 1.7e7;
        for (n, k) in [(1, 1), (5, 3), (32, 40), (33, 1), (70, 9), (150, 33), (40, 85), (33, 129), (70, 300)] {
            let a: Vec<f64> =
                (0..n * n).map(|i| number(1, i) / n as f64 + if i % (n + 1) == 0 { 1.0 } else { 0.0 }).collect();
            let b: Vec<f64> = (0..n * k).map(|i| number(2, i) - 0.5).collect();
            for (upper, unit, by_columns) in (0..8).map(|i| (i & 1 == 1, i & 2 == 2, i & 4 == 4)) {
                let (row, column) = if by_columns { (1, n) } else { (n, 1) };
                let matrix = Matrix { data: &a[..], row, column };
                let mut x = b.clone();
                solve(1, Shape { upper, unit }, (n, k), matrix, &mut x);
                for i in 0..n {
                    for c in 0..k {
                        let known = if upper { i + 1..n } else { 0..i };
                        let sum: f64 = known.map(|j| a[i * row + j * column] * x[j * k + c]).sum();
                        let diagonal = if unit { 1.0 } else { a[i * (row + column)] };
                        let got = sum + diagonal * x[i * k + c];
                        assert!((got - b[i * k + c]).abs() < 1e-13, "{n} {k} {upper} {unit} {by_columns}: {i} {c}");
                    }
                }
            }
        }
    }
}
