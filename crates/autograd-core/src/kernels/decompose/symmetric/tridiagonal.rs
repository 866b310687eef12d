//! A symmetric matrix as `Q T Qᵀ` with T tridiagonal, by Householder's reflections (Golub & Van Loan 2013, §8.3.1).

use super::super::super::real::Real;
use super::super::super::simd::{Kernel, Vectorized, vectorize, vectorize_with};
use super::super::products::{LANES, PARTS, Vector, parts, total};
use super::super::reflections::{Reflection, dot, turn_back};
use crate::threads::parallel::for_rows_of_two;

/// T, and the reflections `I − f v vᵀ` whose product is Q.
pub struct Tridiagonal<T> {
    n: usize,
    stride: usize,
    /// On the diagonal.
    pub diagonal: Vec<T>,
    /// Beside it.
    pub beside: Vec<T>,
    /// In row k the v of the reflection of column k, from place k + 1 on, where it is 1.
    rows: Vec<T>,
    factors: Vec<T>,
}

impl<T: Real> Tridiagonal<T> {
    /// Of an `n × n` matrix in rows, both triangles of which are there.
    pub fn new(several: bool, n: usize, a: &[T]) -> Tridiagonal<T> {
        // Rows of whole lanes: what is behind the numbers is 0, and what is before them is multiplied with 0.
        let stride = n.next_multiple_of(LANES);
        let mut rows = vec![T::ZERO; n * stride];
        rows.chunks_exact_mut(stride).zip(a.chunks_exact(n)).for_each(|(row, a)| row[..n].copy_from_slice(a));
        let (mut diagonal, mut beside, mut factors) =
            (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
        let zero = || vec![T::ZERO; stride];
        let (mut v, mut w, mut new, mut product) = (zero(), zero(), zero(), zero());
        for k in 0..n {
            let (row, below) = rows[k * stride..].split_at_mut(stride);
            let row = &mut row[k..n];
            let reflection = vectorize(Column { v: &v[k..n], w: &w[k..n], row });
            diagonal.push(row[0]);
            let Some(Reflection { factor, left }) = reflection else { break };
            beside.push(left);
            factors.push(factor);
            new[k] = T::ZERO;
            new[k + 1..n].copy_from_slice(&row[1..]);
            let (from, product) = ((k + 1) / LANES * LANES, &mut product[k + 1..n]);
            let (old, next) = ((&v[..], &w[..]), &new[..]);
            let cost = if several { product.len() } else { 0 };
            for_rows_of_two(below, stride, cost, product, |range, rows, product| {
                vectorize_with(Step { stride, from, first: k + 1 + range.start, rows, old, new: next, product });
            });
            v.copy_from_slice(&new);
            w[k] = T::ZERO;
            vectorize(Second { factor, v: &v[k + 1..n], product, w: &mut w[k + 1..n] });
        }
        Tridiagonal { n, stride, diagonal, beside, rows, factors }
    }

    /// `Q Z` in the place of `Z`, `[n, columns]` in rows.
    pub fn turn_back(&self, threads: usize, columns: usize, z: &mut [T]) {
        let Tridiagonal { n, stride, ref rows, .. } = *self;
        turn_back(threads, (1, &self.factors), |k| &rows[k * stride + k + 1..k * stride + n], columns, z);
    }
}

/// A row, from the diagonal on: the change of the last reflection is taken off, and in the place of what follows the
/// diagonal is the v of its own reflection; none behind the last row.
struct Column<'a, T> {
    v: &'a [T],
    w: &'a [T],
    row: &'a mut [T],
}

impl<T: Real> Kernel for Column<'_, T> {
    type Output = Option<Reflection<T>>;
    #[inline(always)]
    fn run(self) -> Option<Reflection<T>> {
        let Column { v, w, row } = self;
        let (minus_v, minus_w) = (-v[0], -w[0]);
        for (x, (v, w)) in row.iter_mut().zip(v.iter().zip(w)) {
            *x = minus_v.mul_add(*w, minus_w.mul_add(*v, *x));
        }
        Reflection::of(&mut row[1..])
    }
}

/// The w of a reflection from its product with the matrix: `w = f p − ½ f² (pᵀ v) v`.
struct Second<'a, T> {
    factor: T,
    v: &'a [T],
    product: &'a [T],
    w: &'a mut [T],
}

impl<T: Real> Kernel for Second<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Second { factor, v, product, w } = self;
        let half = T::of(-0.5) * factor * factor * dot(product, v);
        for (w, (p, v)) in w.iter_mut().zip(product.iter().zip(v)) {
            *w = factor.mul_add(*p, half * *v);
        }
    }
}

/// `A − v wᵀ − w vᵀ` in the place of A, and its product with the next v, row by row.
struct Step<'a, T> {
    stride: usize,
    /// The first column, of whole lanes.
    from: usize,
    /// The first row.
    first: usize,
    rows: &'a mut [T],
    old: (&'a [T], &'a [T]),
    new: &'a [T],
    product: &'a mut [T],
}

impl<T: Real> Vectorized for Step<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: pulp::Simd>(self, simd: S) {
        let Step { stride, from, first, rows, old: (v, w), new, product } = self;
        let minus = |i: usize| [T::splat(simd, -v[first + i]), T::splat(simd, -w[first + i])];
        let by = [T::whole::<S>(&v[from..]), T::whole::<S>(&w[from..]), T::whole::<S>(&new[from..])];
        // Two rows share what is read of the vectors.
        for (i, (rows, product)) in rows.chunks_mut(2 * stride).zip(product.chunks_mut(2)).enumerate() {
            let (upper, lower) = rows.split_at_mut(stride);
            let upper = (minus(2 * i), T::whole_mut::<S>(&mut upper[from..]));
            match product {
                [above, below] => {
                    let lower = (minus(2 * i + 1), T::whole_mut::<S>(&mut lower[from..]));
                    [*above, *below] = two::<T, S>(simd, upper, lower, by);
                }
                product => product.fill(one::<T, S>(simd, upper, by)),
            }
        }
    }
}

/// A row, and what its v and w are with the other sign.
type Row<'a, T, S> = ([Vector<T, S>; 2], &'a mut [Vector<T, S>]);

#[inline(always)]
fn one<T: Real, S: pulp::Simd>(simd: S, (minus, row): Row<'_, T, S>, [v, w, new]: [&[Vector<T, S>]; 3]) -> T {
    let parts = parts::<T, S>();
    let mut sums = [T::splat(simd, T::ZERO); PARTS];
    let by = v.chunks_exact(parts).zip(w.chunks_exact(parts)).zip(new.chunks_exact(parts));
    for (x, ((v, w), new)) in row.chunks_exact_mut(parts).zip(by) {
        for i in 0..parts {
            sums[i] = less::<T, S>(simd, minus, &mut x[i], [v[i], w[i], new[i]], sums[i]);
        }
    }
    total::<T, S>(sums)
}

#[inline(always)]
fn two<T: Real, S: pulp::Simd>(
    simd: S,
    (minus, row): Row<'_, T, S>,
    (other, below): Row<'_, T, S>,
    [v, w, new]: [&[Vector<T, S>]; 3],
) -> [T; 2] {
    let parts = parts::<T, S>();
    let mut sums = [T::splat(simd, T::ZERO); PARTS];
    let mut others = sums;
    let by = v.chunks_exact(parts).zip(w.chunks_exact(parts)).zip(new.chunks_exact(parts));
    for ((x, y), ((v, w), new)) in row.chunks_exact_mut(parts).zip(below.chunks_exact_mut(parts)).zip(by) {
        for i in 0..parts {
            let by = [v[i], w[i], new[i]];
            sums[i] = less::<T, S>(simd, minus, &mut x[i], by, sums[i]);
            others[i] = less::<T, S>(simd, other, &mut y[i], by, others[i]);
        }
    }
    [total::<T, S>(sums), total::<T, S>(others)]
}

/// A vector of a row, and its part of the sum.
#[inline(always)]
fn less<T: Real, S: pulp::Simd>(
    simd: S,
    [minus_v, minus_w]: [Vector<T, S>; 2],
    x: &mut Vector<T, S>,
    [v, w, new]: [Vector<T, S>; 3],
    sum: Vector<T, S>,
) -> Vector<T, S> {
    *x = T::mul_add_all(simd, minus_v, w, T::mul_add_all(simd, minus_w, v, *x));
    T::mul_add_all(simd, *x, new, sum)
}
