//! Singular values and vectors.

use super::{Number, Vectors};
use faer::diag::DiagMut;
use faer::linalg::svd::{ComputeSvdVectors, SvdParams, svd, svd_scratch};
use faer::{Auto, MatMut, MatRef, Par, Spec};

pub(super) fn all<T: Number>(m: usize, n: usize, vectors: Vectors, a: &[T], into: &mut [T]) {
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
    // Of a tall matrix faer would take `Q R` first, which is the one that leaves columns out.
    let ways = SvdParams { recursion_threshold: super::HALVES, qr_ratio_threshold: f64::INFINITY, ..Auto::<T>::auto() };
    let params = Spec::new(ways);
    let mut unit = vec![T::zero_impl(); m * n];
    super::with_memory(svd_scratch::<T>(m, n, which, which, Par::Seq, params), |stack| {
        for (a, one) in a.chunks_exact(m * n).zip(into.chunks_exact_mut(width)) {
            unit.copy_from_slice(a);
            let Some(power) = T::to_range(&mut unit) else {
                one.fill(T::nan_impl());
                continue;
            };
            let (s, bases) = one.split_at_mut(k);
            let (left, right) = bases.split_at_mut(u * m);
            let some = vectors != Vectors::None;
            let left = some.then(|| MatMut::from_column_major_slice_mut(left, m, u));
            let right = some.then(|| MatMut::from_column_major_slice_mut(right, n, v));
            let matrix = MatRef::from_row_major_slice(&unit, m, n);
            let end = svd(matrix, DiagMut::from_slice_mut(s), left, right, Par::Seq, stack, params);
            if end.is_err() || !T::are_finite(one) {
                one.fill(T::nan_impl());
            } else {
                T::scale(&mut one[..k], power);
            }
        }
    });
}
