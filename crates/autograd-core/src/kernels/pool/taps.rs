//! Weighted sums along one dim, a sparse matrix for each line.

use crate::kernels::conv::with_room;
use crate::kernels::real::Real;
use crate::kernels::reduce::{Sum, fold_run};
use crate::kernels::simd::{Vectorized, vectorize_with};
use crate::kernels::transpose::turn;
use crate::threads::parallel::{PIECE, for_rows};
use pulp::Simd;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::ops::Range;

/// Neighbours that have one weight.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    places: Range<usize>,
    weight: f64,
}

/// A sparse matrix `[to, from]` by its rows: the runs of places that make each element. What a wide window covers is
/// one run, however many elements it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    from: usize,
    starts: Vec<usize>,
    runs: Vec<Run>,
}

impl Taps {
    /// The matrix of these rows of places and weights.
    pub fn new<R: IntoIterator<Item = (usize, f64)>>(from: usize, rows: impl IntoIterator<Item = R>) -> Taps {
        let mut taps = Taps { from, starts: vec![0], runs: Vec::new() };
        for row in rows {
            row.into_iter().for_each(|(place, weight)| taps.push(place..place + 1, weight));
            taps.starts.push(taps.runs.len());
        }
        taps
    }

    /// The matrix whose rows are windows with one weight.
    pub fn of_windows(from: usize, windows: impl IntoIterator<Item = (Range<usize>, f64)>) -> Taps {
        let mut taps = Taps { from, starts: vec![0], runs: Vec::new() };
        for (covered, weight) in windows {
            taps.push(covered, weight);
            taps.starts.push(taps.runs.len());
        }
        taps
    }

    /// Adds a run to the row that is not ended; it goes on with the last one, if that ends where it begins.
    fn push(&mut self, places: Range<usize>, weight: f64) {
        // What has no weight is not looked at: 0 · ∞ is NaN.
        if places.is_empty() || weight == 0.0 {
            return;
        }
        let begun = self.runs.len() > self.starts[self.starts.len() - 1];
        match self.runs.last_mut().filter(|last| begun && last.places.end == places.start && last.weight == weight) {
            Some(last) => last.places.end = places.end,
            None => self.runs.push(Run { places, weight }),
        }
    }

    /// The number of rows.
    pub fn to(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of columns.
    pub fn from(&self) -> usize {
        self.from
    }

    fn row(&self, to: usize) -> &[Run] {
        &self.runs[self.starts[to]..self.starts[to + 1]]
    }

    /// How many runs the matrix has with rows and columns exchanged, if its rows are windows: one for each place that a
    /// window covers, and another one for each place that two neighbours of different weights do.
    pub fn runs_transposed(&self) -> usize {
        if !self.are_windows() {
            // As many as there are elements, which are listed here as well.
            return self.runs.iter().map(|run| run.places.len()).sum();
        }
        let between = self.runs.windows(2).filter(|pair| pair[0].weight != pair[1].weight);
        between
            .map(|pair| pair[0].places.end.saturating_sub(pair[1].places.start))
            .fold(self.from, usize::saturating_add)
    }

    /// Whether each row is one window, and they go forwards.
    fn are_windows(&self) -> bool {
        let (mut from, mut end) = (0, 0);
        (0..self.to()).all(|to| {
            let [Run { places, .. }] = self.row(to) else { return false };
            let forwards = places.start >= from && places.end >= end;
            (from, end) = (places.start, places.end);
            forwards
        })
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(&self) -> Taps {
        self.windows_transposed().unwrap_or_else(|| {
            let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.from];
            for to in 0..self.to() {
                for Run { places, weight } in self.row(to) {
                    places.clone().for_each(|place| rows[place].push((to, *weight)));
                }
            }
            Taps::new(self.to(), rows)
        })
    }

    /// The same if the rows are windows that go forwards, without a list of all that they cover.
    fn windows_transposed(&self) -> Option<Taps> {
        if !self.are_windows() {
            return None;
        }
        let mut taps = Taps { from: self.to(), starts: vec![0], runs: Vec::new() };
        // The windows that cover a place, as runs of equal weights.
        let (mut covering, mut first, mut next) = (VecDeque::<Run>::new(), 0, 0);
        for place in 0..self.from {
            while next < self.to() && self.runs[next].places.start <= place {
                let weight = self.runs[next].weight;
                match covering.back_mut().filter(|last| last.weight == weight) {
                    Some(last) => last.places.end += 1,
                    None => covering.push_back(Run { places: next..next + 1, weight }),
                }
                next += 1;
            }
            while first < next && self.runs[first].places.end <= place {
                first += 1;
                if let Some(run) = covering.front_mut() {
                    run.places.start = first;
                    if run.places.is_empty() {
                        covering.pop_front();
                    }
                }
            }
            covering.iter().for_each(|run| taps.push(run.places.clone(), run.weight));
            taps.starts.push(taps.runs.len());
        }
        Some(taps)
    }
}

/// Runs of more elements are summed in a tree.
const SHORT: usize = 32;
/// Elements next to each other that are summed at once.
const STRIP: usize = 128;
/// Terms of a sum that are added in one pass.
const TERMS: usize = 4;
/// Lines that lie side by side where the elements of a line are neighbours.
const LANES: usize = 16;
/// Elements of such a line: a thread takes as many lines at a time as there are lanes.
const ABREAST: usize = PIECE / LANES;

struct Along<'a, T> {
    x: &'a [T],
    taps: &'a Taps,
    inner: usize,
    y: &'a mut [T],
    /// For lines side by side, or empty.
    room: &'a mut [T],
}

impl<T: Real> Vectorized for Along<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Along { x, taps, inner, y, room } = self;
        let (from, to) = (taps.from, taps.to());
        if !room.is_empty() {
            let (inside, sums) = room.split_at_mut(from * LANES);
            for (x, y) in x.chunks(from * LANES).zip(y.chunks_mut(to * LANES)) {
                let lines = y.len() / to;
                // Where lines are fewer than lanes, the others hold any numbers.
                turn(simd, [lines, from], (x, from), (&mut *inside, LANES));
                taps.sums(inside, LANES, sums);
                turn(simd, [to, lines], (&*sums, LANES), (y, to));
            }
            return;
        }
        for (x, y) in x.chunks_exact(from * inner).zip(y.chunks_exact_mut(to * inner)) {
            if inner == 1 { taps.sums_of_a_line(x, y) } else { taps.sums(x, inner, y) }
        }
    }
}

impl Taps {
    /// `y[t] = Σ w[t, f] x[f]`.
    #[inline(always)]
    fn sums_of_a_line<T: Real>(&self, x: &[T], y: &mut [T]) {
        for (to, y) in y.iter_mut().enumerate() {
            let mut sum = T::ZERO;
            for Run { places, weight } in self.row(to) {
                let (x, weight) = (&x[places.clone()], T::of(*weight));
                if x.len() <= SHORT {
                    // As `fold`, it is a function of its own, compiled for the baseline (looked at).
                    for x in x {
                        sum = weight.mul_add(*x, sum);
                    }
                    continue;
                }
                let whole = fold_run(Sum, x);
                if whole.is_finite() {
                    sum = weight.mul_add(whole, sum);
                } else {
                    // The sum of large numbers may overflow where their mean does not.
                    let mut held = [sum];
                    long_run(x, 1, weight, true, &mut held);
                    sum = held[0];
                }
            }
            *y = sum;
        }
    }

    /// `y[t, i] = Σ w[t, f] x[f, i]`.
    #[inline(always)]
    fn sums<T: Real>(&self, x: &[T], inner: usize, y: &mut [T]) {
        for (to, y) in y.chunks_exact_mut(inner).enumerate() {
            let (mut begun, mut many, mut terms) = (false, 0, [(0, T::ZERO); TERMS]);
            for Run { places, weight } in self.row(to) {
                let weight = T::of(*weight);
                if places.len() > TERMS {
                    begun |= add_terms(&terms[..many], x, begun, y);
                    let x = &x[places.start * inner..places.end * inner];
                    if places.len() > SHORT {
                        long_run(x, inner, weight, begun, y);
                    } else {
                        run(x, inner, weight, begun, y);
                    }
                    (begun, many) = (true, 0);
                    continue;
                }
                for place in places.clone() {
                    terms[many] = (place, weight);
                    many += 1;
                    if many == TERMS {
                        (begun, many) = (add_terms(&terms, x, begun, y), 0);
                    }
                }
            }
            begun |= add_terms(&terms[..many], x, begun, y);
            if !begun {
                y.fill(T::ZERO);
            }
        }
    }
}

/// `y = Σ w x` over rows of x, each as long as y, added to what is there if it has `begun`; whether there are any.
#[inline(always)]
fn add_terms<T: Real>(terms: &[(usize, T)], x: &[T], begun: bool, y: &mut [T]) -> bool {
    match *terms {
        [] => return false,
        [a] => add_rows([a], x, begun, y),
        [a, b] => add_rows([a, b], x, begun, y),
        [a, b, c] => add_rows([a, b, c], x, begun, y),
        [a, b, c, d, ..] => add_rows([a, b, c, d], x, begun, y),
    }
    true
}

#[inline(always)]
fn add_rows<T: Real, const N: usize>(terms: [(usize, T); N], x: &[T], begun: bool, y: &mut [T]) {
    let len = y.len();
    let mut rows = [&x[..0]; N];
    for k in 0..N {
        rows[k] = &x[terms[k].0 * len..][..len];
    }
    for i in 0..len {
        let mut sum = if begun { terms[0].1.mul_add(rows[0][i], y[i]) } else { terms[0].1 * rows[0][i] };
        for k in 1..N {
            sum = terms[k].1.mul_add(rows[k][i], sum);
        }
        y[i] = sum;
    }
}

/// `y = w Σ x` over some rows, added to what is there if it has `begun`; the sums stay in registers.
#[inline(always)]
fn run<T: Real>(x: &[T], inner: usize, weight: T, begun: bool, y: &mut [T]) {
    let (strips, rest) = y.as_chunks_mut::<LANES>();
    let whole = strips.len() * LANES;
    for (strip, y) in strips.iter_mut().enumerate() {
        let mut sums = if begun { *y } else { [T::ZERO; LANES] };
        for row in x.chunks_exact(inner) {
            let row = &row[strip * LANES..][..LANES];
            for k in 0..LANES {
                sums[k] = weight.mul_add(row[k], sums[k]);
            }
        }
        *y = sums;
    }
    for (i, y) in rest.iter_mut().enumerate() {
        let mut sum = if begun { *y } else { T::ZERO };
        for row in x.chunks_exact(inner) {
            sum = weight.mul_add(row[whole + i], sum);
        }
        *y = sum;
    }
}

/// `y = w Σ x` over many rows, added to what is there if it has `begun`: blocks of rows in sequence, joined pairwise as
/// a binary counter carries.
#[inline(always)]
fn long_run<T: Real>(x: &[T], inner: usize, weight: T, begun: bool, y: &mut [T]) {
    for (strip, y) in y.chunks_mut(STRIP).enumerate() {
        let (from, width) = (strip * STRIP, y.len());
        let mut partial: SmallVec<[[T; STRIP]; 4]> = SmallVec::new();
        for (block, rows) in x.chunks(SHORT * inner).enumerate() {
            let mut sums = [T::ZERO; STRIP];
            for row in rows.chunks_exact(inner) {
                sums.iter_mut().zip(&row[from..from + width]).for_each(|(sum, x)| *sum = weight.mul_add(*x, *sum));
            }
            for _ in 0..(block + 1).trailing_zeros() {
                let Some(left) = partial.pop() else { unreachable!("a carry has a block before it") };
                sums.iter_mut().zip(left).for_each(|(sum, left)| *sum = left + *sum);
            }
            partial.push(sums);
        }
        let mut total = [T::ZERO; STRIP];
        while let Some(left) = partial.pop() {
            total.iter_mut().zip(left).for_each(|(sum, left)| *sum = left + *sum);
        }
        for (y, sum) in y.iter_mut().zip(total) {
            *y = if begun { *y + sum } else { sum };
        }
    }
}

/// `y[o, t, i] = Σ w[t, f] x[o, f, i]`.
pub fn along<T: Real>(x: &[T], taps: &Taps, inner: usize, y: &mut [T]) {
    let (line, width) = (taps.from * inner, taps.to() * inner);
    if line == 0 {
        return y.fill(T::ZERO);
    }
    // By the sizes of the whole, so that no cut changes a bit.
    let many = inner == 1 && y.len() >= LANES / 2 * width && line.max(width) <= ABREAST;
    let abreast = many && taps.runs.iter().all(|run| run.places.len() <= SHORT);
    let room = if abreast { (line + width) * LANES } else { 0 };
    for_rows(y, width, line.max(width), |lines, y| {
        let x = &x[lines.start * line..lines.end * line];
        with_room(room, |room| vectorize_with(Along { x, taps, inner, y, room }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same matrix, one run for each tap.
    fn taps(taps: &Taps) -> Vec<Vec<(usize, f64)>> {
        let row = |to: usize| {
            let each = taps.row(to).iter().flat_map(|run| run.places.clone().map(|place| (place, run.weight)));
            each.collect()
        };
        (0..taps.to()).map(row).collect()
    }

    #[test]
    fn windows_are_transposed_without_a_list_of_all() {
        for (size, step, from) in [(1, 1, 5), (3, 1, 9), (3, 2, 9), (2, 3, 10), (7, 2, 7), (4, 4, 16), (5, 9, 20)] {
            // A weight of its own for the first and the last, as windows over a padding have it.
            let count = (from - size) / step + 1;
            let weight = |i: usize| if i == 0 || i + 1 == count { 0.5 } else { 0.25 };
            let windows = (0..count).map(|i| (i * step..i * step + size, weight(i)));
            let map = Taps::of_windows(from, windows);
            let mut expected = vec![Vec::new(); from];
            for (to, row) in taps(&map).iter().enumerate() {
                row.iter().for_each(|(place, weight)| expected[*place].push((to, *weight)));
            }
            let turned = map.transposed();
            assert_eq!((taps(&turned), turned.to(), turned.from()), (expected, from, count), "{size} {step} {from}");
            assert!(turned.runs.len() <= map.runs_transposed(), "{size} {step} {from}");
            assert_eq!(taps(&turned.transposed()), taps(&map));
        }
        // A wide window is one run, and so is what it covers.
        let wide = Taps::of_windows(100_000, (0..99_000).map(|i| (i..i + 1001, 1.0)));
        assert!(wide.runs.len() == 99_000 && wide.transposed().runs.len() == 100_000);
    }

    #[test]
    fn long_runs_are_summed_in_a_tree() {
        for inner in [1, 3, 200] {
            let rows = 10_000;
            let x = vec![0.1f32; rows * inner];
            let map = Taps::of_windows(rows, [(0..rows, 1.0 / rows as f64), (5..9, 0.25)]);
            let mut y = vec![0.0; 2 * inner];
            along(&x, &map, inner, &mut y);
            assert!(y.iter().all(|y| (y - 0.1).abs() < 1e-7), "{inner}: {:?}", &y[..1]);
            // A mean of numbers whose sum is beyond the largest one.
            along(&vec![1e37f32; rows * inner], &map, inner, &mut y);
            assert!(y.iter().all(|y| (y / 1e37 - 1.0).abs() < 1e-6), "{inner}: {:?}", &y[..1]);
        }
    }
}
