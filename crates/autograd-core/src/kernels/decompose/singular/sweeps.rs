//! Singular values of a bidiagonal matrix by rotations: QR sweeps with a shift, or without one where it would cost
//! digits (Demmel & Kahan 1990).

use super::super::super::real::Real;
use super::super::super::simd::{Kernel, vectorize};
use super::super::epsilon;
use super::super::rotations::{is_little, rotate, rotation, sort};

/// Most sweeps that the values take, for each of them.
const SWEEPS: usize = 30;

/// Vectors in rows of `n` numbers: those on the left, and those on the right.
pub struct Sides<'a, T> {
    pub left: &'a mut [T],
    pub right: &'a mut [T],
}

/// The values, in rising order, in the place of the diagonal; `above` has one number less than it, or as many, if the
/// matrix has one column more than rows. `left` has n rows of n vectors' numbers and `right` a row more if there is a
/// column more; or both are empty. Says whether the rotations converge.
pub fn values<T: Real>(diagonal: &mut [T], above: &mut [T], sides: Sides<'_, T>) -> bool {
    vectorize(Sweeps { d: diagonal, e: above, sides })
}

struct Sweeps<'a, T> {
    d: &'a mut [T],
    e: &'a mut [T],
    sides: Sides<'a, T>,
}

impl<T: Real> Sides<'_, T> {
    /// Turns the vectors i and i + 1 of one side.
    #[inline(always)]
    fn turn(&mut self, left: bool, (n, wide): (usize, usize), i: usize, by: (T, T)) {
        let (vectors, n) = if left { (&mut *self.left, n) } else { (&mut *self.right, wide) };
        if !vectors.is_empty() {
            rotate(vectors, n, (i, i + 1), by);
        }
    }
}

/// A way through a block, down or up. Upwards the matrix is its mirror image: left is right, and of two vectors the
/// first is the second.
#[derive(Clone, Copy)]
struct Way {
    first: usize,
    last: usize,
    down: bool,
    size: (usize, usize),
}

impl Way {
    /// The place of the i-th number on the diagonal.
    #[inline(always)]
    fn on(self, i: usize) -> usize {
        if self.down { self.first + i } else { self.last - i }
    }

    /// The place of the i-th number above it.
    #[inline(always)]
    fn above(self, i: usize) -> usize {
        if self.down { self.first + i } else { self.last - 1 - i }
    }

    /// Turns the i-th and the next vector.
    #[inline(always)]
    fn turn<T: Real>(self, sides: &mut Sides<'_, T>, left: bool, i: usize, (c, s): (T, T)) {
        sides.turn(left == self.down, self.size, self.above(i), if self.down { (c, s) } else { (c, -s) });
    }
}

impl<T: Real> Kernel for Sweeps<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        let Sweeps { d, e, mut sides } = self;
        let n = d.len();
        let size = (n, e.len() + 1);
        if e.len() == n && n > 0 {
            without_last_column(d, e, size, &mut sides);
        }
        let e = &mut e[..n.saturating_sub(1)];
        let (mut left, mut last) = (SWEEPS * n, n.saturating_sub(1));
        while last > 0 {
            if is_little(e[last - 1], d[last - 1], d[last]) {
                last -= 1;
                continue;
            }
            if left == 0 {
                return false;
            }
            left -= 1;
            let first = (0..last - 1).rev().find(|i| is_little(e[*i], d[*i], d[*i + 1])).map_or(0, |i| i + 1);
            sweep((first, last), d, e, size, &mut sides);
        }
        for (i, d) in d.iter_mut().enumerate() {
            // Also of −0, whose reciprocal is −∞.
            if T::ONE.copysign(*d) < T::ZERO {
                *d = -*d;
                if !sides.right.is_empty() {
                    sides.right[i * size.1..(i + 1) * size.1].iter_mut().for_each(|x| *x = -*x);
                }
            }
        }
        sort(d, [(sides.left, size.0), (sides.right, size.1)]);
        true
    }
}

/// Turns the last column of a matrix with one column more than rows into the others: from the right to lower
/// bidiagonal, from the left back.
#[inline(always)]
fn without_last_column<T: Real>(d: &mut [T], e: &mut [T], size: (usize, usize), sides: &mut Sides<'_, T>) {
    let n = d.len();
    for left in [false, true] {
        for i in 0..n {
            if left && i + 1 == n {
                break;
            }
            let (c, s, r) = rotation(d[i], e[i]);
            d[i] = r;
            e[i] = T::ZERO;
            if i + 1 < n {
                e[i] = s * d[i + 1];
                d[i + 1] = c * d[i + 1];
            }
            sides.turn(left, size, i, (c, s));
        }
    }
}

/// One sweep over the rows from `first` to `last`, towards the smaller end.
#[inline(always)]
fn sweep<T: Real>(
    (first, last): (usize, usize),
    d: &mut [T],
    e: &mut [T],
    size: (usize, usize),
    sides: &mut Sides<'_, T>,
) {
    let way = Way { first, last, down: d[first].abs() >= d[last].abs(), size };
    let count = last - first;
    let (on, above) = (|i: usize| way.on(i), |i: usize| way.above(i));
    let block = first..=last;
    let mut most = T::ZERO;
    for x in d[block.clone()].iter().chain(&e[first..last]) {
        most = most.larger(x.abs());
    }
    let mut least = most;
    for x in &d[block] {
        least = least.smaller(x.abs());
    }
    let is_singular = least <= T::of(epsilon::<T>()) * most;
    let shift = smaller_value(d[on(count - 1)], e[above(count - 1)], d[on(count)]);
    let start = d[on(0)];
    let ratio = shift / start;
    // A shift that start² would not see costs the digits of small values, and finds nothing.
    let shifted = !is_singular && ratio * ratio > T::of(epsilon::<T>());
    let (mut f, mut g) = ((start.abs() - shift) * (T::ONE.copysign(start) + ratio), e[above(0)]);
    let (mut c, mut old, mut old_s) = (T::ONE, T::ONE, T::ZERO);
    for i in 0..count {
        let (x, y, z) = (d[on(i)], e[above(i)], d[on(i + 1)]);
        let (right, left, r);
        if shifted {
            right = rotation(f, g);
            r = right.2;
            let (c, s, _) = right;
            f = c * x + s * y;
            let low = c * y - s * x;
            g = s * z;
            left = rotation(f, g);
            let (c_left, s_left, _) = left;
            f = c_left * low + s_left * c * z;
            d[on(i + 1)] = c_left * c * z - s_left * low;
        } else {
            right = rotation(x * c, y);
            r = old_s * right.2;
            left = rotation(old * right.2, z * right.1);
            (c, old, old_s) = (right.0, left.0, left.1);
        }
        if i > 0 {
            e[above(i - 1)] = r;
        }
        d[on(i)] = left.2;
        if shifted && i + 1 < count {
            g = left.1 * e[above(i + 1)];
            e[above(i + 1)] = left.0 * e[above(i + 1)];
        }
        way.turn(sides, false, i, (right.0, right.1));
        way.turn(sides, true, i, (left.0, left.1));
    }
    if shifted {
        e[above(count - 1)] = f;
    } else {
        let h = d[on(count)] * c;
        d[on(count)] = h * old;
        e[above(count - 1)] = h * old_s;
    }
}

/// The smaller singular value of `[f, g; 0, h]`.
#[inline(always)]
fn smaller_value<T: Real>(f: T, g: T, h: T) -> T {
    let (f, g, h) = (f.abs(), g.abs(), h.abs());
    let (small, large) = (f.smaller(h), f.larger(h));
    // s₁ s₂ = f h, and s₁ ± s₂ = √((f ± h)² + g²).
    let sum =
        g.mul_add(g, (large + small) * (large + small)).sqrt() + g.mul_add(g, (large - small) * (large - small)).sqrt();
    if sum > T::ZERO { T::of(2.0) * small * (large / sum) } else { T::ZERO }
}
