//! Rotations of two rows, what their sweeps share, and the unit in which squares neither overflow nor vanish.

use super::super::real::Real;
use super::epsilon;

/// The power of two by which the largest number is near 1: then no square overflows or vanishes. Nothing if a number is
/// not finite.
pub fn unit<T: Real>(x: &[T]) -> Option<T> {
    let least = T::FAINT.as_f64() * epsilon::<T>();
    let largest = x.iter().fold(least, |most, x| most.max(x.as_f64().abs()));
    let power = f64::from_bits(largest.to_bits() & f64::INFINITY.to_bits());
    x.iter().all(|x| x.is_finite()).then(|| T::of(power))
}

/// Cosine and sine of the rotation that turns (a, b) into (r, 0), and r. Of numbers whose squares have no digits, which
/// are nothing beside a largest number of 1, b is left out: a rotation by them would be none.
#[inline(always)]
pub fn rotation<T: Real>(a: T, b: T) -> (T, T, T) {
    let square = a.mul_add(a, b * b);
    if square < T::FAINT {
        return (T::ONE, T::ZERO, a);
    }
    let r = square.sqrt();
    (a / r, b / r, r)
}

/// `(c x + s y, c y − s x)` in the place of rows i and j of n numbers, i before j.
#[inline(always)]
pub fn rotate<T: Real>(rows: &mut [T], n: usize, (i, j): (usize, usize), (c, s): (T, T)) {
    let (upper, lower) = rows.split_at_mut(j * n);
    for (x, y) in upper[i * n..][..n].iter_mut().zip(&mut lower[..n]) {
        let (low, high) = (*x, *y);
        *x = c.mul_add(low, s * high);
        *y = c.mul_add(high, -(s * low));
    }
}

/// Exchanges rows i and j of n numbers, i before j.
pub fn exchange<T>(rows: &mut [T], n: usize, (i, j): (usize, usize)) {
    let (upper, lower) = rows.split_at_mut(j * n);
    upper[i * n..][..n].swap_with_slice(&mut lower[..n]);
}

/// Whether a number beside the diagonal is 0 to these two on it, or so small that a rotation would not see it.
#[inline(always)]
pub fn is_little<T: Real>(e: T, a: T, b: T) -> bool {
    e.abs() <= T::of(epsilon::<T>()) * (a.abs() + b.abs()) || e * e < T::FAINT
}

/// Values in rising order, and rows of so many numbers that belong to them, if there are any.
#[inline(always)]
pub fn sort<T: Real, const N: usize>(d: &mut [T], mut rows: [(&mut [T], usize); N]) {
    if rows.iter().all(|(rows, _)| rows.is_empty()) {
        return d.sort_unstable_by(|a, b| a.as_f64().total_cmp(&b.as_f64()));
    }
    for i in 0..d.len() {
        let least = (i + 1..d.len()).fold(i, |least, j| if d[j] < d[least] { j } else { least });
        if least != i {
            d.swap(i, least);
            rows.iter_mut().for_each(|(rows, width)| exchange(rows, *width, (i, least)));
        }
    }
}
