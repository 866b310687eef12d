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

/// A product on up to `threads` threads, cut between rows of c. Each cut costs one hand-over, where the crates' own
/// threading has two for each block of depth. The order in which an element is summed up does not depend on the cut,
/// see [`CUT_FROM`].
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
    let half = (m / threads.max(1) * (threads / 2)).next_multiple_of(ROWS).min(m);
    let least = half.min(m - half);
    if threads > 1 && least >= CUT_FROM && least * n >= CUT_FROM_ELEMENTS {
        let (upper, lower) = c.split_at_mut(half * n);
        let below = Matrix { data: &a.data[half * a.row..], ..a };
        join(
            // SAFETY: the upper rows of a and of c.
            || unsafe { by_crate((half, k, n), a, b, upper, accumulate, threads / 2) },
            // SAFETY: the rest of them.
            || unsafe { by_crate((m - half, k, n), below, b, lower, accumulate, threads - threads / 2) },
        );
        return;
    }
    // The crates choose a kernel for the CPU themselves.
    #[cfg(test)]
    crate::kernels::simd::VECTORISED.set(crate::kernels::simd::VECTORISED.get() + 1);
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    // The crates are fastest where a column of c lies in one piece: cᵀ = bᵀ aᵀ, unless c is one column.
    let (rows, columns, left, right) = if n > 1 { (n, m, b.transposed(), a.transposed()) } else { (m, n, a, b) };
    // SAFETY: the caller's promise; c is row-major, so cᵀ is column-major.
    unsafe {
        T::product()(
            rows,
            columns,
            k,
            c.as_mut_ptr(),
            n as isize,
            1,
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
            parallelism,
        );
    }
}
