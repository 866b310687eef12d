//! Eigenvalues and eigenvectors of a tridiagonal matrix from those of its halves (Cuppen 1981).
//!
//! Without the number e in its middle, which is taken off together with |e| on the diagonal beside it, the matrix is
//! two; what was taken off is `|e| v vᵀ`. In the bases of both halves that is a diagonal plus `ρ z zᵀ`.

use super::super::super::gemm::{Matrix, gemm};
use super::super::super::real::Real;
use super::super::super::simd::{Kernel, vectorize};
use super::super::change::{Change, rising};
use super::super::parts::{ROWS, both_halves};
use super::super::rotations::rotation;
use super::super::secular::{Secular, to_length_one};
use super::super::{epsilon, transpose};
use super::ql;
use crate::threads::parallel::for_rows;

/// The values, in rising order, in the place of the diagonal, and the vectors in the columns of `into`, `[n, n]` in
/// rows. Nothing if rotations do not converge.
pub fn vectors<T: Real>(threads: usize, d: &mut [T], e: &mut [T], into: &mut [T]) -> Option<()> {
    let n = d.len();
    if n <= ROWS {
        into.fill(T::ZERO);
        into.iter_mut().step_by(n + 1).for_each(|x| *x = T::ONE);
        return ql::values(d, e, into).then(|| transpose(n, into));
    }
    let half = n / 2;
    let (first, second) = d.split_at_mut(half);
    let (beside, after) = e.split_at_mut(half - 1);
    let (middle, after) = (after[0], &mut after[1..]);
    first[half - 1] -= middle.abs();
    second[0] -= middle.abs();
    let (mut upper, mut lower) = (vec![T::ZERO; half * half], vec![T::ZERO; (n - half) * (n - half)]);
    both_halves(
        threads,
        n,
        |threads| vectors(threads, first, beside, &mut upper),
        |threads| vectors(threads, second, after, &mut lower),
    )?;
    // v is 1 at the end of the first half, and 1 or −1 at the start of the second; z is it in the bases of both.
    let root = T::of(std::f64::consts::FRAC_1_SQRT_2);
    let of_upper = upper[(half - 1) * half..].iter().map(|x| *x * root);
    let of_lower = lower[..n - half].iter().map(|x| *x * root.copysign(middle));
    let rho = T::of(2.0) * middle.abs();
    let change = changed(d, &of_upper.chain(of_lower).collect::<Vec<T>>(), rho);
    let turned = eigenvectors(threads > 1, &change, rho, d);
    let (top, bottom) = into.split_at_mut(half * n);
    let columns = |from: usize| Matrix::rows(&turned[from..], n).transposed();
    gemm(threads, (half, half, n), Matrix::rows(&upper, half), columns(0), None, top);
    gemm(threads, (n - half, n - half, n), Matrix::rows(&lower, n - half), columns(half), None, bottom);
    Some(())
}

/// What changes of d when `ρ z zᵀ` is added, z of length 1.
fn changed<T: Real>(d: &[T], z: &[T], rho: T) -> Change<T> {
    let most = d.iter().fold(rho, |most, x| most.larger(x.abs()));
    let none = T::of(8.0 * epsilon::<T>()) * most;
    let mut change = Change { kept: Vec::new(), stay: Vec::new(), rotations: Vec::new() };
    for place in rising(d) {
        let (d, z) = (d[place], z[place]);
        if rho * z.abs() <= none {
            change.stay.push((d, place));
            continue;
        }
        // Of two values that are nearly equal, a rotation gives all of z to the second one.
        if let Some((before, other, at)) = change.kept.last().copied() {
            let (c, s, length) = rotation(z, other);
            if ((d - before) * c * s).abs() <= none {
                change.kept.pop();
                change.rotations.push((at, place, c, -s));
                change.stay.push((before * c * c + d * s * s, at));
                change.kept.push((before * s * s + d * c * c, length, place));
                continue;
            }
        }
        change.kept.push((d, z, place));
    }
    change
}

/// The eigenvectors of d with that change, in rows, in the order of the eigenvalues, which are put into the place of d.
fn eigenvectors<T: Real>(several: bool, change: &Change<T>, rho: T, values: &mut [T]) -> Vec<T> {
    let (n, k) = (values.len(), change.kept.len());
    let (d, mut z) = change.kept();
    // ρ z zᵀ is that of √ρ z.
    z.iter_mut().for_each(|z| *z = *z * rho.sqrt());
    let (mut found, mut exact, mut vectors) = (vec![T::ZERO; k], vec![T::ZERO; k], vec![T::ZERO; k * k]);
    Secular::<T, false> { d: &d, z: &z }.solve(several, &mut found, &mut vectors, &mut exact);
    for_rows(&mut vectors, k, if several { 2 * k } else { 0 }, |_, rows| vectorize(ToVectors { z: &exact, rows }));
    let mut rows = vec![T::ZERO; n * n];
    for ((row, value), (found, number)) in rows.chunks_exact_mut(n).zip(values).zip(change.sorted(found)) {
        *value = found;
        change.vector(number, &vectors, row);
    }
    rows
}

/// `z_j / (d_j − λ)`, of length 1, in the place of `d_j − λ`.
struct ToVectors<'a, T> {
    z: &'a [T],
    rows: &'a mut [T],
}

impl<T: Real> Kernel for ToVectors<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact_mut(self.z.len()) {
            row.iter_mut().zip(self.z).for_each(|(x, z)| *x = *z / *x);
            to_length_one(row);
        }
    }
}
