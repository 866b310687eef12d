//! Lower triangles.

use super::below;
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::traits::RealField;
use faer::{MatMut, Par, Spec};

pub(super) fn all<T: RealField + Copy>(n: usize, a: &mut [T]) {
    if n == 0 {
        return;
    }
    let params = Spec::default();
    super::with_memory(cholesky_in_place_scratch::<T>(n, Par::Seq, params), |stack| {
        for a in a.chunks_exact_mut(n * n) {
            // By columns, in which faer is fastest: what was the lower triangle by rows is the upper one.
            below(n, |i, j| a[j * n + i] = a[i * n + j]);
            let matrix = MatMut::from_column_major_slice_mut(&mut *a, n, n);
            let done = cholesky_in_place(matrix, LltRegularization::default(), Par::Seq, stack, params);
            if done.is_err() {
                a.fill(T::nan_impl());
                continue;
            }
            below(n, |i, j| {
                a[i * n + j] = a[j * n + i];
                a[j * n + i] = T::zero_impl();
            });
        }
    });
}
