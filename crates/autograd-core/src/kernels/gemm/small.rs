//! Products so small that packing operands into tiles would cost more than it saves.
//!
//! Vectors run along the columns of c, or along its rows where those are the longer ones; the operand read along them
//! is brought into order first if it lies across. Every element of c is summed up in the order of depth, from the bias
//! on: neither the way nor the vectors of a CPU change its bits.
//!
//! Such a product takes some hundred nanoseconds, so operands are read through pointers: to look for each number
//! whether it is there would cost as much as the arithmetic.

use super::super::real::Real;
use super::super::simd::{Vectorized, from_fn};
use super::Matrix;
use super::pack::{load, store};
use crate::kernels::transpose::{Avx, side, transpose};
use pulp::Simd;
use std::slice::from_raw_parts;

/// Products of at most this many multiply-adds are not worth bringing anything into order.
const TINY: usize = 64;

/// Room for an operand that has to be brought into order. It is no larger, for it is cleared every time.
pub(super) const SCRATCH: usize = 512;

/// Numbers in the longest vector.
const LONGEST: usize = 16;

/// `c = a b + bias`, where none of the operands that may have to be brought into order has more than [`SCRATCH`]
/// elements.
pub(super) struct Small<'a, 'b, T> {
    size: (usize, usize, usize),
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    bias: Option<&'a [T]>,
    c: &'b mut [T],
}

impl<'a, 'b, T: Real> Small<'a, 'b, T> {
    /// The product of an `[m, k]` and a `[k, n]`.
    ///
    /// # Safety
    /// The matrices hold their elements, k is not 0, c has m · n elements and the bias n; k times the larger of m and n
    /// is at most [`SCRATCH`].
    pub(super) unsafe fn new(
        size: (usize, usize, usize),
        a: Matrix<'a, T>,
        b: Matrix<'a, T>,
        bias: Option<&'a [T]>,
        c: &'b mut [T],
    ) -> Small<'a, 'b, T> {
        Small { size, a, b, bias, c }
    }
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
        // SAFETY: `new`'s caller vouches for all of them, and a copy in order is as large.
        unsafe {
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
///
/// # Safety
/// The matrix holds its elements.
#[inline(always)]
unsafe fn in_order<'a, T: Real, S: Simd>(
    simd: S,
    x: Matrix<'a, T>,
    rows: usize,
    columns: usize,
    room: &'a mut [T; SCRATCH],
) -> Matrix<'a, T> {
    let out = &mut room[..rows * columns];
    let (from, to) = (x.data.as_ptr(), out.as_mut_ptr());
    let avx = Avx::of(simd);
    let side = side::<T>(avx);
    // Whole blocks, where neighbouring rows are neighbouring elements.
    let whole = |len: usize| if x.row == 1 { len / side * side } else { 0 };
    let (whole_rows, whole_columns) = (whole(rows), whole(columns));
    // SAFETY: element (p, j) is one of the matrix, and has its place in `out`; so have those of a block, up to the
    // last.
    unsafe {
        for j in (0..whole_columns).step_by(side) {
            for p in (0..whole_rows).step_by(side) {
                transpose(avx, from.add(j * x.column + p), x.column, to.add(p * columns + j), columns);
            }
        }
        for p in 0..rows {
            for j in if p < whole_rows { whole_columns } else { 0 }..columns {
                *to.add(p * columns + j) = *from.add(p * x.row + j * x.column);
            }
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

/// A product in strips of one or two vectors of columns; b is in order. Element `(i, j)` of the result is
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
    /// # Safety
    /// The matrices hold their elements, of which there are m rows and n columns in c, and as many numbers to begin
    /// with.
    #[inline(always)]
    unsafe fn all(mut self, m: usize, n: usize) {
        let vector = T::count::<S>();
        let mut j = 0;
        while j < n {
            // SAFETY: the caller's promise; so many columns are left.
            j += unsafe {
                match n - j {
                    left if left >= 2 * vector => self.strip::<2, true>(m, j, 2 * vector),
                    left if left >= vector => self.strip::<1, true>(m, j, vector),
                    left => self.strip::<1, false>(m, j, left),
                }
            };
        }
    }

    /// All rows of `width` columns from j on: of W vectors, or of a part of one; returns the width.
    #[inline(always)]
    unsafe fn strip<const W: usize, const WHOLE: bool>(&mut self, m: usize, j: usize, width: usize) -> usize {
        let mut i = 0;
        while i < m {
            // SAFETY: the caller's promise; so many rows are left.
            i += unsafe {
                match m - i {
                    4.. => self.block::<4, W, WHOLE>(i, j, width),
                    2.. => self.block::<2, W, WHOLE>(i, j, width),
                    _ => self.block::<1, W, WHOLE>(i, j, width),
                }
            };
        }
        width
    }

    /// R rows of one strip, in registers over the whole depth; returns R.
    #[inline(always)]
    unsafe fn block<const R: usize, const W: usize, const WHOLE: bool>(
        &mut self,
        i: usize,
        j: usize,
        width: usize,
    ) -> usize {
        let Strips { simd, k, a, b, bias, c, row, column } = self;
        let (simd, vector) = (*simd, T::count::<S>());
        // SAFETY: the caller's promise: R rows of a from i on, `width` columns of b, c and the bias from j on.
        unsafe {
            let read = |from: *const T| -> [T::Vector<S>; W] {
                from_fn(|w| match WHOLE {
                    true => load::<T, S>(from.add(w * vector)),
                    false => T::load(simd, from_raw_parts(from, width)),
                })
            };
            let mut sums: [[T::Vector<S>; W]; R] = match bias {
                None => [[T::splat(simd, T::ZERO); W]; R],
                Some(Bias::Row(bias)) => [read(bias.as_ptr().add(j)); R],
                Some(Bias::Column(bias)) => from_fn(|r| [T::splat(simd, bias[i + r]); W]),
            };
            let (mut a_column, mut b_row) = (a.data.as_ptr().add(i * a.row), b.data.as_ptr().add(j));
            for _ in 0..*k {
                let b_row_now = read(b_row);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let a = T::splat(simd, *a_column.add(r * a.row));
                    for (sum, b) in sums.iter_mut().zip(b_row_now) {
                        *sum = T::mul_add_all(simd, a, b, *sum);
                    }
                }
                // Behind the last step they point to nothing.
                (a_column, b_row) = (a_column.wrapping_add(a.column), b_row.wrapping_add(b.row));
            }
            let c = &mut c[i * *row + j * *column..];
            for (r, sums) in sums.into_iter().enumerate() {
                if *column == 1 {
                    for (w, sum) in sums.into_iter().enumerate() {
                        match WHOLE {
                            true => store::<T, S>(sum, c.as_mut_ptr().add(r * *row + w * vector)),
                            false => T::store(simd, sum, &mut c[r * *row..][..width]),
                        }
                    }
                    continue;
                }
                let mut room = [T::ZERO; 2 * LONGEST];
                for (w, sum) in sums.into_iter().enumerate() {
                    store::<T, S>(sum, room.as_mut_ptr().add(w * vector));
                }
                for (w, sum) in room[..width].iter().enumerate() {
                    c[r * *row + w * *column] = *sum;
                }
            }
        }
        R
    }
}
