//! Eigenvalues and eigenvectors of symmetric matrices.

use faer::diag::DiagMut;
use faer::linalg::evd::{ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::traits::RealField;
use faer::{Auto, MatMut, MatRef, Par, Spec};

pub(super) fn all<T: RealField + Copy>(n: usize, vectors: bool, a: &[T], into: &mut [T]) {
    if n == 0 {
        return;
    }
    let width = if vectors { n + n * n } else { n };
    let which = if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let params = Spec::new(SelfAdjointEvdParams { recursion_threshold: super::LEAF, ..Auto::<T>::auto() });
    super::with_memory(self_adjoint_evd_scratch::<T>(n, which, Par::Seq, params), |stack| {
        for (a, one) in a.chunks_exact(n * n).zip(into.chunks_exact_mut(width)) {
            let lower = a.chunks_exact(n).enumerate().flat_map(|(i, row)| &row[..=i]);
            let (w, v) = one.split_at_mut(n);
            let v = vectors.then(|| MatMut::from_column_major_slice_mut(v, n, n));
            let w = DiagMut::from_slice_mut(w);
            let whole = lower.clone().all(|x| T::is_finite_impl(x));
            let matrix = MatRef::from_row_major_slice(a, n, n);
            if !whole || self_adjoint_evd(matrix, w, v, Par::Seq, stack, params).is_err() {
                one.fill(T::nan_impl());
            }
        }
    });
}
