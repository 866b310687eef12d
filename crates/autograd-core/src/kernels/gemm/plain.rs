//! Products on CPUs without vectors that are worth naming: row by row, and every product is rounded before it is added.

use super::super::decompose::copy;
use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::Matrix;
use crate::threads::parallel::for_rows;

/// `c += a b`, on this thread or on several; a: `[m, k]`, b: `[k, n]`, c: `[m, n]` contiguous and not empty.
pub(super) fn plain<T: Real>(several: bool, (k, n): (usize, usize), a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T]) {
    let mut room = Vec::new();
    let b = match b.column {
        1 => b,
        _ => {
            room.resize(k * n, T::ZERO);
            copy(b, n, &mut room);
            Matrix::rows(&room[..], n)
        }
    };
    if several {
        for_rows(c, n, k.saturating_mul(n), |rows, c| vectorize(Rows { k, n, first: rows.start, a, b, c }));
    } else {
        vectorize(Rows { k, n, first: 0, a, b, c });
    }
}

struct Rows<'a, 'c, T> {
    k: usize,
    n: usize,
    first: usize,
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    c: &'c mut [T],
}

impl<T: Real> Kernel for Rows<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Rows { k, n, first, a, b, c } = self;
        // Summed up by itself: its small numbers would round what c holds one by one.
        let mut sums = vec![T::ZERO; n];
        for (i, c) in c.chunks_exact_mut(n).enumerate() {
            sums.fill(T::ZERO);
            for p in 0..k {
                let factor = a.data[(first + i) * a.row + p * a.column];
                for (sum, b) in sums.iter_mut().zip(&b.data[p * b.row..][..n]) {
                    *sum += factor * *b;
                }
            }
            c.iter_mut().zip(&sums).for_each(|(c, sum)| *c += *sum);
        }
    }
}
