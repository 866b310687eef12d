//! Running folds along the middle of `[outer, length, inner]`, accumulated in `f64`.

use super::real::Real;
use super::simd::{Each, Vectorized, from_fn, vectorize_with};
use super::transpose::turn;
use crate::threads::parallel::for_rows;
use pulp::Simd;

/// A fold that gives a result at every step.
pub trait Scan<const N: usize>: Copy + Sync {
    /// What is carried from step to step.
    type State: Copy;
    /// The state before the first step.
    fn start(self) -> Self::State;
    /// Takes the next operands in, and gives the result so far; mark it `#[inline(always)]`.
    fn step(self, state: &mut Self::State, x: [f64; N]) -> f64;
}

/// `Σ x`
#[derive(Clone, Copy)]
pub struct Sum;

impl Scan<1> for Sum {
    type State = f64;
    #[inline(always)]
    fn start(self) -> f64 {
        0.0
    }
    #[inline(always)]
    fn step(self, sum: &mut f64, [x]: [f64; 1]) -> f64 {
        *sum += x;
        *sum
    }
}

/// `Π x`
#[derive(Clone, Copy)]
pub struct Product;

impl Scan<1> for Product {
    type State = f64;
    #[inline(always)]
    fn start(self) -> f64 {
        1.0
    }
    #[inline(always)]
    fn step(self, product: &mut f64, [x]: [f64; 1]) -> f64 {
        *product *= x;
        *product
    }
}

/// `y = b + a y′`, where y′ is the result before; where a is 0, it has no influence, even if it is infinite or NaN.
#[derive(Clone, Copy)]
pub struct LinearRecurrence;

impl Scan<2> for LinearRecurrence {
    type State = f64;
    #[inline(always)]
    fn start(self) -> f64 {
        0.0
    }
    #[inline(always)]
    fn step(self, y: &mut f64, [a, b]: [f64; 2]) -> f64 {
        *y = b + if a == 0.0 { 0.0 } else { a * *y };
        *y
    }
}

/// `ln Σ eˣ`; the state is the largest x and the sum of `e^(x − largest)`.
#[derive(Clone, Copy)]
pub struct LogSumExp;

impl Scan<1> for LogSumExp {
    type State = [f64; 2];
    #[inline(always)]
    fn start(self) -> [f64; 2] {
        [f64::NEG_INFINITY, 0.0]
    }
    #[inline(always)]
    fn step(self, [m, sum]: &mut [f64; 2], [x]: [f64; 1]) -> f64 {
        if x > *m {
            *sum = *sum * (*m - x).exp() + 1.0;
            *m = x;
        } else if x == *m {
            // The difference of infinities would be NaN; of −∞ there is nothing to add.
            *sum += if x == f64::NEG_INFINITY { 0.0 } else { 1.0 };
        } else {
            *sum += (x - *m).exp();
        }
        *m + sum.ln()
    }
}

/// So many columns or rows are walked side by side: a single fold would wait for itself.
const ABREAST: usize = 16;

/// So many rows are walked as they lie, where there are fewer: more would drive each other out of the cache, as rows
/// often lie a power of 2 apart.
const FEW: usize = 4;

/// So many steps of [`ABREAST`] rows become a square whose columns are walked: of F32 a line of the cache of each row,
/// which is looked at once.
const STEPS: usize = 16;

struct Rows<'a, S, T, const N: usize> {
    scan: S,
    reverse: bool,
    x: [&'a [T]; N],
    length: usize,
    inner: usize,
    y: &'a mut [T],
}

impl<S: Scan<N>, T: Real, const N: usize> Vectorized for Rows<'_, S, T, N> {
    type Output = ();
    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Rows { scan, reverse, x, length, inner, y } = self;
        let rows = x[0].len() / (length * inner);
        if inner == 1 {
            let (abreast, few) = (rows / ABREAST * ABREAST, rows / FEW * FEW);
            for row in (0..abreast).step_by(ABREAST) {
                in_squares(simd, scan, reverse, x, length, row, y);
            }
            (abreast..few).step_by(FEW).for_each(|row| side_by_side::<FEW, S, T, N>(scan, reverse, x, length, row, y));
            (few..rows).for_each(|row| side_by_side::<1, S, T, N>(scan, reverse, x, length, row, y));
            return;
        }
        // Line k begins at `first + k`, and goes on in steps of `inner`.
        let mut lines = |first: usize, count: usize| {
            let mut states = [scan.start(); ABREAST];
            for l in 0..length {
                let l = if reverse { length - 1 - l } else { l };
                let at = first + l * inner..first + l * inner + count;
                let (x, y) = (x.each(|x| &x[at.clone()]), &mut y[at.clone()]);
                for (k, (y, state)) in y.iter_mut().zip(&mut states).enumerate() {
                    *y = T::of(scan.step(state, x.each(|x| x[k].as_f64())));
                }
            }
        };
        for row in 0..rows {
            let columns = (0..inner).step_by(ABREAST);
            columns.for_each(|column| lines(row * length * inner + column, ABREAST.min(inner - column)));
        }
    }
}

/// The scans of K contiguous rows, from this one on.
#[inline(always)]
fn side_by_side<const K: usize, S: Scan<N>, T: Real, const N: usize>(
    scan: S,
    reverse: bool,
    x: [&[T]; N],
    length: usize,
    row: usize,
    y: &mut [T],
) {
    let x = x.each(|x| from_fn::<_, K>(|k| &x[(row + k) * length..(row + k + 1) * length]));
    let y = &mut y[row * length..(row + K) * length];
    let mut states = [scan.start(); K];
    for l in 0..length {
        let l = if reverse { length - 1 - l } else { l };
        for (k, state) in states.iter_mut().enumerate() {
            y[k * length + l] = T::of(scan.step(state, x.each(|x| x[k][l].as_f64())));
        }
    }
}

/// The scans of [`ABREAST`] contiguous rows, from this one on.
#[inline(always)]
fn in_squares<V: Simd, S: Scan<N>, T: Real, const N: usize>(
    simd: V,
    scan: S,
    reverse: bool,
    x: [&[T]; N],
    length: usize,
    row: usize,
    y: &mut [T],
) {
    let mut squares = [[[T::ZERO; ABREAST]; STEPS]; N];
    let mut results = [[T::ZERO; ABREAST]; STEPS];
    let mut states = [scan.start(); ABREAST];
    let blocks = length.div_ceil(STEPS);
    for block in 0..blocks {
        let first = STEPS * if reverse { blocks - 1 - block } else { block };
        let (many, at) = (STEPS.min(length - first), row * length + first);
        for (square, x) in squares.iter_mut().zip(x) {
            turn(simd, [ABREAST, many], (&x[at..], length), (square.as_flattened_mut(), ABREAST));
        }
        for l in 0..many {
            let l = if reverse { many - 1 - l } else { l };
            for (k, (result, state)) in results[l].iter_mut().zip(&mut states).enumerate() {
                *result = T::of(scan.step(state, from_fn(|n| squares[n][l][k].as_f64())));
            }
        }
        turn(simd, [many, ABREAST], (results.as_flattened(), ABREAST), (&mut y[at..], length));
    }
}

/// The scan of the middle dimension of contiguous operands of one shape, `reverse` from its end to its start.
pub fn scan<S: Scan<N>, T: Real, const N: usize>(
    scan: S,
    reverse: bool,
    x: [&[T]; N],
    length: usize,
    inner: usize,
    y: &mut [T],
) {
    let rows = y.len() / (length * inner).max(1);
    // A thread gets as many rows as are walked side by side.
    let groups = if inner == 1 { [ABREAST, FEW] } else { [1; 2] };
    let width = length * inner * groups.into_iter().find(|group| rows >= 2 * group).unwrap_or(1);
    for_rows(y, width, width.saturating_mul(4), |rows, y| {
        let x = x.each(|x| &x[rows.start * width..][..y.len()]);
        vectorize_with(Rows { scan, reverse, x, length, inner, y });
    });
}

/// The same for integers: `f` of the result before and the next number.
pub fn scan_integers(f: fn(i64, i64) -> i64, x: &[i64], length: usize, inner: usize, y: &mut [i64]) {
    let width = length * inner;
    for_rows(y, width, width, |rows, y| {
        let x = &x[rows.start * width..rows.end * width];
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            y[..inner].copy_from_slice(&x[..inner]);
            (inner..width).for_each(|at| y[at] = f(y[at - inner], x[at]));
        }
    });
}

/// The position of the best number so far, where `better(x, best)` says that x takes the place of the best.
pub fn best_positions<T: Copy + Sync>(
    better: impl Fn(T, T) -> bool + Sync,
    x: &[T],
    length: usize,
    inner: usize,
    y: &mut [i64],
) {
    let width = length * inner;
    for_rows(y, width, width, |rows, y| {
        let x = &x[rows.start * width..rows.end * width];
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            if inner == 1 {
                let mut best = (x[0], 0);
                for (at, (x, y)) in x.iter().zip(y).enumerate() {
                    if better(*x, best.0) {
                        best = (*x, at as i64);
                    }
                    *y = best.1;
                }
                continue;
            }
            y[..inner].fill(0);
            for at in inner..width {
                let best = y[at - inner];
                let takes = better(x[at], x[best as usize * inner + at % inner]);
                y[at] = if takes { (at / inner) as i64 } else { best };
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares every line with a loop over it alone.
    fn agrees<S: Scan<N>, T: Real + PartialEq + std::fmt::Debug, const N: usize>(rule: S, sizes: [usize; 3]) {
        let [outer, length, inner] = sizes;
        let number = |i: usize| T::of(((i * 31) % 97) as f64 / 32.0 - 1.5);
        let x: [Vec<T>; N] = from_fn(|n| (0..outer * length * inner).map(|i| number(i + 7 * n)).collect());
        for reverse in [false, true] {
            let mut y = vec![T::ZERO; x[0].len()];
            scan(rule, reverse, from_fn(|n| &x[n][..]), length, inner, &mut y);
            for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
                let mut state = rule.start();
                for l in 0..length {
                    let l = if reverse { length - 1 - l } else { l };
                    let at = (o * length + l) * inner + i;
                    let expected = T::of(rule.step(&mut state, from_fn(|n| x[n][at].as_f64())));
                    assert_eq!(y[at], expected, "{sizes:?} {o} {l} {i}");
                }
            }
        }
    }

    #[test]
    fn lines_in_any_place_agree_with_the_plain_loop_in_both_directions() {
        const ROWS: [[usize; 3]; 7] =
            [[1, 1, 1], [3, 5, 1], [40, 7, 1], [37, 45, 1], [70, 700, 1], [23, 4000, 1], [1, 1000, 1]];
        for sizes in ROWS.into_iter().chain([[1, 9, 3], [2, 6, 37]]) {
            agrees::<_, f64, 1>(Sum, sizes);
            agrees::<_, f32, 1>(Sum, sizes);
            agrees::<_, f32, 2>(LinearRecurrence, sizes);
            agrees::<_, f64, 2>(LinearRecurrence, sizes);
        }
    }

    #[test]
    fn long_sums_of_single_numbers_stay_accurate() {
        let x = vec![0.1f32; 1_000_000];
        let mut y = vec![0.0; x.len()];
        scan(Sum, false, [&x], x.len(), 1, &mut y);
        let exact = f64::from(0.1f32) * 1e6;
        assert!((f64::from(y[999_999]) / exact - 1.0).abs() < 1e-7, "{} instead of {exact}", y[999_999]);
    }

    #[test]
    fn logarithms_of_sums_take_infinities() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let mut y = [0.0; 5];
        scan(LogSumExp, false, [&[-inf, -inf, 0.0, 1000.0, -inf]], 5, 1, &mut y);
        assert_eq!(y, [-inf, -inf, 0.0, 1000.0, 1000.0]);
        scan(LogSumExp, false, [&[0.0, inf, inf, 3.0, -inf]], 5, 1, &mut y);
        assert_eq!(y, [0.0, inf, inf, inf, inf]);
        scan(LogSumExp, false, [&[0.0, nan, 5.0, inf, 0.0]], 5, 1, &mut y);
        assert!(y[1..].iter().all(|y| y.is_nan()));
    }
}
