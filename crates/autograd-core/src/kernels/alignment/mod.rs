//! Sums over all alignments of symbols with times, in logarithms.
//!
//! ```text
//! places     blank, t₁, blank, t₂, .., blank; x(s) is what is said at place s
//! forward    α(t, s) = x(t, s) + ln(e^α(t−1, s) + e^α(t−1, s−1) + e^α(t−1, s−2))
//! backward   β(t, s) = ln(e^b(s) + e^b(s+1) + e^b(s+2)),   b(s) = x(t+1, s) + β(t+1, s)
//! posterior  γ(t, s) = e^(α(t, s) + β(t, s)) / Σₛ e^(α(t, s) + β(t, s))
//! ```
//!
//! The third way is open to a symbol that is not the one before it. A path begins at a place in front of the first, and
//! ends at one behind the last, which are reached like all others: so neither end has a rule of its own.
//!
//! The largest α of a time is taken off all of them, and so is the largest β. The differences keep their digits,
//! however long the sequence is, and what was taken off is added up in `f64`.
//!
//! Times depend on each other, samples do not: a sample is a unit of work. A row of places is filled up to whole
//! vectors with places that nothing is said at.

mod backward;
mod forward;

pub use backward::{posteriors, spread};
pub use forward::{forward, losses};

use super::real::Real;

/// Numbers that are computed together.
const LANES: usize = 16;

/// What a place of a row costs, in elements of element-wise work: two exponentials and a logarithm.
const COST: usize = 8;

/// The sizes of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Steps in time.
    pub times: usize,
    /// Samples.
    pub samples: usize,
    /// Classes of which one is said at a time.
    pub classes: usize,
    /// The most symbols of a sample.
    pub symbols: usize,
    /// The class of the blank.
    pub blank: usize,
}

impl Batch {
    /// The numbers of a row: those of all places, of that behind the last, and of what was taken off, which stands
    /// last.
    pub fn width(&self) -> usize {
        let places = self.symbols.saturating_mul(2).saturating_add(3);
        places.checked_next_multiple_of(LANES).unwrap_or(usize::MAX)
    }

    /// The numbers of all rows of a sample.
    fn rows(&self) -> usize {
        self.times.saturating_mul(self.width())
    }

    /// What the rows of a sample cost.
    fn cost(&self) -> usize {
        self.rows().saturating_mul(COST)
    }
}

/// What is said, and the targets.
#[derive(Clone, Copy)]
pub struct Given<'a, T> {
    /// The logarithms of the probabilities, `[times, samples, classes]`, with these strides.
    pub x: &'a [T],
    /// The strides of x.
    pub strides: [usize; 3],
    /// The symbols, `[samples, symbols]`: of each sample so many as it has.
    pub targets: &'a [i64],
    /// The times of each sample.
    pub times: &'a [i64],
    /// The symbols of each sample.
    pub sizes: &'a [i64],
}

impl<'a, T: Real> Given<'a, T> {
    fn sample(&self, batch: &Batch, sample: usize) -> Sample<'a, T> {
        let (start, size) = (sample * batch.symbols, self.sizes[sample] as usize);
        Sample {
            x: self.x.get(sample * self.strides[1]..).unwrap_or_default(),
            strides: [self.strides[0], self.strides[2]],
            blank: batch.blank,
            symbols: &self.targets[start..start + size],
            times: self.times[sample] as usize,
        }
    }
}

/// A sample of a batch.
#[derive(Clone, Copy)]
struct Sample<'a, T> {
    /// From its first number on, with the strides of times and classes.
    x: &'a [T],
    strides: [usize; 2],
    blank: usize,
    symbols: &'a [i64],
    times: usize,
}

impl<T: Real> Sample<'_, T> {
    /// The number of its places.
    #[inline(always)]
    fn places(&self) -> usize {
        2 * self.symbols.len() + 1
    }

    /// Writes what is said at its places; nothing is said at others.
    #[inline(always)]
    fn said(&self, time: usize, said: &mut [T]) {
        let row = &self.x[time * self.strides[0]..];
        let blank = row[self.blank * self.strides[1]];
        let (pairs, _) = said.as_chunks_mut::<2>();
        for (pair, symbol) in pairs.iter_mut().zip(self.symbols) {
            *pair = [blank, row[*symbol as usize * self.strides[1]]];
        }
        said[self.places() - 1] = blank;
    }

    /// Writes 1 for each place that is reached from two before it, and 0 for the others.
    #[inline(always)]
    fn skips(&self, skips: &mut [T]) {
        skips.fill(T::ZERO);
        for (i, pair) in self.symbols.windows(2).enumerate() {
            skips[2 * i + 3] = if pair[0] == pair[1] { T::ZERO } else { T::ONE };
        }
        // From in front of the first, and to behind the last.
        skips[1] = T::ONE;
        skips[self.places()] = T::ONE;
    }
}

/// `ln(e^a + e^b + e^c)`: −∞ where all are, and NaN where one is.
#[inline(always)]
fn sum<T: Real>(a: T, b: T, c: T) -> T {
    let (high, low) = if b > a { (b, a) } else { (a, b) };
    let (top, middle) = if c > high { (c, high) } else { (high, c) };
    let origin = finite(top);
    top + ((middle - origin).exp() + (low - origin).exp()).ln_1p()
}

/// A number to take off: 0 in the place of one that is not finite.
#[inline(always)]
fn finite<T: Real>(x: T) -> T {
    if x.abs() < T::INFINITY { x } else { T::ZERO }
}

/// The largest of all; NaN is none.
#[inline(always)]
fn largest<T: Real>(lanes: [T; LANES]) -> T {
    let mut largest = T::NEG_INFINITY;
    for x in lanes {
        largest = if x > largest { x } else { largest };
    }
    largest
}
