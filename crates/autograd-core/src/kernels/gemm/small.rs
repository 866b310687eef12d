//! Products so small that packing operands into tiles would cost more than it saves.
//!
//! Vectors run along the columns of c, or along its rows where those are the longer ones; the operand read along them is
//! brought into order first if it lies across. Every element of c is summed up in the order of depth, from the bias on:
//! neither the way nor the vectors of a CPU change its bits.

use super::super::real::Real;
use super::super::simd::Vectorized;
use super::Matrix;
use crate::kernels::transpose::{Avx, side, transpose};
use pulp::Simd;
use std::array::from_fn;

/// Products of at most this many multiply-adds are not worth bringing anything into order.
const TINY: usize = 64;

/// Room for an operand that has to be brought into order. It is no larger, for it is cleared every time.
pub(super) const SCRATCH: usize = 512;

/// Numbers in the longest vector.
const LONGEST: usize = 16;

/// `c = a b + bias`, where none of the operands that may have to be brought into order has more than [`SCRATCH`]
/// elements.
pub(super) struct Small<'a, 'b, T> {
    pub(super) size: (usize, usize, usize),
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
    pub(super) bias: Option<&'a [T]>,
    pub(super) c: &'b mut [T],
}

impl<T: Real> Vectorized for Small<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (m, k, n) = self.size;
        if m * k * n <= TINY {
            return self.tiny();
        }
        let Small { a, b, bias, c, .. } = self;
        let mut room;
        if n >= m || n >= 8 {
            let b = if b.column == 1 {
                b
            } else {
                room = [T::ZERO; SCRATCH];
                in_order(simd, b, k, n, &mut room)
            };
            return Strips { simd, k, a, b, bias: bias.map(Bias::Row), c, row: n, column: 1 }.all(m, n);
        }
        // cᵀ = bᵀ aᵀ
        let at = a.transposed();
        let at = if at.column == 1 {
            at
        } else {
            room = [T::ZERO; SCRATCH];
            in_order(simd, at, k, m, &mut room)
        };
        Strips { simd, k, a: b.transposed(), b: at, bias: bias.map(Bias::Column), c, row: 1, column: n }.all(n, m);
    }
}

impl<T: Real> Small<'_, '_, T> {
    #[inline(always)]
    fn tiny(self) {
        let Small { size: (_, k, n), a, b, bias, c } = self;
        for (i, c) in c.chunks_exact_mut(n).enumerate() {
            for (j, c) in c.iter_mut().enumerate() {
                let start = bias.map_or(T::ZERO, |bias| bias[j]);
                let (a_row, b_column) = (&a.data[i * a.row..], &b.data[j * b.column..]);
                *c = (0..k).fold(start, |sum, p| a_row[p * a.column].mul_add(b_column[p * b.row], sum));
            }
        }
    }
}

/// A copy of the matrix in `room`, with neighbouring columns in neighbouring elements.
#[inline(always)]
fn in_order<'a, T: Real, S: Simd>(
    simd: S,
    x: Matrix<'a, T>,
    rows: usize,
    columns: usize,
    room: &'a mut [T; SCRATCH],
) -> Matrix<'a, T> {
    let out = &mut room[..rows * columns];
    let avx = Avx::of(simd);
    let side = side::<T>(avx);
    // Whole blocks, where neighbouring rows are neighbouring elements.
    let whole = |len: usize| if x.row == 1 { len / side * side } else { 0 };
    let (whole_rows, whole_columns) = (whole(rows), whole(columns));
    for j in (0..whole_columns).step_by(side) {
        for p in (0..whole_rows).step_by(side) {
            let (from, to) = (&x.data[j * x.column + p..], &mut out[p * columns + j..]);
            let end = |stride: usize| (side - 1) * stride + side;
            assert!(end(x.column) <= from.len() && end(columns) <= to.len(), "a block leaves its matrix");
            // SAFETY: both blocks lie inside their slices, as has just been looked at.
            unsafe { transpose(avx, from.as_ptr(), x.column, to.as_mut_ptr(), columns) };
        }
    }
    for j in 0..columns {
        let first = if j < whole_columns { whole_rows } else { 0 };
        for p in first..rows {
            out[p * columns + j] = x.data[p * x.row + j * x.column];
        }
    }
    Matrix { data: out, row: columns, column: 1 }
}

/// The numbers that sums begin with.
#[derive(Clone, Copy)]
enum Bias<'a, T> {
    /// One for each column.
    Row(&'a [T]),
    /// One for each row.
    Column(&'a [T]),
}

/// A product in strips of columns as wide as a vector; b is in order. Element `(i, j)` of the result is
/// `c[i · row + j · column]`.
struct Strips<'a, 'b, T, S> {
    simd: S,
    k: usize,
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    bias: Option<Bias<'a, T>>,
    c: &'b mut [T],
    row: usize,
    column: usize,
}

impl<T: Real, S: Simd> Strips<'_, '_, T, S> {
    #[inline(always)]
    fn all(mut self, m: usize, n: usize) {
        let lanes = T::count::<S>();
        for j in (0..n).step_by(lanes) {
            let width = (n - j).min(lanes);
            let mut i = 0;
            while i < m {
                i += match m - i {
                    8.. => self.block::<8>(i, j, width),
                    4.. => self.block::<4>(i, j, width),
                    2.. => self.block::<2>(i, j, width),
                    _ => self.block::<1>(i, j, width),
                };
            }
        }
    }

    /// R rows of one strip, in registers over the whole depth; returns R.
    #[inline(always)]
    fn block<const R: usize>(&mut self, i: usize, j: usize, width: usize) -> usize {
        let Strips { simd, k, a, b, bias, c, row, column } = self;
        let simd = *simd;
        let mut sums: [T::Vector<S>; R] = match bias {
            None => [T::splat(simd, T::ZERO); R],
            Some(Bias::Row(bias)) => [T::load(simd, &bias[j..j + width]); R],
            Some(Bias::Column(bias)) => from_fn(|r| T::splat(simd, bias[i + r])),
        };
        let rows: [&[T]; R] = from_fn(|r| &a.data[(i + r) * a.row..]);
        for p in 0..*k {
            let b = T::load(simd, &b.data[p * b.row + j..][..width]);
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = T::mul_add_all(simd, T::splat(simd, row[p * a.column]), b, *sum);
            }
        }
        for (r, sum) in sums.into_iter().enumerate() {
            let c = &mut c[(i + r) * *row + j * *column..];
            if *column == 1 {
                T::store(simd, sum, &mut c[..width]);
                continue;
            }
            let mut room = [T::ZERO; LONGEST];
            T::store(simd, sum, &mut room[..T::count::<S>()]);
            for (w, sum) in room[..width].iter().enumerate() {
                c[w * *column] = *sum;
            }
        }
        R
    }
}
