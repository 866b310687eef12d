//! Norms of differences of rows and their slopes, in double precision but for the paths of [`abreast`] and [`slopes`].

mod abreast;
mod slopes;

use super::norm::root;
use super::number::Number;
use super::real::Real;
use super::simd::{Kernel, vectorize, vectorize_with};
use crate::threads::parallel::{for_rows, share, worth_sharing};
use slopes::Slopes;
use std::ops::Range;

/// The rows that are paired, in the order of the pairs.
#[derive(Clone, Copy, Debug)]
pub enum Pairs {
    /// Row k of both.
    Each,
    /// In each batch every one of `m` rows with every one of `n`.
    All {
        /// Rows of the first operand in a batch.
        m: usize,
        /// Rows of the second one.
        n: usize,
    },
    /// Row i with row j > i of the same `n` rows.
    Upper {
        /// All rows.
        n: usize,
    },
}

impl Pairs {
    /// The rows of pair k.
    fn rows(self, k: usize) -> (usize, usize) {
        match self {
            Pairs::Each => (k, k),
            Pairs::All { m, n } => (k / n, k / (m * n) * n + k % n),
            Pairs::Upper { n } => {
                // Estimated by the root of k = before(i), which may be one off.
                let half = n as f64 - 0.5;
                let mut i = (half - (half * half - 2.0 * k as f64).max(0.0).sqrt()) as usize;
                while before(i + 1, n) <= k {
                    i += 1;
                }
                while before(i, n) > k {
                    i -= 1;
                }
                (i, i + 1 + k - before(i, n))
            }
        }
    }

    /// Calls `f` with the partner of each pair that row r of the first operand is in (of the second one, `second`), and
    /// the number of the pair.
    fn partners(self, r: usize, second: bool, mut f: impl FnMut(usize, usize)) {
        match self {
            Pairs::Each => f(r, r),
            Pairs::All { m, n } if !second => (0..n).for_each(|j| f(r / m * n + j, r * n + j)),
            Pairs::All { m, n } => (0..m).for_each(|i| f(r / n * m + i, (r / n * m + i) * n + r % n)),
            Pairs::Upper { n } if !second => {
                (r + 1..n).for_each(|j| f(j, before(r, n) + j - r - 1));
            }
            Pairs::Upper { n } => (0..r).for_each(|i| f(i, before(i, n) + r - i - 1)),
        }
    }
}

/// The number of pairs before those that begin with row i of n.
fn before(i: usize, n: usize) -> usize {
    i * (2 * n - i - 1) / 2
}

/// `‖d‖ₚ` of differences `d = a − b + eps`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// The exponent: 0 counts what is not 0, infinite ones are the largest and smallest magnitude.
    pub p: f64,
    /// What is added to each difference.
    pub eps: f64,
}

// Loops, not folds: a closure that goes to an iterator may be compiled without the instructions of its kernel.

/// The first in an order of the magnitudes, or NaN.
#[inline(always)]
fn extreme(d: impl Iterator<Item = f64>, start: f64, is_before: impl Fn(f64, f64) -> bool) -> f64 {
    let mut most = start;
    for x in d {
        let x = x.abs();
        most = if is_before(x, most) || x.is_nan() { x } else { most };
    }
    most
}

/// `Σ f(d)`
#[inline(always)]
fn total(d: impl Iterator<Item = f64>, f: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    for d in d {
        sum += f(d);
    }
    sum
}

impl Metric {
    #[inline(always)]
    fn differences<'a, T: Real>(self, a: &'a [T], b: &'a [T]) -> impl Iterator<Item = f64> + Clone + 'a {
        a.iter().zip(b).map(move |(a, b)| a.as_f64() - b.as_f64() + self.eps)
    }

    #[inline(always)]
    fn norm(self, d: impl Iterator<Item = f64> + Clone) -> f64 {
        let largest = || extreme(d.clone(), 0.0, |x, m| x > m);
        let smallest = || extreme(d.clone(), f64::INFINITY, |x, m| x < m);
        match self.p {
            0.0 => d.filter(|d| *d != 0.0).count() as f64,
            1.0 => total(d, f64::abs),
            2.0 => {
                let m = largest();
                if m > 0.0 && m < f64::INFINITY { m * total(d, |d| (d / m) * (d / m)).sqrt() } else { m }
            }
            f64::INFINITY => largest(),
            f64::NEG_INFINITY if d.clone().next().is_none() => 0.0,
            f64::NEG_INFINITY => smallest(),
            p => {
                // The one that counts most: scaled by it, no power overflows.
                let m = if p > 0.0 { largest() } else { smallest() };
                if !(m > 0.0 && m < f64::INFINITY) {
                    return m;
                }
                m * root(p, powers(d, m, p))
            }
        }
    }

    /// Whether a root of plain squares or cubes is the norm, or a sum of magnitudes: they neither overflow nor vanish
    /// between these; outside they must be scaled.
    #[inline(always)]
    fn is_sure(self, norm: f64) -> bool {
        let (least, most) = if self.p == 3.0 { (1e-90, 1e90) } else { (1e-140, 1e140) };
        self.p == 1.0 || (least..most).contains(&norm)
    }

    /// The same for a norm whose squares were summed up in the precision of `T`.
    #[inline(always)]
    fn is_sure_in<T: Real>(self, norm: T) -> bool {
        let few = size_of::<T>() == 4;
        let (least, most) = if few { (T::of(1e-15), T::of(1e18)) } else { (T::of(1e-140), T::of(1e140)) };
        self.p == 1.0 || (least..most).contains(&norm)
    }

    /// Adds `g` times the slope of the norm to `sum`; it is 0 where the norm is.
    #[inline(always)]
    fn pull(self, d: impl Iterator<Item = f64> + Clone, norm: f64, g: f64, sum: &mut [f64]) {
        #[inline(always)]
        fn add(sum: &mut [f64], d: impl Iterator<Item = f64>, f: impl Fn(f64) -> f64) {
            for (sum, d) in sum.iter_mut().zip(d) {
                *sum += f(d);
            }
        }
        let sign = |d: f64| {
            if d > 0.0 {
                1.0
            } else if d < 0.0 {
                -1.0
            } else {
                d
            }
        };
        let scale = g / norm;
        match self.p {
            0.0 => {}
            _ if norm == 0.0 => {}
            1.0 => add(sum, d, |d| g * sign(d)),
            2.0 if scale.is_finite() => add(sum, d, |d| scale * d),
            2.0 => add(sum, d, |d| g * (d / norm)),
            p if p.is_infinite() => {
                // The norm may have been rounded since.
                let norm = self.norm(d.clone());
                let share = g / d.clone().filter(|d| d.abs() == norm).count() as f64;
                add(sum, d, |d| if d.abs() == norm { share * sign(d) } else { 0.0 });
            }
            p => {
                // A power of the ratio would show p times what single precision has rounded off the norm.
                let norm = if f64::from(norm as f32) == norm { self.norm(d.clone()) } else { norm };
                if p == 3.0 {
                    return add(sum, d, |d| g * (d / norm) * (d.abs() / norm));
                }
                for (sum, d) in sum.iter_mut().zip(d) {
                    let slope = g * sign(d) * Number::powf(d.abs() / norm, p - 1.0);
                    *sum += if d == 0.0 { 0.0 } else { slope };
                }
            }
        }
    }
}

/// What is computed of two lists of rows: which are paired, their width, and the norm.
#[derive(Clone, Copy, Debug)]
pub struct Distance {
    /// The elements of a row.
    pub width: usize,
    /// The rows that are paired.
    pub pairs: Pairs,
    /// The norm of a pair's difference.
    pub metric: Metric,
}

/// The norms of a range of pairs.
struct Distances<'a, T> {
    of: Distance,
    a: &'a [T],
    b: &'a [T],
    range: Range<usize>,
    y: &'a mut [T],
}

impl<T: Real> Kernel for Distances<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Distances { of: Distance { width, pairs, metric }, a, b, range, y } = self;
        for (k, y) in range.zip(y) {
            let (i, j) = pairs.rows(k);
            let (a, b) = (&a[i * width..(i + 1) * width], &b[j * width..(j + 1) * width]);
            let quick = match metric.p {
                1.0 => sum(a, b, metric.eps, f64::abs),
                2.0 => sum(a, b, metric.eps, |d| d * d).sqrt(),
                3.0 => root(3.0, sum(a, b, metric.eps, |d| d * d * d.abs())),
                _ => f64::NAN,
            };
            *y = T::of(if metric.is_sure(quick) { quick } else { metric.norm(metric.differences(a, b)) });
        }
    }
}

/// `Σ (|d| / m)ᵖ`, eight powers at a time.
#[inline(always)]
fn powers(mut d: impl Iterator<Item = f64>, m: f64, p: f64) -> f64 {
    let mut sums = [0.0; 8];
    loop {
        let (mut terms, mut count) = ([0.0; 8], 0);
        for term in &mut terms {
            let Some(d) = d.next() else { break };
            *term = d;
            count += 1;
        }
        // In a loop: a closure would be compiled without the instructions of its kernel.
        if p == 3.0 {
            for term in &mut terms {
                let share = term.abs() / m;
                *term = share * share * share;
            }
        } else {
            for term in &mut terms {
                *term = Number::powf(term.abs() / m, p);
            }
        }
        // What is not there has a power, too.
        for (i, (sum, term)) in sums.iter_mut().zip(terms).enumerate() {
            *sum += if i < count { term } else { 0.0 };
        }
        if count < terms.len() {
            return sums.iter().sum();
        }
    }
}

/// `Σ f(aᵢ − bᵢ + eps)`, eight sums at a time.
#[inline(always)]
fn sum<T: Real>(a: &[T], b: &[T], eps: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (chunks_a, rest_a) = a.as_chunks::<8>();
    let (chunks_b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in chunks_a.iter().zip(chunks_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f(a.as_f64() - b.as_f64() + eps);
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| f(a.as_f64() - b.as_f64() + eps)).sum();
    sums.iter().sum::<f64>() + rest
}

/// The norms of the differences of all pairs of rows.
pub fn distances<T: Real>(of: Distance, a: &[T], b: &[T], y: &mut [T]) {
    if let Pairs::All { m, n } = of.pairs
        && abreast::is_quick(of.metric, m, n, of.width)
    {
        return abreast::distances(of, [m, n], a, b, y);
    }
    for_rows(y, 1, of.width.max(1), |range, y| vectorize(Distances { of, a, b, range, y }));
}

/// The gradient of the first operand of [`distances`], or of the second: `rows` has its elements, `others` those of the
/// other one.
pub fn distances_pull<T: Real>(
    Distance { width, pairs, metric }: Distance,
    second: bool,
    [rows, others]: [&[T]; 2],
    [y, gy]: [&[T]; 2],
    gx: &mut [T],
) {
    let of = Distance { width, pairs, metric };
    let pull = |first: usize, gx: &mut [T]| {
        let range = first..first + gx.len() / width;
        vectorize_with(Slopes { of, second, rows, others, y, gy, range, gx });
    };
    if gx.is_empty() {
        return;
    }
    if worth_sharing(y.len().saturating_mul(width)) {
        share(gx, slopes::BLOCK * width, &|i, gx| pull(i * slopes::BLOCK, gx));
    } else {
        pull(0, gx);
    }
}

#[cfg(test)]
mod tests {
    use super::{Metric, Pairs};

    #[test]
    fn no_power_overflows_that_has_a_norm() {
        let near = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-12, "{got} instead of {want}");
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (p, d, norm) in [
            (-200.0, [0.01, 0.5], 0.01),
            (-200.0, [100.0, -200.0], 100.0),
            (-1.0, [1e300, 1e300], 5e299),
            (-1.0, [-1e-300, 1e-300], 5e-301),
            (-1.0, [2.0, inf], 2.0),
            (200.0, [0.01, -0.02], 0.02),
        ] {
            let metric = Metric { p, eps: 0.0 };
            near(metric.norm(d.into_iter()), norm);
            // The sum of the slopes by the differences is the norm.
            let mut slopes = [0.0; 2];
            metric.pull(d.into_iter(), norm, 1.0, &mut slopes);
            let terms = slopes.iter().zip(d).filter(|(_, d)| d.is_finite());
            near(terms.map(|(slope, d)| slope * d).sum::<f64>(), norm);
        }
        let negative = Metric { p: -1.0, eps: 0.0 };
        let norm = |d: &[f64]| negative.norm(d.iter().copied());
        assert_eq!((norm(&[0.0, 2.0]), norm(&[inf, inf]), norm(&[])), (0.0, inf, inf));
        assert!(norm(&[nan, 1.0]).is_nan() && norm(&[1.0, nan]).is_nan());
    }

    #[test]
    fn pairs_of_rows_are_found_from_their_number_and_from_each_row() {
        for n in 0..70 {
            let pairs = Pairs::Upper { n };
            let all: Vec<_> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
            let found: Vec<_> = (0..all.len()).map(|k| pairs.rows(k)).collect();
            assert_eq!(found, all);
            for r in 0..n {
                pairs.partners(r, false, |j, k| assert_eq!(all[k], (r, j)));
                pairs.partners(r, true, |i, k| assert_eq!(all[k], (i, r)));
            }
        }
        let pairs = Pairs::All { m: 2, n: 3 };
        assert_eq!((0..12).map(|k| pairs.rows(k)).collect::<Vec<_>>()[6..9], [(2, 3), (2, 4), (2, 5)]);
        for r in 0..4 {
            pairs.partners(r, false, |j, k| assert_eq!(pairs.rows(k), (r, j)));
        }
        for r in 0..6 {
            pairs.partners(r, true, |i, k| assert_eq!(pairs.rows(k), (i, r)));
        }
    }
}
