//! Positions in the order of the elements: sorted rows, the first of them, places in sorted rows.

use crate::storage::block::Plain;
use crate::threads::parallel::for_rows;

/// An element as a whole number of the same order: NaN is the largest, −0 and +0 are equal.
pub trait Key: Plain {
    /// The number.
    fn key(self) -> i64;
}

impl Key for f64 {
    fn key(self) -> i64 {
        if self.is_nan() {
            return i64::MAX;
        }
        // −0 becomes +0, and the bits of negative numbers go up where the numbers do.
        let bits = (self + 0.0).to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    }
}

impl Key for f32 {
    fn key(self) -> i64 {
        f64::from(self).key()
    }
}

impl Key for i64 {
    fn key(self) -> i64 {
        self
    }
}

impl Key for u8 {
    fn key(self) -> i64 {
        i64::from(self)
    }
}

/// The keys of a row with their positions. These pairs are all different: equal elements stay in their order.
fn pairs<T: Key>(row: &[T], descending: bool, pairs: &mut Vec<(i64, i64)>) {
    let of = |key: i64| if descending { !key } else { key };
    pairs.clear();
    pairs.extend(row.iter().zip(0..).map(|(x, i)| (of(x.key()), i)));
}

/// The work of sorting a row, in elements.
fn cost(n: usize) -> usize {
    n.saturating_mul(n.max(2).ilog2() as usize)
}

/// The positions of the first k elements in the order of each row of `n`, equal ones in their order; `y: [rows, k]`.
pub fn first<T: Key>(x: &[T], n: usize, k: usize, descending: bool, y: &mut [i64]) {
    for_rows(y, k, cost(n), |rows, y| {
        let mut row_pairs = Vec::with_capacity(n);
        for (row, y) in rows.zip(y.chunks_exact_mut(k)) {
            pairs(&x[row * n..(row + 1) * n], descending, &mut row_pairs);
            if k < n {
                row_pairs.select_nth_unstable(k);
                row_pairs.truncate(k);
            }
            row_pairs.sort_unstable();
            y.iter_mut().zip(&row_pairs).for_each(|(y, (_, i))| *y = *i);
        }
    });
}

/// The position of element number k in the ascending order of each row of `n`, counted from 0.
pub fn nth<T: Key>(x: &[T], n: usize, k: usize, y: &mut [i64]) {
    for_rows(y, 1, n, |rows, y| {
        let mut row_pairs = Vec::with_capacity(n);
        for (row, y) in rows.zip(y) {
            pairs(&x[row * n..(row + 1) * n], false, &mut row_pairs);
            *y = row_pairs.select_nth_unstable(k).1.1;
        }
    });
}

/// For each of `m` values of a row the first place in the sorted row of `n` where it can be put so that the row stays
/// sorted, or, `right`, the last one. One sorted row serves all, if there is only one.
pub fn search<T: Plain + PartialOrd>(sorted: &[T], n: usize, values: &[T], m: usize, right: bool, y: &mut [i64]) {
    let shared = sorted.len() == n;
    for_rows(y, m, m.saturating_mul(n.max(2).ilog2() as usize), |rows, y| {
        for (row, y) in rows.zip(y.chunks_exact_mut(m)) {
            let sorted = if shared { sorted } else { &sorted[row * n..(row + 1) * n] };
            for (y, value) in y.iter_mut().zip(&values[row * m..(row + 1) * m]) {
                // A NaN is neither above nor at anything: its place is the end.
                let before = |x: &T| if right { !matches_above(x, value) } else { !matches_at(x, value) };
                *y = sorted.partition_point(before) as i64;
            }
        }
    });
}

fn matches_above<T: PartialOrd>(x: &T, value: &T) -> bool {
    x > value
}

fn matches_at<T: PartialOrd>(x: &T, value: &T) -> bool {
    x >= value
}
