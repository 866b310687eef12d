//! Singular values and vectors.

use super::Vectors;
use faer::diag::DiagMut;
use faer::linalg::svd::{ComputeSvdVectors, SvdParams, svd, svd_scratch};
use faer::traits::RealField;
use faer::{Auto, MatMut, MatRef, Par, Spec};

pub(super) fn all<T: RealField + Copy>(m: usize, n: usize, vectors: Vectors, a: &[T], into: &mut [T]) {
    let k = m.min(n);
    let (which, u, v) = match vectors {
        Vectors::None => (ComputeSvdVectors::No, 0, 0),
        Vectors::Reduced => (ComputeSvdVectors::Thin, k, k),
        Vectors::Full => (ComputeSvdVectors::Full, m, n),
    };
    let width = k + u * m + v * n;
    if width == 0 {
        return;
    }
    if k == 0 {
        // Of no matrix all bases are singular vectors.
        for one in into.chunks_exact_mut(width) {
            one.fill(T::zero_impl());
            (0..u).for_each(|i| one[i * m + i] = T::one_impl());
            (0..v).for_each(|i| one[u * m + i * n + i] = T::one_impl());
        }
        return;
    }
    let params = Spec::new(SvdParams { recursion_threshold: super::LEAF, ..Auto::<T>::auto() });
    super::with_memory(svd_scratch::<T>(m, n, which, which, Par::Seq, params), |stack| {
        for (a, one) in a.chunks_exact(m * n).zip(into.chunks_exact_mut(width)) {
            let (s, bases) = one.split_at_mut(k);
            let (left, right) = bases.split_at_mut(u * m);
            let some = vectors != Vectors::None;
            let left = some.then(|| MatMut::from_column_major_slice_mut(left, m, u));
            let right = some.then(|| MatMut::from_column_major_slice_mut(right, n, v));
            let matrix = MatRef::from_row_major_slice(a, m, n);
            let s = DiagMut::from_slice_mut(s);
            let whole = a.iter().all(|x| T::is_finite_impl(x));
            if !whole || svd(matrix, s, left, right, Par::Seq, stack, params).is_err() {
                one.fill(T::nan_impl());
            }
        }
    });
}
