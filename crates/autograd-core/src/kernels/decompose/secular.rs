//! The zeros of `f(λ) = 1 + Σ z_j² / (D_j − λ)`, one behind each D: the eigenvalues of the diagonal matrix of D plus `z
//! zᵀ` (Bunch, Nielsen & Sorensen 1978); with squares in the place of D and λ, the singular values of a diagonal matrix
//! to which a row is added (Jessup & Sorensen 1994).
//!
//! A value is found as its distance from the nearer pole, so that its distance from every pole has all digits; vectors
//! are made of these (Gu & Eisenstat 1995).

use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::epsilon;
use crate::threads::parallel::for_rows;

/// Most steps to a value: some 10 are taken, and 70 by a bracket that is halved to the last bit.
const STEPS: usize = 100;

/// Lanes of a sum.
const LANES: usize = 16;

/// The equation. With `SQUARES`, `D_j = d_j²` and λ = x², else `D_j = d_j` and λ = x. The d rise strictly, from 0 on if
/// they are squared, and no z is 0.
pub struct Secular<'a, T, const SQUARES: bool> {
    pub d: &'a [T],
    pub z: &'a [T],
}

impl<T: Real, const SQUARES: bool> Secular<'_, T, SQUARES> {
    /// The x of all zeros, in rising order, and for each a row of `D_j − λ`.
    ///
    /// In `z` are the numbers, with the signs of z, of which what was found are the exact zeros.
    pub fn solve(&self, several: bool, values: &mut [T], rows: &mut [T], z: &mut [T]) {
        let k = self.d.len();
        if k == 0 {
            return;
        }
        let cost = if several { 32 * k } else { 0 };
        // In the place of each row the distances d_j − x first.
        for_rows(rows, k, cost, |range, rows| {
            range.zip(rows.chunks_exact_mut(k)).for_each(|(i, row)| vectorize(Root { of: self, i, row }));
        });
        values.iter_mut().enumerate().for_each(|(i, value)| *value = self.d[i] - rows[i * k + i]);
        z.fill(T::ONE);
        vectorize(Lengths { of: self, values, rows, squares: z });
        z.iter_mut().zip(self.z).for_each(|(x, z)| *x = x.abs().sqrt().copysign(*z));
    }
}

/// Finds the i-th zero; what it leaves are the distances of all d.
struct Root<'a, T, const SQUARES: bool> {
    of: &'a Secular<'a, T, SQUARES>,
    i: usize,
    row: &'a mut [T],
}

/// Σ z² / (D − λ) over some poles, and its derivative by λ.
#[derive(Clone, Copy)]
struct Terms<T> {
    sum: T,
    slope: T,
}

impl<T: Real, const SQUARES: bool> Root<'_, T, SQUARES> {
    /// The distances from d at a pole.
    #[inline(always)]
    fn from(&mut self, pole: usize) {
        let d = self.of.d;
        self.row.iter_mut().zip(d).for_each(|(x, other)| *x = *other - d[pole]);
    }

    /// The terms of some poles, all on one side of x, which is `at` behind the pole.
    #[inline(always)]
    fn terms(&self, poles: std::ops::Range<usize>, (pole, at): (T, T)) -> Terms<T> {
        let (z, d, row) = (&self.of.z[poles.clone()], &self.of.d[poles.clone()], &self.row[poles]);
        let (mut sums, mut slopes) = ([T::ZERO; LANES], [T::ZERO; LANES]);
        let ((zs, z), (ds, d), (rows, row)) = (z.as_chunks(), d.as_chunks(), row.as_chunks::<LANES>());
        let x = pole + at;
        for ((z, d), row) in zs.iter().zip(ds).zip(rows) {
            (sums, slopes) = terms::<T, SQUARES>(z, d, row, (x, at), sums, slopes);
        }
        let (mut sum, mut slope) = (total(sums), total(slopes));
        for ((z, d), row) in z.iter().zip(d).zip(row) {
            term::<T, SQUARES>(*z, *d, *row, (x, at), &mut sum, &mut slope);
        }
        Terms { sum, slope }
    }

    /// Those of the poles up to `p`, and of those above.
    #[inline(always)]
    fn both(&self, p: usize, at: (T, T)) -> [Terms<T>; 2] {
        [self.terms(0..p + 1, at), self.terms(p + 1..self.row.len(), at)]
    }
}

/// A lane each of poles. By value: what the compiler sees as memory it keeps there.
#[inline(always)]
fn terms<T: Real, const SQUARES: bool>(
    z: &[T; LANES],
    d: &[T; LANES],
    row: &[T; LANES],
    at: (T, T),
    mut sums: [T; LANES],
    mut slopes: [T; LANES],
) -> ([T; LANES], [T; LANES]) {
    for l in 0..LANES {
        term::<T, SQUARES>(z[l], d[l], row[l], at, &mut sums[l], &mut slopes[l]);
    }
    (sums, slopes)
}

/// One pole.
#[inline(always)]
fn term<T: Real, const SQUARES: bool>(z: T, d: T, distance: T, (x, at): (T, T), sum: &mut T, slope: &mut T) {
    let part = z / gap::<T, SQUARES>(d, distance - at, x);
    *sum = z.mul_add(part, *sum);
    *slope = part.mul_add(part, *slope);
}

/// D − λ, of a distance d − x.
#[inline(always)]
fn gap<T: Real, const SQUARES: bool>(d: T, distance: T, x: T) -> T {
    if SQUARES { distance * (d + x) } else { distance }
}

#[inline(always)]
fn total<T: Real>(lanes: [T; LANES]) -> T {
    lanes.iter().fold(T::ZERO, |sum, x| sum + *x)
}

impl<T: Real, const SQUARES: bool> Kernel for Root<'_, T, SQUARES> {
    type Output = ();
    #[inline(always)]
    fn run(mut self) {
        let (Secular { d, z }, i) = (self.of, self.i);
        let half = T::of(0.5);
        let is_last = i + 1 == d.len();
        // The way from this pole to the end of the interval: the next pole, or where f is above 0 for sure.
        let width = if is_last {
            let all = z.iter().fold(T::ZERO, |sum, z| z.mul_add(*z, sum));
            if SQUARES { all / (d[i] + d[i].mul_add(d[i], all).sqrt()) } else { all }
        } else {
            d[i + 1] - d[i]
        };
        self.from(i);
        if d.len() == 1 {
            self.row[0] = -width;
            return;
        }
        // The two poles next to the zero.
        let p = if is_last { i - 1 } else { i };
        let (mut pole, mut at) = (d[i], half * width);
        let mut sides = self.both(p, (pole, at));
        // The zero is left of the middle where f is above 0 there; behind the last pole there is none on the right.
        let (mut low, mut high) = match T::ONE + sides[0].sum + sides[1].sum >= T::ZERO {
            true => (T::ZERO, at),
            false if is_last => (at, width),
            false => {
                self.from(i + 1);
                (pole, at) = (d[i + 1], -at);
                (at, T::ZERO)
            }
        };
        for count in 0..STEPS {
            let [left, right] = sides;
            let value = T::ONE + left.sum + right.sum;
            let size = T::ONE + right.sum.abs() + left.sum.abs();
            // Of many terms the sum may never be so small; then the bracket closes.
            if value.abs() <= T::of(8.0 * epsilon::<T>()) * size {
                break;
            }
            if value < T::ZERO {
                low = low.larger(at)
            } else {
                high = high.smaller(at)
            }
            let x = pole + at;
            let gap = |j: usize| gap::<T, SQUARES>(d[j], self.row[j] - at, x);
            let mut step = by_two_poles(value, (gap(p), left.slope), (gap(p + 1), right.slope));
            if SQUARES {
                step = step / (x + x.mul_add(x, step).larger(T::ZERO).sqrt());
            }
            let mut next = at + step;
            // What leaves the bracket, or comes near too slowly, is replaced by its middle.
            if !(next > low && next < high) || count % 8 == 7 {
                next = between(low, high);
            }
            if !(next > low && next < high) {
                break;
            }
            at = next;
            sides = self.both(p, (pole, at));
        }
        self.row.iter_mut().for_each(|x| *x -= at);
    }
}

/// The way to the zero of `c + a / (p − x) + b / (q − x)` which has the value of f, and at either pole the slope of the
/// sum on its side: the middle way (Li 1993).
#[inline(always)]
fn by_two_poles<T: Real>(value: T, (p, left): (T, T), (q, right): (T, T)) -> T {
    let c = value - p * left - q * right;
    let a = (p + q) * value - p * q * (left + right);
    let b = p * q * value;
    let root = (a * a - T::of(4.0) * b * c).abs().sqrt();
    let step = if a <= T::ZERO { (a - root) / (T::of(2.0) * c) } else { T::of(2.0) * b / (a + root) };
    // It goes down where f is above 0; Newton's step does.
    if step * value < T::ZERO { step } else { -value / (left + right) }
}

/// The middle of a bracket one end of which may be 0, on a logarithmic scale.
#[inline(always)]
fn between<T: Real>(low: T, high: T) -> T {
    const NEARER: f64 = 1.0 / 64.0;
    if low == T::ZERO {
        high * T::of(NEARER)
    } else if high == T::ZERO {
        low * T::of(NEARER)
    } else {
        // Both are on one side of 0.
        (low.abs().sqrt() * high.abs().sqrt()).copysign(low)
    }
}

/// `D_j − λ_i` in the place of `d_j − x_i`, and the squares of the z of which the values are exact: the product of
/// `λ_i − D_j` over all i, by that of `D_i − D_j` over all i but j (Löwner 1934).
struct Lengths<'a, T, const SQUARES: bool> {
    of: &'a Secular<'a, T, SQUARES>,
    values: &'a [T],
    rows: &'a mut [T],
    squares: &'a mut [T],
}

impl<T: Real, const SQUARES: bool> Kernel for Lengths<'_, T, SQUARES> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Lengths { of: Secular { d, .. }, values, rows, squares } = self;
        for (i, (row, value)) in rows.chunks_exact_mut(d.len()).zip(values).enumerate() {
            row.iter_mut().zip(*d).for_each(|(x, d)| *x = gap::<T, SQUARES>(*d, *x, *value));
            let own = squares[i] * row[i];
            for ((square, x), other) in squares.iter_mut().zip(&*row).zip(*d) {
                *square = *square * (*x / gap::<T, SQUARES>(*other, *other - d[i], d[i]));
            }
            squares[i] = own;
        }
    }
}

/// Divides a row of numbers by its length; it is called inside a vectorised kernel.
#[inline(always)]
pub fn to_length_one<T: Real>(x: &mut [T]) {
    // Near a pole a number may be so large that its square is infinite.
    let most = x.iter().fold(T::ZERO, |most, x| most.larger(x.abs()));
    x.iter_mut().for_each(|x| *x = *x / most);
    let over = T::ONE / super::reflections::dot(x, x).sqrt();
    x.iter_mut().for_each(|x| *x = *x * over);
}
