//! Sparse matrices by their entries: products with dense rows, and inner products of rows. The caller has checked the
//! indices.

use super::many::{Terms, add_terms, is_many};
use super::real::Real;
use crate::threads::parallel::for_rows;

/// `y[rowₖ] += vₖ x[columnₖ]` for the entries of a range of rows, in the order of k.
struct Sum<'a, T> {
    v: &'a [T],
    x: &'a [T],
    rows: &'a [i64],
    columns: &'a [i64],
    width: usize,
    /// Whether a v of 0 is no entry.
    sparse: bool,
    /// The number of the first row of `y`.
    first: usize,
}

impl<T: Real> Terms for Sum<'_, T> {
    #[inline(always)]
    fn add<A: Real>(&self, y: &mut [A]) {
        let Sum { v, x, rows, columns, width, sparse, first } = self;
        for ((v, row), column) in v.iter().zip(*rows).zip(*columns) {
            if *sparse && *v == T::ZERO {
                continue;
            }
            let (to, from) = ((*row as usize - first) * width, *column as usize * width);
            let v = A::of(v.as_f64());
            y[to..to + width].iter_mut().zip(&x[from..from + width]).for_each(|(y, x)| *y += v * A::of(x.as_f64()));
        }
    }
}

/// `y[rowₖ] += vₖ x[columnₖ]` from 0 on, in the order of k, for rows of `width` elements; if it is `sparse`, a v of 0
/// is no entry, also where x is not finite.
pub fn product<T: Real>(v: &[T], x: &[T], [rows, columns]: [&[i64]; 2], (width, sparse): (usize, bool), y: &mut [T]) {
    y.fill(T::ZERO);
    let many = is_many::<T>(v.len().saturating_mul(width), y.len());
    if !rows.is_sorted() {
        return add_terms(many, &Sum { v, x, rows, columns, width, sparse, first: 0 }, y);
    }
    // The entries of some rows are neighbours.
    let each = v.len().saturating_mul(width) / (y.len() / width.max(1)).max(1);
    for_rows(y, width, each.max(width), |range, y| {
        let of = |row: usize| rows.partition_point(|other| *other < row as i64);
        let (from, to) = (of(range.start), of(range.end));
        let (v, rows, columns) = (&v[from..to], &rows[from..to], &columns[from..to]);
        add_terms(many, &Sum { v, x, rows, columns, width, sparse, first: range.start }, y);
    });
}

/// `yₖ = a[rowₖ] · b[columnₖ]`, summed in double precision.
pub fn inner<T: Real>(a: &[T], b: &[T], [rows, columns]: [&[i64]; 2], width: usize, y: &mut [T]) {
    for_rows(y, 1, width.max(1), |range, y| {
        for (k, y) in range.zip(y) {
            let (i, j) = (rows[k] as usize * width, columns[k] as usize * width);
            let terms = a[i..i + width].iter().zip(&b[j..j + width]);
            *y = T::of(terms.map(|(a, b)| a.as_f64() * b.as_f64()).sum());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One half of the rows has one entry each, the other half five: of the whole there are few, of some pieces many.
    #[test]
    fn no_bit_depends_on_the_cuts() {
        let (bags, width) = (2000, 64);
        let rows: Vec<i64> = (0..bags).flat_map(|bag| vec![bag; if bag < bags / 2 { 1 } else { 5 }]).collect();
        let columns: Vec<i64> = (0..rows.len() as i64).map(|k| k * 7 % 100).collect();
        let number = |i: usize| (crate::kernels::random::bits_at(5, i as u64) >> 40) as f32 / 1e7 - 0.8;
        let x: Vec<f32> = (0..100 * width).map(number).collect();
        let v: Vec<f32> = (0..rows.len()).map(|i| number(i + 10_000)).collect();
        let of = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let mut y = vec![0.0; bags as usize * width];
            pool.install(|| product(&v, &x, [&rows, &columns], (width, false), &mut y));
            y.iter().map(|y| y.to_bits()).collect::<Vec<u32>>()
        };
        let one = of(1);
        (2..6).for_each(|threads| assert_eq!(of(threads), one, "{threads}"));
    }
}
