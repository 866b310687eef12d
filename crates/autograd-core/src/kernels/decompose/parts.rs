//! A matrix with numbers on its diagonal and beside it, part by part where nothing joins them, and by halves.

use super::super::real::Real;
use super::change::rising;
use super::epsilon;
use super::rotations::unit;
use crate::kernels::simd::from_fn;
use crate::threads::parallel::join;

/// Up to so many rows are done by rotations, more by halves.
pub const ROWS: usize = 32;

/// From so many rows on, both halves at once are worth a second thread.
const SHARED_FROM: usize = 256;

/// Values in rising order in the place of the diagonal, and vectors in the columns of each of `bases`, `[n, n]` in
/// rows, by `solve` of each part alone, in a unit of its own: so a small one keeps its digits beside a large one.
/// Nothing if `solve` finds none.
pub fn by_parts<T: Real, const N: usize>(
    d: &mut [T],
    e: &mut [T],
    bases: [&mut [T]; N],
    mut solve: impl FnMut(&mut [T], &mut [T], [&mut [T]; N]) -> Option<()>,
) -> Option<()> {
    let n = d.len();
    let is_none = |i: usize| e[i].abs() <= T::of(epsilon::<T>()) * d[i].abs().sqrt() * d[i + 1].abs().sqrt();
    let ends: Vec<usize> = (1..=n).filter(|end| *end == n || is_none(end - 1)).collect();
    if ends.len() == 1 {
        return solve(d, e, bases);
    }
    let mut apart: [Vec<T>; N] = from_fn(|_| vec![T::ZERO; n * n]);
    let mut first = 0;
    for end in ends {
        let (d, e, width) = (&mut d[first..end], &mut e[first..end - 1], end - first);
        let size = unit(d)?.larger(unit(e)?);
        d.iter_mut().chain(&mut *e).for_each(|x| *x = *x / size);
        let mut own = from_fn(|_| vec![T::ZERO; width * width]);
        solve(d, e, own.each_mut().map(|own| &mut own[..]))?;
        d.iter_mut().for_each(|x| *x = *x * size);
        for (apart, own) in apart.iter_mut().zip(&own) {
            for (row, own) in apart[first * n..].chunks_exact_mut(n).zip(own.chunks_exact(width)) {
                row[first..end].copy_from_slice(own);
            }
        }
        first = end;
    }
    let order = rising(d);
    let values: Vec<T> = order.iter().map(|i| d[*i]).collect();
    d.copy_from_slice(&values);
    for (basis, apart) in bases.into_iter().zip(&apart) {
        for (row, columns) in basis.chunks_exact_mut(n).zip(apart.chunks_exact(n)) {
            row.iter_mut().zip(&order).for_each(|(x, i)| *x = columns[*i]);
        }
    }
    Some(())
}

/// Both halves of n rows, each on as many threads as it is given. Nothing if one finds nothing.
pub fn both_halves(
    threads: usize,
    n: usize,
    upper: impl FnOnce(usize) -> Option<()>,
    lower: impl FnOnce(usize) -> Option<()> + Send,
) -> Option<()> {
    if threads < 2 || n < SHARED_FROM {
        return upper(1).and(lower(1));
    }
    let (mut one, mut other) = (None, None);
    join(|| one = upper(threads), || other = lower(threads));
    one.and(other)
}
