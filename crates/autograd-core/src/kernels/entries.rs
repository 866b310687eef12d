//! Sparse matrices by their entries: products with dense rows, and inner products of rows. The caller has checked the
//! indices.

use super::real::Real;

/// `y[rowₖ] += vₖ x[columnₖ]` from 0 on, in the order of k, for rows of `width` elements.
pub fn product<T: Real>(v: &[T], x: &[T], [rows, columns]: [&[i64]; 2], width: usize, y: &mut [T]) {
    y.fill(T::ZERO);
    for ((v, row), column) in v.iter().zip(rows).zip(columns) {
        let (to, from) = (*row as usize * width, *column as usize * width);
        y[to..to + width].iter_mut().zip(&x[from..from + width]).for_each(|(y, x)| *y += *v * *x);
    }
}

/// `yₖ = a[rowₖ] · b[columnₖ]`, summed in double precision.
pub fn inner<T: Real>(a: &[T], b: &[T], [rows, columns]: [&[i64]; 2], width: usize, y: &mut [T]) {
    for ((y, row), column) in y.iter_mut().zip(rows).zip(columns) {
        let (i, j) = (*row as usize * width, *column as usize * width);
        let terms = a[i..i + width].iter().zip(&b[j..j + width]);
        *y = T::of(terms.map(|(a, b)| a.as_f64() * b.as_f64()).sum());
    }
}
