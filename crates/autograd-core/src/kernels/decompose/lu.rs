//! Triangles of a matrix whose rows are exchanged.

use super::super::gemm::{Matrix, gemm};
use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::subtract;
use super::triangular::{self, Shape};

/// Of at most this many columns the pivots are found one after the other.
const COLUMNS: usize = 16;

/// `P A = L U` of an `m × n` matrix in rows: L below the diagonal, which is all ones, and U from it on, in the place of
/// A. `pivots` gets, for each of the min(m, n) columns, the row that its own was exchanged with, from 1. A column
/// without a pivot is left as it is.
pub fn factor<T: Real>(threads: usize, (m, n): (usize, usize), a: &mut [T], pivots: &mut [T]) {
    let k = m.min(n);
    if k == 0 {
        return;
    }
    Work { threads, m, n, a, pivots, panel: Vec::new(), right: Vec::new(), product: Vec::new() }.run(k);
}

struct Work<'a, T> {
    threads: usize,
    m: usize,
    n: usize,
    a: &'a mut [T],
    pivots: &'a mut [T],
    panel: Vec<T>,
    right: Vec<T>,
    product: Vec<T>,
}

impl<T: Real> Work<'_, T> {
    fn run(&mut self, k: usize) {
        self.columns(0, k);
        // A wide matrix has columns without a pivot of their own.
        self.beside(0, k, self.n);
    }

    /// Factors the columns from `first` to `end`, of the rows from `first` on.
    fn columns(&mut self, first: usize, end: usize) {
        if end - first <= COLUMNS {
            let Work { m, n, a, pivots, panel, .. } = self;
            let width = (*m - first) * (end - first);
            panel.resize(width.max(panel.len()), T::ZERO);
            return vectorize(Panel { m: *m, n: *n, first, end, a, pivots, columns: &mut panel[..width] });
        }
        let middle = first + ((end - first) / 2).next_multiple_of(COLUMNS).min(end - first - 1);
        self.columns(first, middle);
        self.beside(first, middle, end);
        self.columns(middle, end);
    }

    /// Brings the columns from `middle` to `end` up to date with the factored ones from `first` to `middle`.
    fn beside(&mut self, first: usize, middle: usize, end: usize) {
        let Work { threads, m, n, a, right, product, .. } = self;
        let (m, n, width, depth) = (*m, *n, end - middle, middle - first);
        if width == 0 || depth == 0 {
            return;
        }
        right.clear();
        (first..middle).for_each(|i| right.extend_from_slice(&a[i * n + middle..i * n + end]));
        let lower = Matrix::rows(&a[first * (n + 1)..], n);
        triangular::solve(*threads, Shape { upper: false, unit: true }, (depth, width), lower, right);
        for (i, row) in (first..middle).zip(right.chunks_exact(width)) {
            a[i * n + middle..i * n + end].copy_from_slice(row);
        }
        let rows = m - middle;
        if rows == 0 {
            return;
        }
        product.resize((rows * width).max(product.len()), T::ZERO);
        let product = &mut product[..rows * width];
        let left = Matrix::rows(&a[middle * n + first..], n);
        let right = Matrix::rows(&right[..], width);
        gemm(*threads, (rows, depth, width), left, right, None, product);
        subtract(product, width, &mut a[middle * n + middle..], n);
    }
}

/// A few columns, one after the other, on a copy that has them in rows: so each is a run of vectors.
struct Panel<'a, T> {
    m: usize,
    n: usize,
    first: usize,
    end: usize,
    a: &'a mut [T],
    pivots: &'a mut [T],
    columns: &'a mut [T],
}

impl<T: Real> Kernel for Panel<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Panel { m, n, first, end, a, pivots, columns } = self;
        let rows = m - first;
        for (i, row) in a.chunks_exact(n).skip(first).enumerate() {
            row[first..end].iter().enumerate().for_each(|(j, x)| columns[j * rows + i] = *x);
        }
        for j in 0..end - first {
            let best = j + largest(&columns[j * rows + j..(j + 1) * rows]);
            pivots[first + j] = T::of((first + best + 1) as f64);
            if best != j {
                let (upper, lower) = a.split_at_mut((first + best) * n);
                upper[(first + j) * n..][..n].swap_with_slice(&mut lower[..n]);
                columns.chunks_exact_mut(rows).for_each(|column| column.swap(j, best));
            }
            let (left, right) = columns.split_at_mut((j + 1) * rows);
            let (pivot, factors) = left[j * rows + j..].split_at_mut(1);
            let pivot = pivot[0];
            if pivot == T::ZERO {
                continue;
            }
            factors.iter_mut().for_each(|x| *x = *x / pivot);
            for column in right.chunks_exact_mut(rows) {
                let minus = T::ZERO - column[j];
                for (x, factor) in column[j + 1..].iter_mut().zip(&*factors) {
                    *x = minus.mul_add(*factor, *x);
                }
            }
        }
        for (i, row) in a.chunks_exact_mut(n).skip(first).enumerate() {
            row[first..end].iter_mut().enumerate().for_each(|(j, x)| *x = columns[j * rows + i]);
        }
    }
}

/// The place of the largest absolute value, the first of several; 0 if the first is NaN. Other NaNs are passed over,
/// but where all else is 0: a matrix with a NaN is not singular.
#[inline(always)]
fn largest<T: Real>(column: &[T]) -> usize {
    const LANES: usize = 16;
    let larger = |most: T, x: T| if x.abs() > most { x.abs() } else { most };
    let (whole, rest) = column.as_chunks::<LANES>();
    let mut most = column[0].abs();
    if !whole.is_empty() {
        let mut lanes = [most; LANES];
        for x in whole {
            for lane in 0..LANES {
                lanes[lane] = larger(lanes[lane], x[lane]);
            }
        }
        most = lanes.into_iter().fold(most, larger);
    }
    most = rest.iter().copied().fold(most, larger);
    let chosen = |x: &T| x.abs() == most;
    let nan = if most == T::ZERO { column.iter().position(|x| x.is_nan()) } else { None };
    nan.or_else(|| column.iter().position(chosen)).unwrap_or(0)
}

/// Exchanges rows of `[m, k]` as a factorization did, or back.
pub fn exchange<T: Real>(pivots: &[T], back: bool, k: usize, x: &mut [T]) {
    let one = |x: &mut [T], i: usize| {
        let other = pivots[i].as_f64() as usize - 1;
        if other != i {
            let (upper, lower) = x.split_at_mut(other.max(i) * k);
            upper[other.min(i) * k..][..k].swap_with_slice(&mut lower[..k]);
        }
    };
    match back {
        false => (0..pivots.len()).for_each(|i| one(x, i)),
        true => (0..pivots.len()).rev().for_each(|i| one(x, i)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_triangles_multiply_to_the_matrix() {
        for (m, n) in [(1, 1), (3, 3), (16, 16), (17, 40), (40, 17), (100, 100), (65, 130), (130, 65)] {
            let number = |i: usize| (crate::kernels::random::bits_at(5, i as u64) >> 40) as f64 / 1e7 - 0.8;
            let a: Vec<f64> = (0..m * n).map(number).collect();
            let k = m.min(n);
            let (mut lu, mut pivots, mut rows) = (a.clone(), vec![0.0; k], a.clone());
            factor(1, (m, n), &mut lu, &mut pivots);
            exchange(&pivots, false, n, &mut rows);
            for i in 0..m {
                for j in 0..n {
                    let l = |p: usize| if p == i { 1.0 } else { lu[i * n + p] };
                    let sum: f64 = (0..k.min(i + 1).min(j + 1)).map(|p| l(p) * lu[p * n + j]).sum();
                    assert!((sum - rows[i * n + j]).abs() < 1e-12, "{m} × {n}: {i} {j}");
                    assert!(i <= j || lu[i * n + j].abs() <= 1.0, "a multiplier above 1");
                }
            }
            exchange(&pivots, true, n, &mut rows);
            assert_eq!(rows, a);
        }
    }

    #[test]
    fn a_column_without_a_pivot_stays() {
        let (mut lu, mut pivots) = ([0.0, 2.0, 0.0, 4.0], [0.0; 2]);
        factor(1, (2, 2), &mut lu, &mut pivots);
        assert_eq!((lu, pivots), ([0.0, 2.0, 0.0, 4.0], [1.0, 2.0]));
    }
}
