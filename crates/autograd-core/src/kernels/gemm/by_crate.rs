//! Products by the `gemm-f32` and `gemm-f64` crates.

use super::super::real::Real;
use super::Matrix;
use crate::threads::parallel::join;
use gemm_common::Parallelism;

/// Products are cut into parts of at least this many rows and this many elements: below, the crates sum in blocks of
/// another depth (up to 64 × 64 elements of c) or in another order (up to 256), and a part would have other bits than
/// the whole.
const CUT_FROM: usize = 65;
const CUT_FROM_ELEMENTS: usize = 257;

/// Parts have a multiple of this many rows, so that no register tile is cut.
const ROWS: usize = 16;

/// A product on up to `threads` threads, cut between rows of c, and between columns where it has few rows. Each cut costs
/// one hand-over, where the crates' own threading has two for each block of depth; and that waits in rayon, where a thread
/// runs whatever else waits there, in the middle of the walk or the recording that it is in. The order in which an element
/// is summed up does not depend on the cut, see [`CUT_FROM`].
///
/// # Safety
/// a and b hold `m × k` and `k × n` elements, c has m · n, and none of m, k and n is 0.
pub(super) unsafe fn by_crate<T: Real>(
    (m, k, n): (usize, usize, usize),
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    accumulate: bool,
    threads: usize,
) {
    let part = Part { size: (m, k, n), a, b, c: c.as_mut_ptr(), c_row: n, accumulate };
    // SAFETY: the caller's promise; c is this call's alone.
    unsafe { part.compute(threads) }
}

/// A product, or the part of one that a thread computes.
#[derive(Clone, Copy)]
struct Part<'a, T> {
    size: (usize, usize, usize),
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    c: *mut T,
    c_row: usize,
    accumulate: bool,
}

// SAFETY: a part has its elements of c for itself, and the operands are only read.
unsafe impl<T: Send + Sync> Send for Part<'_, T> {}

impl<'a, T: Real> Part<'a, T> {
    /// The two halves of the product for so many of so many threads, if none of them is too small.
    fn halves(self, few: usize, threads: usize) -> Option<[Part<'a, T>; 2]> {
        let (m, k, n) = self.size;
        let cut = |size: usize, across: usize| {
            let half = (size / threads * few).next_multiple_of(ROWS).min(size);
            let least = half.min(size - half);
            (few > 0 && least >= CUT_FROM && least * across >= CUT_FROM_ELEMENTS).then_some(half)
        };
        // The pointers stay inside of c, for every part has elements of its own: none of them wraps.
        if let Some(rows) = cut(m, n) {
            let a = Matrix { data: &self.a.data[rows * self.a.row..], ..self.a };
            let below = Part { size: (m - rows, k, n), a, c: self.c.wrapping_add(rows * self.c_row), ..self };
            return Some([Part { size: (rows, k, n), ..self }, below]);
        }
        let columns = cut(n, m)?;
        let b = Matrix { data: &self.b.data[columns * self.b.column..], ..self.b };
        let beside = Part { size: (m, k, n - columns), b, c: self.c.wrapping_add(columns), ..self };
        Some([Part { size: (m, k, columns), ..self }, beside])
    }

    /// Computes the part on up to `threads` threads.
    ///
    /// # Safety
    /// The operands hold their elements, c too, which no other code touches meanwhile; and none of m, k and n is 0.
    unsafe fn compute(self, threads: usize) {
        let few = threads / 2;
        if let Some([first, second]) = self.halves(few, threads.max(1)) {
            join(
                // SAFETY: the caller's promise; the two have no element in common.
                move || unsafe { first.compute(few) },
                // SAFETY: the same.
                move || unsafe { second.compute(threads - few) },
            );
            return;
        }
        let Part { size: (m, k, n), a, b, c, c_row, accumulate } = self;
        // The crates choose a kernel for the CPU themselves.
        #[cfg(test)]
        crate::kernels::simd::VECTORISED.set(crate::kernels::simd::VECTORISED.get() + 1);
        // They are fastest where a column of c lies in one piece: cᵀ = bᵀ aᵀ, unless c is one column.
        let turned = n > 1;
        let (rows, columns, left, right) = if turned { (n, m, b.transposed(), a.transposed()) } else { (m, n, a, b) };
        let [c_column, c_row] = if turned { [c_row as isize, 1] } else { [1, c_row as isize] };
        // SAFETY: the caller's promise; c is row-major, so cᵀ is column-major.
        unsafe {
            T::product()(
                rows,
                columns,
                k,
                c,
                c_column,
                c_row,
                accumulate,
                left.data.as_ptr(),
                left.column as isize,
                left.row as isize,
                right.data.as_ptr(),
                right.column as isize,
                right.row as isize,
                T::ONE,
                T::ONE,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}
