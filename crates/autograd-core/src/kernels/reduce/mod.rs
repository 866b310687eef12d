//! The fold of many numbers into one: sums, products, extremes, along the middle of `[outer, length, inner]`.
//!
//! Sums are accumulated in a fixed tree: 64 lanes over blocks of 1,024 elements, and 16 over what is left, the lanes
//! joined in halves, the blocks joined pairwise like the carries of a binary counter. The error grows with the
//! logarithm of the length, as in pairwise summation (Higham, The accuracy of floating point summation, 1993), and the
//! tree depends on the length alone.

mod rules;

pub use rules::{Fold, Largest, NumbersSum, Product, Smallest, Sum};

use super::real::Real;
use super::simd::{Kernel, from_fn, vectorize};
use crate::threads::parallel::{PIECE, for_rows, share, worth_sharing};
use smallvec::SmallVec;

/// Lanes of one quarter: a register of AVX-512, or two of AVX2.
pub(super) const QUARTER: usize = 16;
pub(super) const LANES: usize = 4 * QUARTER;
pub(super) const BLOCK: usize = 1024;

/// Folds `x` into a quarter of the lanes. By value: what the compiler sees as memory it keeps there.
#[inline(always)]
fn fold_quarter<T: Real, F: Fold>(f: F, mut lanes: [T; QUARTER], x: &[T; QUARTER]) -> [T; QUARTER] {
    for i in 0..QUARTER {
        lanes[i] = f.take(lanes[i], x[i]);
    }
    lanes
}

/// Folds `x` into all lanes.
#[inline(always)]
fn fold_group<T: Real, F: Fold>(f: F, lanes: [[T; QUARTER]; 4], x: &[T; LANES]) -> [[T; QUARTER]; 4] {
    let ([a, b, c, d], (x, _)) = (lanes, x.as_chunks::<QUARTER>());
    let (a, b) = (fold_quarter(f, a, &x[0]), fold_quarter(f, b, &x[1]));
    let (c, d) = (fold_quarter(f, c, &x[2]), fold_quarter(f, d, &x[3]));
    [a, b, c, d]
}

/// Joins the lanes in halves, which are constants, so that each step is a register operation.
///
/// Before that the lanes go through memory, which the compiler may not see through. Else it may take them to pieces,
/// and fold the groups before one number at a time.
#[inline(always)]
pub(super) fn join_lanes<T: Real, F: Fold>(f: F, lanes: [[T; QUARTER]; 4]) -> T {
    let [a, b, c, d] = std::hint::black_box(&lanes);
    join_quarter(f, from_fn(|i| f.join(f.join(a[i], c[i]), f.join(b[i], d[i]))))
}

/// Likewise, of one quarter.
#[inline(always)]
pub(super) fn join_quarter<T: Real, F: Fold>(f: F, l16: [T; QUARTER]) -> T {
    let l4: [T; 4] = from_fn(|i| f.join(f.join(l16[i], l16[i + 8]), f.join(l16[i + 4], l16[i + 12])));
    f.join(f.join(l4[0], l4[2]), f.join(l4[1], l4[3]))
}

/// Folds what is left beside whole groups of lanes: a quarter of the lanes at a time, and the last few one by one.
#[inline(always)]
fn fold_rest<T: Real, F: Fold>(f: F, x: &[T]) -> T {
    let (quarters, few) = x.as_chunks::<QUARTER>();
    let mut last = f.start();
    for x in few {
        last = f.take(last, *x);
    }
    if quarters.is_empty() {
        return last;
    }
    let mut lanes = [f.start(); QUARTER];
    for x in quarters {
        lanes = fold_quarter(f, lanes, x);
    }
    f.join(join_quarter(f, lanes), last)
}

/// Folds a run of at most [`BLOCK`] values.
#[inline(always)]
fn fold_block<T: Real, F: Fold>(f: F, x: &[T]) -> T {
    let (groups, rest) = x.as_chunks::<LANES>();
    let mut total: T = f.start();
    if !groups.is_empty() {
        let mut quarters = [[f.start(); QUARTER]; 4];
        for group in groups {
            quarters = fold_group(f, quarters, group);
        }
        total = join_lanes(f, quarters);
    }
    // The rest is folded by itself: each of its small numbers, added to the total, would round that.
    f.join(total, fold_rest(f, rest))
}

/// Joins partial results pairwise, as a binary counter carries: equal sizes meet.
pub(super) struct Carries<T> {
    partial: [T; usize::BITS as usize],
    used: usize,
    count: usize,
}

impl<T: Real> Carries<T> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Carries { partial: [T::ZERO; usize::BITS as usize], used: 0, count: 0 }
    }
    #[inline(always)]
    pub(super) fn push<F: Fold>(&mut self, f: F, mut x: T) {
        self.count += 1;
        for _ in 0..self.count.trailing_zeros() {
            self.used -= 1;
            x = f.join(self.partial[self.used], x);
        }
        self.partial[self.used] = x;
        self.used += 1;
    }
    #[inline(always)]
    pub(super) fn total<F: Fold>(self, f: F) -> T {
        let mut parts = self.partial[..self.used].iter().rev();
        let Some(last) = parts.next() else { return f.start() };
        parts.fold(*last, |sum, part| f.join(*part, sum))
    }
}

/// Folds one run; it is called inside a vectorised kernel.
#[inline(always)]
pub fn fold_run<T: Real, F: Fold>(f: F, x: &[T]) -> T {
    if x.len() <= BLOCK {
        return f.block(x);
    }
    let mut carries = Carries::new();
    for block in x.chunks(BLOCK) {
        carries.push(f, f.block(block));
    }
    carries.total(f)
}

struct FoldRun<'a, T, F>(F, &'a [T]);
impl<T: Real, F: Fold> Kernel for FoldRun<'_, T, F> {
    type Output = T;
    #[inline(always)]
    fn run(self) -> T {
        fold_run(self.0, self.1)
    }
}

/// Folds one long run, shared between threads. [`PIECE`] is a power of two of blocks, so the tree is that of
/// [`fold_run`].
fn fold_long<T: Real, F: Fold>(f: F, x: &[T]) -> T {
    if !worth_sharing(x.len()) {
        return vectorize(FoldRun(f, x));
    }
    // On the stack up to some millions: a replay allocates nothing.
    let mut pieces: SmallVec<[T; 256]> = smallvec::smallvec![T::ZERO; x.len().div_ceil(PIECE)];
    for_rows(&mut pieces, 1, PIECE, |rows, pieces| {
        for (piece, x) in pieces.iter_mut().zip(x[rows.start * PIECE..].chunks(PIECE)) {
            *piece = vectorize(FoldRun(f, x));
        }
    });
    let mut carries = Carries::new();
    pieces.into_iter().for_each(|piece| carries.push(f, piece));
    carries.total(f)
}

struct FoldRows<'a, T, F> {
    f: F,
    x: &'a [T],
    length: usize,
    y: &'a mut [T],
}

impl<T: Real, F: Fold> Kernel for FoldRows<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (y, x) in self.y.iter_mut().zip(self.x.chunks_exact(self.length)) {
            *y = fold_run(self.f, x);
        }
    }
}

const STRIP: usize = 128;
const ROWS_A_BLOCK: usize = 32;
/// Levels of carries: 2³² blocks of rows are more than memory holds.
const LEVELS: usize = 32;

/// Folds a block of rows into as many columns as fit, in registers: so many at a time, and then fewer of what is left.
#[inline(always)]
fn fold_columns<T: Real, F: Fold>(f: F, x: &[T], inner: usize, y: &mut [T]) {
    let done = columns_of::<T, F, 32>(f, x, inner, y, 0);
    let done = columns_of::<T, F, 16>(f, x, inner, y, done);
    let done = columns_of::<T, F, 4>(f, x, inner, y, done);
    columns_of::<T, F, 1>(f, x, inner, y, done);
}

/// `WIDTH` columns at a time from column `first` on; the first that is not done.
#[inline(always)]
fn columns_of<T: Real, F: Fold, const WIDTH: usize>(
    f: F,
    x: &[T],
    inner: usize,
    y: &mut [T],
    mut first: usize,
) -> usize {
    while first + WIDTH <= y.len() {
        let mut sums = [f.start::<T>(); WIDTH];
        for row in x.chunks(inner) {
            let row = &row[first..first + WIDTH];
            for i in 0..WIDTH {
                sums[i] = f.take(sums[i], row[i]);
            }
        }
        y[first..first + WIDTH].copy_from_slice(&sums);
        first += WIDTH;
    }
    first
}

struct FoldStrip<'a, T, F> {
    f: F,
    x: &'a [T],
    inner: usize,
    y: &'a mut [T],
}

impl<T: Real, F: Fold> Kernel for FoldStrip<'_, T, F> {
    type Output = ();
    /// Folds up to [`STRIP`] neighbouring columns: blocks of rows in sequence, joined by carries.
    #[inline(always)]
    fn run(self) {
        let FoldStrip { f, x, inner, y } = self;
        let width = y.len();
        let row_count = (x.len() + inner - width) / inner;
        if row_count <= ROWS_A_BLOCK {
            return fold_columns(f, x, inner, y);
        }
        y.fill(f.start());
        let mut partial = [[T::ZERO; STRIP]; LEVELS];
        let (mut used, mut count) = (0, 0usize);
        for x in x.chunks(ROWS_A_BLOCK * inner) {
            let mut sums = [f.start::<T>(); STRIP];
            fold_columns(f, x, inner, &mut sums[..width]);
            count += 1;
            for _ in 0..count.trailing_zeros() {
                used -= 1;
                for (sum, part) in sums[..width].iter_mut().zip(&partial[used]) {
                    *sum = f.join(*part, *sum);
                }
            }
            partial[used] = sums;
            used += 1;
        }
        for part in partial[..used].iter().rev() {
            for (y, part) in y.iter_mut().zip(part) {
                *y = f.join(*part, *y);
            }
        }
    }
}

/// Folds the middle dimension of contiguous `x: [outer, length, inner]` into `y: [outer, inner]`.
pub fn fold<T: Real, F: Fold>(f: F, x: &[T], length: usize, inner: usize, y: &mut [T]) {
    if length == 0 {
        y.fill(f.start());
    } else if y.len() == 1 {
        y[0] = fold_long(f, x);
    } else if inner == 1 {
        for_rows(y, 1, length, |rows, y| {
            vectorize(FoldRows { f, x: &x[rows.start * length..rows.end * length], length, y });
        });
    } else {
        let outer_share = |o: usize, y: &mut [T]| {
            let x = &x[o * length * inner..(o + 1) * length * inner];
            let strip = |s: usize, y: &mut [T]| vectorize(FoldStrip { f, x: &x[s * STRIP..], inner, y });
            if inner > STRIP && worth_sharing(x.len()) {
                share(y, STRIP, &strip);
            } else {
                y.chunks_mut(STRIP).enumerate().for_each(|(s, y)| strip(s, y));
            }
        };
        for_rows(y, inner, length * inner, |rows, y| {
            rows.zip(y.chunks_exact_mut(inner)).for_each(|(o, y)| outer_share(o, y));
        });
    }
}

/// The position of the largest value of a run (`SMALLEST`: of the smallest), the first of ties; a NaN counts as the
/// most extreme of all. The run is not empty.
fn extreme_position<T: Real, const SMALLEST: bool>(x: &[T]) -> usize {
    let extreme = if SMALLEST { vectorize(FoldRun(Smallest, x)) } else { vectorize(FoldRun(Largest, x)) };
    x.iter().position(|x| *x == extreme || (extreme.is_nan() && x.is_nan())).unwrap_or(0)
}

/// Positions of the extremes of each row of `x: [rows, length]`.
pub fn extreme_positions<T: Real, const SMALLEST: bool>(x: &[T], length: usize, y: &mut [i64]) {
    for_rows(y, 1, length, |rows, y| {
        let x = &x[rows.start * length..rows.end * length];
        for (y, x) in y.iter_mut().zip(x.chunks_exact(length)) {
            *y = extreme_position::<T, SMALLEST>(x) as i64;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain sum in f64.
    fn plain_sum(x: &[f32]) -> f64 {
        x.iter().map(|x| f64::from(*x)).sum()
    }

    #[test]
    fn long_sums_stay_accurate() {
        for len in [1, 63, 64, 65, 1000, 1024, 1025, 5000, 100_000, 1_000_003] {
            let x: Vec<f32> = (0..len).map(|i| ((i * 7919) % 1013) as f32 * 0.001 + 0.1).collect();
            let exact = plain_sum(&x);
            let mut y = [0.0];
            fold(Sum, &x, len, 1, &mut y);
            let relative = (f64::from(y[0]) - exact).abs() / exact;
            assert!(relative < 1e-6, "{len}: relative error {relative:e}");
        }
    }

    #[test]
    fn columns_and_rows_agree_with_the_plain_loop() {
        for (outer, length, inner) in [(1, 1, 3), (2, 5, 7), (3, 33, 130), (1, 1000, 2), (2, 257, 300)] {
            let x: Vec<f64> = (0..outer * length * inner).map(|i| ((i * 31) % 97) as f64 - 48.0).collect();
            let mut y = vec![0.0; outer * inner];
            fold(Sum, &x, length, inner, &mut y);
            let mut largest = vec![0.0; outer * inner];
            fold(Largest, &x, length, inner, &mut largest);
            for o in 0..outer {
                for i in 0..inner {
                    let column = || (0..length).map(|l| x[(o * length + l) * inner + i]);
                    assert_eq!(y[o * inner + i], column().sum::<f64>());
                    assert_eq!(largest[o * inner + i], column().fold(f64::NEG_INFINITY, f64::max));
                }
            }
        }
    }

    #[test]
    fn nan_wins_wherever_it_is_and_is_no_part_of_a_sum_of_numbers() {
        for len in [1, 2, 3, 16, 17, 64, 100, 1023, 1024, 1025, 3000] {
            let x: Vec<f32> = (0..len).map(|i| (i % 7) as f32 - 9.0).collect();
            let fold_all = |x: &[f32]| {
                let mut y = [0.0; 3];
                fold(Largest, x, len, 1, &mut y[..1]);
                fold(Smallest, x, len, 1, &mut y[1..2]);
                fold(NumbersSum, x, len, 1, &mut y[2..]);
                y
            };
            let [largest, smallest, sum] = fold_all(&x);
            assert_eq!((largest, smallest), (((len - 1).min(6)) as f32 - 9.0, -9.0), "{len}");
            assert_eq!(f64::from(sum), plain_sum(&x), "{len}");
            for at in [0, len / 3, len / 2, len - 1] {
                let mut holed = x.clone();
                holed[at] = f32::NAN;
                let [largest, smallest, rest] = fold_all(&holed);
                assert!(largest.is_nan() && smallest.is_nan(), "{at} of {len}");
                assert_eq!(rest, sum - x[at], "{at} of {len}");
            }
        }
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let mut y = [0.0; 3];
        fold(NumbersSum, &[inf, nan, 1.0, inf, -inf, nan, nan, nan, nan], 3, 1, &mut y);
        assert!(y[0] == inf && y[1].is_nan() && y[2] == 0.0);
        fold(NumbersSum, &[1.0, nan, inf, nan, nan, -inf], 2, 3, &mut y);
        assert!(y[0] == 1.0 && y[1] == 0.0 && y[2].is_nan());
    }

    #[test]
    fn nan_wins_and_the_first_tie_counts() {
        let mut y = [0i64; 3];
        extreme_positions::<f64, false>(&[1.0, 4.0, 4.0, 2.0, f64::NAN, 9.0, -1.0, -1.0, -2.0], 3, &mut y);
        assert_eq!(y, [1, 1, 0]);
        let mut m = [0.0; 1];
        fold(Largest, &[1.0, f64::NAN, 3.0], 3, 1, &mut m);
        assert!(m[0].is_nan());
    }
}
