//! Positions in the order of the elements: sorted rows, the first of them, places in sorted rows.

use crate::kernels::simd::{Kernel, vectorize};
use crate::storage::block::Plain;
use crate::threads::parallel::for_rows;

/// An element as a whole number of the same order: NaN is the largest, −0 and +0 are equal.
pub trait Key: Plain {
    /// The number; mark it `#[inline(always)]`.
    fn key(self) -> i64;
}

impl Key for f64 {
    #[inline(always)]
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
    #[inline(always)]
    fn key(self) -> i64 {
        f64::from(self).key()
    }
}

impl Key for i64 {
    #[inline(always)]
    fn key(self) -> i64 {
        self
    }
}

impl Key for u8 {
    #[inline(always)]
    fn key(self) -> i64 {
        i64::from(self)
    }
}

/// The keys of a row with their positions. These pairs are all different: equal elements stay in their order.
fn pairs<T: Key>(row: &[T], descending: bool) -> impl Iterator<Item = (i64, i64)> {
    row.iter().zip(0..).map(move |(x, i)| (turned(*x, descending), i))
}

/// The key of an element, or the opposite one.
#[inline(always)]
fn turned<T: Key>(x: T, descending: bool) -> i64 {
    if descending { !x.key() } else { x.key() }
}

/// Elements that are compared side by side.
const SIDE: usize = 32;

/// So many pairs are kept in order by moving those that come after a new one.
const FEW: usize = 64;

/// The first k pairs of a row in their order, k < n. They are kept as the row is read: in a row without order almost no
/// element comes before the last of them, which is seen of many elements at once.
struct Few<'a, T> {
    row: &'a [T],
    k: usize,
    descending: bool,
    found: &'a mut Vec<(i64, i64)>,
}

impl<T: Key> Kernel for Few<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Few { row, k, descending, found } = self;
        let (head, rest) = row.split_at(k);
        found.clear();
        found.extend(pairs(head, descending));
        found.sort_unstable();
        let (chunks, last) = rest.as_chunks::<SIDE>();
        for (chunk, from) in chunks.iter().zip((k..).step_by(SIDE)) {
            let bound = found[k - 1].0;
            let mut before = chunk
                .iter()
                .enumerate()
                .fold(0u32, |before, (lane, x)| before | u32::from(turned(*x, descending) < bound) << lane);
            while before != 0 {
                let lane = before.trailing_zeros() as usize;
                enter(found, turned(chunk[lane], descending), from + lane);
                before &= before - 1;
            }
        }
        for (x, i) in last.iter().zip(row.len() - last.len()..) {
            enter(found, turned(*x, descending), i);
        }
    }
}

/// Puts an element in its place among pairs, of which the last drops out. All equal ones came before it.
#[inline(always)]
fn enter(pairs: &mut [(i64, i64)], key: i64, position: usize) {
    let mut at = pairs.len();
    while at > 0 && key < pairs[at - 1].0 {
        at -= 1;
        if at + 1 < pairs.len() {
            pairs[at + 1] = pairs[at];
        }
    }
    if at < pairs.len() {
        pairs[at] = (key, position as i64);
    }
}

/// The work of sorting a row, in elements.
fn cost(n: usize) -> usize {
    n.saturating_mul(n.max(2).ilog2() as usize)
}

/// The positions of the first k elements in the order of each row of `n`, equal ones in their order; `y: [rows, k]`.
pub fn first<T: Key>(x: &[T], n: usize, k: usize, descending: bool, y: &mut [i64]) {
    for_rows(y, k, cost(n), |rows, y| {
        let mut found = Vec::new();
        for (row, y) in rows.zip(y.chunks_exact_mut(k)) {
            let row = &x[row * n..(row + 1) * n];
            if k < n && k <= FEW {
                vectorize(Few { row, k, descending, found: &mut found });
            } else {
                found.clear();
                found.extend(pairs(row, descending));
                if k < n {
                    found.select_nth_unstable(k);
                    found.truncate(k);
                }
                found.sort_unstable();
            }
            y.iter_mut().zip(&found).for_each(|(y, (_, i))| *y = *i);
        }
    });
}

/// The position of element number k in the ascending order of each row of `n`, counted from 0.
pub fn nth<T: Key>(x: &[T], n: usize, k: usize, y: &mut [i64]) {
    for_rows(y, 1, n, |rows, y| {
        let mut row_pairs = Vec::with_capacity(n);
        for (row, y) in rows.zip(y) {
            row_pairs.clear();
            row_pairs.extend(pairs(&x[row * n..(row + 1) * n], false));
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
                // The place of a NaN is the end, also among those of the row, which are after all numbers.
                let is_nan = value.partial_cmp(value).is_none();
                let before = |x: &T| is_nan || x < value || (right && x == value);
                *y = sorted.partition_point(before) as i64;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_those_of_the_sorted_row() {
        // Lengths around the number of elements seen at once, and as many as are kept by moving them, and more.
        for n in [1, 2, 31, 33, 64, 65, 67, 98, 131, 300] {
            for k in [1, 2, 8, 63, 64, 65, n].into_iter().filter(|k| *k <= n) {
                let number = |i: usize| match (i * 7919) % 23 {
                    0 => f64::NAN,
                    1 => -0.0,
                    2 => 0.0,
                    3 => f64::NEG_INFINITY,
                    kind => (kind * kind % 19) as f64 - 6.0,
                };
                let x: Vec<f64> = (0..2 * n).map(number).collect();
                for descending in [false, true] {
                    let mut y = vec![0; 2 * k];
                    first(&x, n, k, descending, &mut y);
                    for (x, y) in x.chunks(n).zip(y.chunks(k)) {
                        let mut sorted: Vec<(i64, i64)> = pairs(x, descending).collect();
                        sorted.sort_unstable();
                        let positions: Vec<i64> = sorted.iter().map(|(_, i)| *i).take(k).collect();
                        assert_eq!(y, positions, "{k} of {n}, descending {descending}");
                    }
                }
            }
        }
    }
}
