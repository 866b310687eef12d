//! A matrix as `P B Qᵀ` with B upper bidiagonal, by Householder's reflections from both sides (Golub & Kahan 1965).

use super::super::super::real::Real;
use super::super::super::simd::{Kernel, vectorize, vectorize_with};
use super::super::products::{Dots, LANES};
use super::super::reflections::{Reflection, dot, turn_back};
use crate::threads::parallel::{for_rows, join, worth_sharing};

/// B, and the reflections `I − f v vᵀ` whose products are P and Q.
pub struct Bidiagonal<T> {
    m: usize,
    n: usize,
    stride: usize,
    /// On the diagonal.
    pub diagonal: Vec<T>,
    /// Above it.
    pub above: Vec<T>,
    /// In row k, from place k on, the v of the k-th reflection from the left, where it is 1.
    lefts: Vec<T>,
    /// In row k, from place k + 1 on, that of the k-th one from the right.
    rows: Vec<T>,
    factors: [Vec<T>; 2],
}

/// `u yᵀ + x vᵀ`, which is to be taken off a matrix: u and x for its rows, y and v for its columns.
struct Taken<T> {
    u: Vec<T>,
    x: Vec<T>,
    y: Vec<T>,
    v: Vec<T>,
}

impl<T: Real> Bidiagonal<T> {
    /// Of an `m × n` matrix in rows, m not below n.
    pub fn new(several: bool, (m, n): (usize, usize), a: &[T]) -> Bidiagonal<T> {
        // Rows of whole lanes: what is behind the numbers is 0, and what is before them is multiplied with 0.
        let stride = n.next_multiple_of(LANES);
        let zero = |n: usize| vec![T::ZERO; n];
        let mut rows = zero(m * stride);
        rows.chunks_exact_mut(stride).zip(a.chunks_exact(n)).for_each(|(row, a)| row[..n].copy_from_slice(a));
        let (mut diagonal, mut above, mut lefts) = (zero(n), zero(n.saturating_sub(1)), zero(n * m));
        let mut factors = [zero(n), zero(n.saturating_sub(1))];
        let mut last = Taken { u: zero(m), x: zero(m), y: zero(stride), v: zero(stride) };
        let (mut sums, mut others) = (zero(stride), zero(stride));
        for k in 0..n {
            let from = k / LANES * LANES;
            let all = several && worth_sharing((m - k) * (n - k));
            // The reflection of the column, from what the rows are without the last change.
            let u = &mut lefts[k * m..(k + 1) * m];
            let Reflection { factor, left } = vectorize(Column { k, stride, rows: &rows, last: &last, u });
            (diagonal[k], factors[0][k]) = (left, factor);
            let u = &lefts[k * m..(k + 1) * m];
            // The last change is taken off, and the columns are multiplied with u: in two parts, whose sums are added.
            let middle = k + (m - k) / 2;
            let (upper, lower) = rows.split_at_mut(middle * stride);
            let above_middle =
                Take { stride, from, first: k, rows: &mut upper[k * stride..], last: &last, u, sums: &mut sums };
            let below_middle = Take { stride, from, first: middle, rows: lower, last: &last, u, sums: &mut others };
            match all {
                true => join(|| vectorize(above_middle), || vectorize(below_middle)),
                false => (vectorize(above_middle), vectorize(below_middle)).0,
            }
            // What the reflection takes off every row, and the reflection of this row.
            let row = &mut rows[k * stride..k * stride + n];
            let right = vectorize(Row { k, factor, row, sums: [&sums, &others], y: &mut last.y, v: &mut last.v });
            last.u.copy_from_slice(u);
            last.u[..=k].fill(T::ZERO);
            let Some(Reflection { factor, left }) = right else { break };
            (above[k], factors[1][k]) = (left, factor);
            // What that takes off every row: the row without the first change, times v.
            let Taken { u, x, y, v } = &mut last;
            let from = (k + 1) / LANES * LANES;
            let both = dot_of(&y[k + 1..n], &v[k + 1..n]);
            let (below, v) = (&rows[(k + 1) * stride..], &v[..]);
            for_rows(&mut x[k + 1..], 1, if all { n - k } else { 0 }, |range, x| {
                let below = &below[range.start * stride..];
                vectorize_with(Dots { stride, from, rows: below, v, products: x });
                x.iter_mut().zip(&u[k + 1 + range.start..]).for_each(|(x, u)| *x = factor * (*x - both * *u));
            });
        }
        Bidiagonal { m, n, stride, diagonal, above, lefts, rows, factors }
    }

    /// `P Z` in the place of Z, `[m, columns]` in rows.
    pub fn turn_left(&self, threads: usize, columns: usize, z: &mut [T]) {
        let Bidiagonal { m, ref lefts, .. } = *self;
        turn_back(threads, (0, &self.factors[0]), |k| &lefts[k * m + k..(k + 1) * m], columns, z);
    }

    /// `Q Z` in the place of Z, `[n, columns]` in rows.
    pub fn turn_right(&self, threads: usize, columns: usize, z: &mut [T]) {
        let Bidiagonal { n, stride, ref rows, .. } = *self;
        turn_back(threads, (1, &self.factors[1]), |k| &rows[k * stride + k + 1..k * stride + n], columns, z);
    }
}

fn dot_of<T: Real>(a: &[T], b: &[T]) -> T {
    struct Dot<'a, T>(&'a [T], &'a [T]);
    impl<T: Real> Kernel for Dot<'_, T> {
        type Output = T;
        #[inline(always)]
        fn run(self) -> T {
            dot(self.0, self.1)
        }
    }
    vectorize(Dot(a, b))
}

/// The reflection of column k, without the last change, in the place of u from place k on.
struct Column<'a, T> {
    k: usize,
    stride: usize,
    rows: &'a [T],
    last: &'a Taken<T>,
    u: &'a mut [T],
}

impl<T: Real> Kernel for Column<'_, T> {
    type Output = Reflection<T>;
    #[inline(always)]
    fn run(self) -> Reflection<T> {
        let Column { k, stride, rows, last: Taken { u, x, y, v }, u: column } = self;
        let (minus_y, minus_v) = (-y[k], -v[k]);
        for (i, column) in column.iter_mut().enumerate().skip(k) {
            *column = minus_y.mul_add(u[i], minus_v.mul_add(x[i], rows[i * stride + k]));
        }
        Reflection::of(&mut column[k..]).unwrap_or_else(|| unreachable!("there are no fewer rows than columns"))
    }
}

/// `A − u yᵀ − x vᵀ` in the place of some rows of A, and what they add to the product of its columns with the next u.
struct Take<'a, T> {
    stride: usize,
    /// The first column, of whole lanes.
    from: usize,
    /// The first row.
    first: usize,
    rows: &'a mut [T],
    last: &'a Taken<T>,
    u: &'a [T],
    sums: &'a mut [T],
}

impl<T: Real> Kernel for Take<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Take { stride, from, first, rows, last: Taken { u, x, y, v }, u: new, sums } = self;
        let (y, v, sums) = (&y[from..], &v[from..], &mut sums[from..]);
        sums.fill(T::ZERO);
        let mut pairs = rows.chunks_exact_mut(2 * stride);
        let mut i = first;
        for rows in &mut pairs {
            let (a, b) = rows.split_at_mut(stride);
            let (a_u, a_x, b_u, b_x) = (-u[i], -x[i], -u[i + 1], -x[i + 1]);
            let columns = a[from..].iter_mut().zip(&mut b[from..]).zip(y.iter().zip(v)).zip(&mut *sums);
            for (((a, b), (y, v)), sum) in columns {
                *a = a_u.mul_add(*y, a_x.mul_add(*v, *a));
                *b = b_u.mul_add(*y, b_x.mul_add(*v, *b));
                *sum = new[i].mul_add(*a, new[i + 1].mul_add(*b, *sum));
            }
            i += 2;
        }
        for row in pairs.into_remainder().chunks_exact_mut(stride) {
            let (minus_u, minus_x) = (-u[i], -x[i]);
            for ((x, (y, v)), sum) in row[from..].iter_mut().zip(y.iter().zip(v)).zip(&mut *sums) {
                *x = minus_u.mul_add(*y, minus_x.mul_add(*v, *x));
                *sum = new[i].mul_add(*x, *sum);
            }
        }
    }
}

/// y of the reflection from the left, and the reflection of what it leaves of the row behind the diagonal, if there is
/// any.
struct Row<'a, T> {
    k: usize,
    factor: T,
    row: &'a mut [T],
    sums: [&'a [T]; 2],
    y: &'a mut [T],
    v: &'a mut [T],
}

impl<T: Real> Kernel for Row<'_, T> {
    type Output = Option<Reflection<T>>;
    #[inline(always)]
    fn run(self) -> Option<Reflection<T>> {
        let Row { k, factor, row, sums: [a, b], y, v } = self;
        let n = row.len();
        for (y, (a, b)) in y[k..n].iter_mut().zip(a[k..].iter().zip(&b[k..])) {
            *y = factor * (*a + *b);
        }
        (y[k], v[k]) = (T::ZERO, T::ZERO);
        // The first number of u is 1.
        row[k + 1..].iter_mut().zip(&y[k + 1..]).for_each(|(x, y)| *x -= *y);
        let reflection = Reflection::of(&mut row[k + 1..])?;
        v[k + 1..n].copy_from_slice(&row[k + 1..]);
        Some(reflection)
    }
}
