//! Orthogonal times triangular.
//!
//! The reflections are faer's, the loop over them is not: faer's takes a column that nearly depends on those before it to
//! depend on them, and leaves its direction out of Q.

use super::Number;
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
    apply_block_householder_transpose_on_the_left_in_place_scratch as turn_scratch,
    apply_block_householder_transpose_on_the_left_in_place_with_conj as turn, make_householder_in_place,
    upgrade_householder_factor,
};
use faer::linalg::qr::no_pivoting::factor::recommended_block_size;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Conj, Mat, MatMut, MatRef, Par};

pub(super) fn all<T: Number>(m: usize, n: usize, complete: bool, a: &[T], into: &mut [T]) {
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
    let block = recommended_block_size::<T>(m, n);
    let need = turn_scratch::<T>(m, block, n).or(apply_scratch::<T>(m, block, k));
    let mut unit = vec![T::zero_impl(); m * n];
    let mut powers = vec![T::one_impl(); n];
    let mut factors = Mat::<T>::zeros(m, n);
    let mut blocks = Mat::<T>::zeros(block, least);
    super::with_memory(need, |stack| {
        for (a, one) in a.chunks_exact(m * n).zip(into.chunks_exact_mut(width)) {
            // Each column by itself: that leaves Q as it is, and of small columns all digits.
            let mut finite = true;
            for (j, (column, power)) in unit.chunks_exact_mut(m).zip(&mut powers).enumerate() {
                column.iter_mut().zip(a.iter().skip(j).step_by(n)).for_each(|(x, a)| *x = *a);
                match T::to_unit(column) {
                    Some(found) => *power = found,
                    None => finite = false,
                }
            }
            if !finite {
                one.fill(T::nan_impl());
                continue;
            }
            factors.copy_from(MatRef::from_column_major_slice(&unit, m, n));
            for start in (0..least).step_by(block) {
                let width = block.min(least - start);
                let mut below = factors.as_mut().subrows_mut(start, m - start);
                let (mut panel, rest) = below.rb_mut().subcols_mut(start, n - start).split_at_col_mut(width);
                let mut heads = blocks.as_mut().get_mut(..width, start..start + width);
                reflect(panel.rb_mut(), heads.rb_mut());
                if rest.ncols() > 0 {
                    turn(panel.rb(), heads.rb(), Conj::No, rest, Par::Seq, stack);
                }
            }
            let (q, r) = one.split_at_mut(k * m);
            for (i, row) in r.chunks_exact_mut(n).enumerate() {
                for (j, r) in row.iter_mut().enumerate() {
                    *r = if j < i { T::zero_impl() } else { factors[(i, j)] };
                }
            }
            r.chunks_exact_mut(n).for_each(|row| T::scale_each(row, &powers));
            q.fill(T::zero_impl());
            (0..k).for_each(|i| q[i * m + i] = T::one_impl());
            // Qᵀ in rows is Q in columns.
            let q = MatMut::from_column_major_slice_mut(q, m, k);
            let basis = factors.as_ref().subcols(0, least);
            apply(basis, blocks.as_ref(), Conj::No, q, Par::Seq, stack);
        }
    });
}

/// Reflects each column of a panel onto its first elements; the reflections stay below the diagonal, and `heads` gets what
/// joins them to one.
fn reflect<T: Number>(mut panel: MatMut<'_, T>, mut heads: MatMut<'_, T>) {
    for c in 0..panel.ncols() {
        let (head, beside, below, mut rest) = panel.rb_mut().split_at_mut(c + 1, c + 1);
        let (mut head, mut below) = (head.col_mut(c), below.col_mut(c));
        let mut beside = beside.row_mut(c);
        let tau = make_householder_in_place(&mut head[c], below.rb_mut()).tau;
        let below = below.rb();
        heads[(c, c)] = tau;
        let factor = T::recip_impl(&tau);
        for j in 0..rest.ncols() {
            let mut column = rest.rb_mut().col_mut(j);
            let along = beside[j] + below.transpose() * column.rb();
            let step = T::zero_impl() - along * factor;
            beside[j] += step;
            faer::zip!(column.rb_mut(), below).for_each(|faer::unzip!(y, v)| *y += step * *v);
        }
    }
    let width = panel.ncols();
    upgrade_householder_factor(heads, panel.rb(), width, 1, Par::Seq);
}
