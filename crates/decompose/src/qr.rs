//! Orthogonal times triangular.

use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::traits::RealField;
use faer::{Conj, Mat, MatMut, MatRef, Par, Spec};

pub(super) fn all<T: RealField + Copy>(m: usize, n: usize, complete: bool, a: &[T], into: &mut [T]) {
    let least = m.min(n);
    let k = if complete { m } else { least };
    let width = k * (m + n);
    if width == 0 {
        return;
    }
    if least == 0 {
        // Nothing to turn: Q is the identity.
        for one in into.chunks_exact_mut(width) {
            one.fill(T::zero_impl());
            (0..k).for_each(|i| one[i * m + i] = T::one_impl());
        }
        return;
    }
    let (block, params) = (recommended_block_size::<T>(m, n), Spec::default());
    let need = qr_in_place_scratch::<T>(m, n, block, Par::Seq, params).or(apply_scratch::<T>(m, block, k));
    let mut factors = Mat::<T>::zeros(m, n);
    let mut blocks = Mat::<T>::zeros(block, least);
    super::with_memory(need, |stack| {
        for (a, one) in a.chunks_exact(m * n).zip(into.chunks_exact_mut(width)) {
            factors.copy_from(MatRef::from_row_major_slice(a, m, n));
            qr_in_place(factors.as_mut(), blocks.as_mut(), Par::Seq, stack, params);
            let (q, r) = one.split_at_mut(k * m);
            for (i, row) in r.chunks_exact_mut(n).enumerate() {
                for (j, r) in row.iter_mut().enumerate() {
                    *r = if j < i { T::zero_impl() } else { factors[(i, j)] };
                }
            }
            q.fill(T::zero_impl());
            (0..k).for_each(|i| q[i * m + i] = T::one_impl());
            // Qᵀ in rows is Q in columns.
            let q = MatMut::from_column_major_slice_mut(q, m, k);
            let basis = factors.as_ref().subcols(0, least);
            apply(basis, blocks.as_ref(), Conj::No, q, Par::Seq, stack);
        }
    });
}
