//! Elements of rows by their rank, as positions. NaN comes last, and of equal elements the first.

use crate::storage::block::Plain;
use crate::threads::parallel::for_rows;
use std::cmp::Ordering;

fn is_nan<T: PartialOrd>(x: &T) -> bool {
    x.partial_cmp(x).is_none()
}

/// The order of two positions in a row.
fn order<T: PartialOrd>(x: &[T], a: i64, b: i64) -> Ordering {
    let (left, right) = (&x[a as usize], &x[b as usize]);
    let values = left.partial_cmp(right).unwrap_or_else(|| is_nan(left).cmp(&is_nan(right)));
    values.then(a.cmp(&b))
}

fn count(positions: &mut [i64]) {
    positions.iter_mut().enumerate().for_each(|(i, at)| *at = i as i64);
}

/// The positions of each row of `x: [rows, width]` in ascending order of their elements.
pub fn sorted_positions<T: Plain + PartialOrd>(x: &[T], width: usize, y: &mut [i64]) {
    for_rows(y, width, width.saturating_mul(16), |rows, y| {
        for (row, y) in rows.zip(y.chunks_exact_mut(width)) {
            let x = &x[row * width..(row + 1) * width];
            count(y);
            y.sort_unstable_by(|a, b| order(x, *a, *b));
        }
    });
}

/// The position of the lower median of each row of `x: [rows, width]`, at the beginning of the row of `y`, in which
/// the others follow in any order. A NaN is the median of its row, unless it is skipped and something else is there.
pub fn median_positions<T: Plain + PartialOrd>(x: &[T], width: usize, skip: bool, y: &mut [i64]) {
    for_rows(y, width, width.saturating_mul(8), |rows, y| {
        for (row, y) in rows.zip(y.chunks_exact_mut(width)) {
            let x = &x[row * width..(row + 1) * width];
            count(y);
            let first = x.iter().position(is_nan);
            let numbers = width - x.iter().filter(|x| is_nan(*x)).count();
            let at = match first {
                Some(first) if !skip || numbers == 0 => first,
                _ => {
                    let middle = (numbers - 1) / 2;
                    y.select_nth_unstable_by(middle, |a, b| order(x, *a, *b));
                    middle
                }
            };
            y.swap(0, at);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_last_and_the_first_of_ties_comes_first() {
        let mut y = [0; 5];
        sorted_positions(&[2.0, f64::NAN, -1.0, 2.0, f64::INFINITY], 5, &mut y);
        assert_eq!(y, [2, 0, 3, 4, 1]);
        median_positions(&[2.0, f64::NAN, -1.0, 2.0, f64::INFINITY], 5, true, &mut y);
        assert_eq!(y[0], 0);
        median_positions(&[2.0, f64::NAN, -1.0, 2.0, f64::NAN], 5, false, &mut y);
        assert_eq!(y[0], 1);
        median_positions(&[3_i64, 1, 2, 1], 4, false, &mut y[..4]);
        assert_eq!(y[0], 3);
    }
}
