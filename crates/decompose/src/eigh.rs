//! Eigenvalues and eigenvectors of symmetric matrices.

use super::Number;
use faer::diag::DiagMut;
use faer::linalg::evd::{ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Auto, MatMut, MatRef, Par, Spec};

pub(super) fn all<T: Number>(n: usize, vectors: bool, a: &[T], into: &mut [T]) {
    if n == 0 {
        return;
    }
    let width = if vectors { n + n * n } else { n };
    let which = if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let params = Spec::new(SelfAdjointEvdParams { recursion_threshold: super::HALVES, ..Auto::<T>::auto() });
    let mut unit = vec![T::zero_impl(); n * n];
    super::with_memory(self_adjoint_evd_scratch::<T>(n, which, Par::Seq, params), |stack| {
        for (a, one) in a.chunks_exact(n * n).zip(into.chunks_exact_mut(width)) {
            // What is above the diagonal stays 0: only the triangle below is of the matrix.
            for (i, (row, a)) in unit.chunks_exact_mut(n).zip(a.chunks_exact(n)).enumerate() {
                row[..=i].copy_from_slice(&a[..=i]);
            }
            let Some(power) = T::to_range(&mut unit) else {
                one.fill(T::nan_impl());
                continue;
            };
            let (w, v) = one.split_at_mut(n);
            let v = vectors.then(|| MatMut::from_column_major_slice_mut(v, n, n));
            let matrix = MatRef::from_row_major_slice(&unit, n, n);
            let end = self_adjoint_evd(matrix, DiagMut::from_slice_mut(w), v, Par::Seq, stack, params);
            if end.is_err() || !T::are_finite(one) {
                one.fill(T::nan_impl());
            } else {
                T::scale(&mut one[..n], power);
            }
        }
    });
}
