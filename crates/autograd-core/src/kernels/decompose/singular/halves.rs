//! Singular values and vectors of a bidiagonal matrix from those of its halves (Gu & Eisenstat 1995).
//!
//! Without the row in its middle, α on the diagonal and β above it, the matrix is two, the upper one with a column more
//! than rows. In the bases of both that row is z, and the rest a diagonal of d: one row over a diagonal, whose singular
//! values are the zeros of `1 + Σ z_j² / (d_j² − σ²)`, where `d₀ = 0` belongs to the middle row.

use super::super::super::gemm::{Matrix, gemm};
use super::super::super::real::Real;
use super::super::super::simd::{Kernel, vectorize};
use super::super::change::{Change, rising};
use super::super::parts::{ROWS, both_halves};
use super::super::rotations::{rotation, unit};
use super::super::secular::{Secular, to_length_one};
use super::super::{epsilon, transpose};
use super::sweeps::{self, Sides};
use crate::threads::parallel::for_rows_of_two;

/// The values of n rows, in rising order, in the place of the diagonal, and the vectors in the columns of `u`, `[n, n]`
/// in rows, and of `v`, as many columns wide as the matrix, which has n columns or one more: the last one of v is then
/// turned into 0. Nothing if rotations do not converge.
pub fn vectors<T: Real>(threads: usize, d: &mut [T], e: &mut [T], u: &mut [T], v: &mut [T]) -> Option<()> {
    let n = d.len();
    let wide = if e.len() == n { n + 1 } else { n };
    if n <= ROWS {
        for (x, size) in [(&mut *u, n), (&mut *v, wide)] {
            x.fill(T::ZERO);
            x.iter_mut().step_by(size + 1).for_each(|x| *x = T::ONE);
        }
        if !sweeps::values(d, e, Sides { left: u, right: v }) {
            return None;
        }
        transpose(n, u);
        transpose(wide, v);
        return Some(());
    }
    let half = n / 2;
    let (first, second) = d.split_at_mut(half);
    let (alpha, second) = (second[0], &mut second[1..]);
    let (beside, after) = e.split_at_mut(half);
    let (beta, after) = (after[0], &mut after[1..]);
    let (rows, columns) = (second.len(), wide - half - 1);
    let square = |n: usize| vec![T::ZERO; n * n];
    let (mut u1, mut v1, mut u2, mut v2) = (square(half), square(half + 1), square(rows), square(columns));
    both_halves(
        threads,
        n,
        |threads| vectors(threads, first, beside, &mut u1, &mut v1),
        |threads| vectors(threads, second, after, &mut u2, &mut v2),
    )?;
    // z by columns of the bases: the last one of the upper basis and, if there is one, of the lower are turned into one
    // that has z, in the place of the middle row, and one that has none.
    let mut z: Vec<T> = v1[half * (half + 1)..].iter().map(|x| alpha * *x).collect();
    z.extend(v2[..columns].iter().map(|x| beta * *x));
    let mut null = (T::ONE, T::ZERO);
    if wide > n {
        let (cosine, sine, size) = rotation(z[half], z[n]);
        (null, z[half]) = ((cosine, sine), size);
    }
    d[half] = T::ZERO;
    // In a unit of its own, in which no square of a small block vanishes.
    let size = unit(d)?.larger(unit(&[alpha, beta])?);
    let change = changed(d, &z[..n], half, size);
    let (left, right) = singular_vectors(threads > 1, &change, size, d, (wide, half, null));
    let product = |(rows, columns): (usize, usize), basis: &[T], turned: &[T], into: &mut [T]| {
        let turned = Matrix::rows(turned, columns).transposed();
        gemm(threads, (rows, rows, columns), Matrix::rows(basis, rows), turned, None, into);
    };
    let (top, bottom) = u.split_at_mut(half * n);
    let (middle, bottom) = bottom.split_at_mut(n);
    product((half, n), &u1, &left, top);
    middle.iter_mut().zip(left.iter().skip(half).step_by(n)).for_each(|(x, y)| *x = *y);
    product((rows, n), &u2, &left[half + 1..], bottom);
    let (top, bottom) = v.split_at_mut((half + 1) * wide);
    product((half + 1, wide), &v1, &right, top);
    product((columns, wide), &v2, &right[half + 1..], bottom);
    Some(())
}

/// What changes of d, in units of `unit`, under a row z with `middle` for the place of its own number.
fn changed<T: Real>(d: &[T], z: &[T], middle: usize, unit: T) -> Change<T> {
    let (none, least) = (T::of(16.0 * epsilon::<T>()), T::of(epsilon::<T>()));
    let first = z[middle] / unit;
    // A number must be there; it becomes a singular value where there is none.
    let first = if first.abs() <= none { least } else { first };
    let mut change = Change { kept: vec![(T::ZERO, first, middle)], stay: Vec::new(), rotations: Vec::new() };
    for place in rising(d).into_iter().filter(|place| *place != middle) {
        let (d, z) = (d[place] / unit, z[place] / unit);
        let (before, other, at) = change.kept[change.kept.len() - 1];
        if z.abs() <= none {
            change.stay.push((d, place));
        } else if change.kept.len() == 1 {
            // Nothing is nearer to the 0 of the middle row.
            change.kept.push((d.larger(T::of(0.5) * least), z, place));
        } else if d - before <= none {
            // Of two values that are nearly equal, a rotation gives all of z to the second one.
            let (cosine, sine, length) = rotation(z, other);
            change.kept.pop();
            change.rotations.push((at, place, cosine, -sine));
            change.stay.push((before, at));
            change.kept.push((d.larger(before), length, place));
        } else {
            change.kept.push((d, z, place));
        }
    }
    change
}

/// The singular vectors of both sides of z over d, in rows, in the order of the values, which are put into the place of
/// d. Those on the right are `wide`; of them the middle number is, by `null`, for the middle and for the last place,
/// and the last row what is orthogonal to that.
fn singular_vectors<T: Real>(
    several: bool,
    change: &Change<T>,
    unit: T,
    values: &mut [T],
    (wide, middle, null): (usize, usize, (T, T)),
) -> (Vec<T>, Vec<T>) {
    let (n, k) = (values.len(), change.kept.len());
    let (d, z) = change.kept();
    let zero = |count: usize| vec![T::ZERO; count];
    let (mut found, mut exact, mut left, mut right) = (zero(k), zero(k), zero(k * k), zero(k * k));
    Secular::<T, true> { d: &d, z: &z }.solve(several, &mut found, &mut right, &mut exact);
    for_rows_of_two(&mut right, k, if several { 4 * k } else { 0 }, &mut left, |_, right, left| {
        vectorize(ToVectors { d: &d, z: &exact, left, right });
    });
    let (mut lefts, mut rights) = (zero(n * n), zero(wide * wide));
    let rows = lefts.chunks_exact_mut(n).zip(rights.chunks_exact_mut(wide));
    for (((on_left, on_right), value), (found, number)) in rows.zip(values).zip(change.sorted(found)) {
        *value = found * unit;
        change.vector(number, &left, on_left);
        change.vector(number, &right, on_right);
        if wide > n {
            let x = on_right[middle];
            (on_right[middle], on_right[n]) = (null.0 * x, null.1 * x);
        }
    }
    if wide > n {
        (rights[n * wide + middle], rights[n * wide + n]) = (-null.1, null.0);
    }
    (lefts, rights)
}

/// The vectors of `D − σ²` in rows: on the right `z_j / (d_j² − σ²)`, on the left d times that and −1 for the row z, of
/// length 1.
struct ToVectors<'a, T> {
    d: &'a [T],
    z: &'a [T],
    left: &'a mut [T],
    right: &'a mut [T],
}

impl<T: Real> Kernel for ToVectors<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let ToVectors { d, z, left, right } = self;
        for (left, right) in left.chunks_exact_mut(d.len()).zip(right.chunks_exact_mut(d.len())) {
            for ((x, y), (d, z)) in right.iter_mut().zip(&mut *left).zip(d.iter().zip(z)) {
                *x = *z / *x;
                *y = *d * *x;
            }
            left[0] = -T::ONE;
            to_length_one(left);
            to_length_one(right);
        }
    }
}
