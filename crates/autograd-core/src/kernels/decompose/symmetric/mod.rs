//! Eigenvalues and eigenvectors of symmetric matrices: reflections leave a tridiagonal matrix, whose vectors come from
//! those of its halves, and those of the smallest parts by rotations.

mod halves;
mod ql;
mod tridiagonal;

use super::super::real::Real;
use super::below;
use super::parts::by_parts;
use super::rotations::unit;
use tridiagonal::Tridiagonal;

/// `A = V diag(w) Vᵀ` of an `n × n` matrix, by its lower triangle. `into` gets w in rising order, and then V in rows if
/// `vectors`. A matrix that is not finite, or whose rotations do not converge, gives NaN. It runs on up to `threads`
/// threads, and has the same bits on any number.
pub fn eigh<T: Real>(threads: usize, n: usize, vectors: bool, a: &[T], into: &mut [T]) {
    if n > 0 && found(threads, n, vectors, a, into).is_none() {
        into.fill(T::NAN);
    }
}

fn found<T: Real>(threads: usize, n: usize, vectors: bool, a: &[T], into: &mut [T]) -> Option<()> {
    let mut rows = vec![T::ZERO; n * n];
    for (i, (row, a)) in rows.chunks_exact_mut(n).zip(a.chunks_exact(n)).enumerate() {
        row[..=i].copy_from_slice(&a[..=i]);
    }
    below(n, |i, j| rows[j * n + i] = rows[i * n + j]);
    let size = unit(&rows)?;
    rows.iter_mut().for_each(|x| *x = *x / size);
    let mut form = Tridiagonal::new(threads > 1, n, &rows);
    drop(rows);
    let (w, v) = into.split_at_mut(n);
    if vectors {
        by_parts(&mut form.diagonal, &mut form.beside, [&mut *v], |d, e, [v]| halves::vectors(threads, d, e, v))?;
        form.turn_back(threads, n, v);
    } else {
        by_parts(&mut form.diagonal, &mut form.beside, [], |d, e, []| ql::values(d, e, &mut []).then_some(()))?;
    }
    w.copy_from_slice(&form.diagonal);
    if !w.iter().chain(&*v).all(|x| x.is_finite()) {
        return None;
    }
    w.iter_mut().for_each(|w| *w = *w * size);
    Some(())
}
