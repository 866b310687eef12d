//! The largest element of each window, and elements picked from planes and put into them.

use crate::kernels::conv::Space;
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, Kernel, vectorize};
use crate::threads::parallel::for_rows;
use smallvec::SmallVec;
use std::ops::Range;

/// The elements of one dim that a window covers: `count` of them from `start` on, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The first one.
    pub start: usize,
    /// From one to the next.
    pub step: usize,
    /// Their number.
    pub count: usize,
}

/// The windows over a plane: one span for each output in each dim.
#[derive(Clone, Debug, PartialEq)]
pub struct Spans {
    /// The size of the plane.
    pub input: Space,
    /// The spans.
    pub each: [Vec<Span>; 3],
}

impl Spans {
    /// The number of windows in each dim.
    pub fn output(&self) -> Space {
        [0, 1, 2].each(|d| self.each[d].len())
    }
}

/// No element of a plane.
const NONE: i64 = -1;

/// Windows that are compared side by side.
const LANES: usize = 8;
/// Neighbours of which every second one is in a lane.
const EVERY_SECOND: usize = 2 * LANES - 1;

/// The position in its plane of the largest element of each window: the first of ties, the last NaN; −1 for a window
/// that covers no element.
pub fn largest<T: Real>(x: &[T], spans: &Spans, y: &mut [i64]) {
    let (inputs, outputs) = (spans.input.iter().product::<usize>(), spans.output().iter().product::<usize>());
    let alike = spans.alike();
    for_rows(y, outputs, inputs.max(outputs), |planes, y| {
        vectorize(Largest { x: &x[planes.start * inputs..planes.end * inputs], spans, alike: alike.clone(), y });
    });
}

impl Spans {
    /// The windows along a row that cover as many elements as the largest one, and the distance between them, where it
    /// is the same.
    fn alike(&self) -> (Range<usize>, usize) {
        let row = &self.each[2];
        let full = row.iter().map(|span| span.count).max().unwrap_or(0);
        let first = row.iter().position(|span| span.count == full).unwrap_or(0);
        let end = first + row[first..].iter().take_while(|span| span.count == full).count();
        let stride = row.get(first + 1).map_or(1, |next| next.start.wrapping_sub(row[first].start));
        let steady = row[first..end].windows(2).all(|two| two[1].start.wrapping_sub(two[0].start) == stride);
        // Positions are compared as 32 bits.
        let small = self.input.iter().product::<usize>() < 1 << 31;
        if steady && small && full > 0 { (first..end, stride) } else { (0..0, 1) }
    }
}

struct Largest<'a, T> {
    x: &'a [T],
    spans: &'a Spans,
    alike: (Range<usize>, usize),
    y: &'a mut [i64],
}

impl<T: Real> Kernel for Largest<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Largest { x, spans, alike: (alike, stride), y } = self;
        let [depths, rows, columns] = &spans.each;
        let inputs: usize = spans.input.iter().product();
        let planes = x.chunks_exact(inputs.max(1)).zip(y.chunks_exact_mut(depths.len() * rows.len() * columns.len()));
        let lanes = alike.len() >= LANES && (stride == 1 || stride == 2);
        // The places of a window's elements, less its start in the row; on the stack up to 16 × 16.
        let mut taps: SmallVec<[usize; 256]> = SmallVec::new();
        for (x, y) in planes {
            let lines = depths.iter().flat_map(|d| rows.iter().map(move |h| (d, h)));
            for ((d, h), y) in lines.zip(y.chunks_exact_mut(columns.len())) {
                let mut done = alike.start;
                let plane = Lines { x, d, h, sizes: spans.input };
                if lanes {
                    taps.clear();
                    plane.each(Span { start: 0, ..columns[done] }, |tap| taps.push(tap));
                }
                while lanes && alike.end - done >= LANES {
                    let (first, y) = (columns[done].start, &mut y[done..alike.end]);
                    done += match (stride, y.as_chunks_mut().0) {
                        (1, [one, two, ..]) => side_by_side::<T, LANES, 1, 2>(x, &taps, first, [one, two]),
                        (1, [one, ..]) => side_by_side::<T, LANES, 1, 1>(x, &taps, first, [one]),
                        (_, [one, two, ..]) => side_by_side::<T, EVERY_SECOND, 2, 2>(x, &taps, first, [one, two]),
                        (_, [one, ..]) => side_by_side::<T, EVERY_SECOND, 2, 1>(x, &taps, first, [one]),
                        (_, []) => unreachable!("there are windows for all lanes"),
                    };
                }
                for at in (0..alike.start).chain(done..columns.len()) {
                    y[at] = plane.one(columns[at]);
                }
            }
        }
    }
}

/// The lines of a plane that windows of one row of the output cover.
struct Lines<'a, T> {
    x: &'a [T],
    d: &'a Span,
    h: &'a Span,
    sizes: Space,
}

impl<T: Real> Lines<'_, T> {
    /// Calls `each` with the place of every element of a window.
    #[inline(always)]
    fn each(&self, w: Span, mut each: impl FnMut(usize)) {
        for d in 0..self.d.count {
            for h in 0..self.h.count {
                let line = self.place(self.d.start + d * self.d.step, self.h.start + h * self.h.step);
                for k in 0..w.count {
                    each(line + w.start + k * w.step);
                }
            }
        }
    }

    /// The place where a line starts.
    #[inline(always)]
    fn place(&self, d: usize, h: usize) -> usize {
        (d * self.sizes[1] + h) * self.sizes[2]
    }

    /// The largest element of a window.
    #[inline(always)]
    fn one(&self, w: Span) -> i64 {
        let (mut best, mut at) = (T::NEG_INFINITY, NONE);
        self.each(w, |k| {
            let value = self.x[k];
            if value > best || value.is_nan() || at == NONE {
                (best, at) = (value, k as i64);
            }
        });
        at
    }
}

/// The largest elements of `B` blocks of windows that are `S` apart, of which the first begins at `first` in its row: a
/// tap of all windows of a block is in `N` neighbours. A block waits for its last comparison, two together half as
/// often. The result is the number of windows.
#[inline(always)]
fn side_by_side<T: Real, const N: usize, const S: usize, const B: usize>(
    x: &[T],
    taps: &[usize],
    first: usize,
    mut y: [&mut [i64; LANES]; B],
) -> usize {
    let (mut best, mut at) = ([[T::NEG_INFINITY; LANES]; B], [[0u32; LANES]; B]);
    let place = |tap: usize, block: usize| first + tap + block * LANES * S;
    if let Some(tap) = taps.first() {
        for (block, at) in at.iter_mut().enumerate() {
            // Where all are −∞, the first one is the largest.
            at.iter_mut().enumerate().for_each(|(lane, at)| *at = (place(*tap, block) + lane * S) as u32);
        }
    }
    for tap in taps {
        for block in 0..B {
            let start = place(*tap, block);
            let Some(values) = x[start..].first_chunk::<N>() else { unreachable!("a window is inside of its plane") };
            let (best, at) = (&mut best[block], &mut at[block]);
            for lane in 0..LANES {
                let value = values[lane * S];
                let larger = value > best[lane] || value.is_nan();
                best[lane] = if larger { value } else { best[lane] };
                at[lane] = if larger { (start + lane * S) as u32 } else { at[lane] };
            }
        }
    }
    for (y, at) in y.iter_mut().zip(at) {
        y.iter_mut().zip(at).for_each(|(y, at)| *y = if taps.is_empty() { NONE } else { i64::from(at) });
    }
    B * LANES
}

/// The sizes of planes and of what is picked from them.
#[derive(Clone, Copy, Debug)]
pub struct Planes {
    /// Elements of a plane.
    pub inputs: usize,
    /// Positions in a plane.
    pub outputs: usize,
    /// Planes in a row that have their positions in common.
    pub alike: usize,
}

impl Planes {
    /// The positions of a plane.
    fn of<'a>(&self, index: &'a [i64], plane: usize) -> &'a [i64] {
        &index[plane / self.alike * self.outputs..][..self.outputs]
    }
}

/// `y[plane, j] = x[plane, index[plane, j]]`, or `none` where the index is −1; the indices are in range.
pub fn pick<T: Real>(sizes: Planes, x: &[T], index: &[i64], none: T, y: &mut [T]) {
    let Planes { inputs, outputs, .. } = sizes;
    for_rows(y, outputs, outputs, |planes, y| {
        for (plane, y) in planes.zip(y.chunks_exact_mut(outputs)) {
            let x = &x[plane * inputs..(plane + 1) * inputs];
            let at = sizes.of(index, plane);
            y.iter_mut().zip(at).for_each(|(y, at)| *y = if *at < 0 { none } else { x[*at as usize] });
        }
    });
}

/// Zeros, and `x[plane, index[plane, j]] += y[plane, j]`; the indices are in range or −1.
pub fn add_at<T: Real>(sizes: Planes, y: &[T], index: &[i64], x: &mut [T]) {
    placed(sizes, y, index, x, |x, y| *x += y);
}

/// Zeros, and `x[plane, index[plane, j]] = y[plane, j]`, the last one where there are several; the indices are in range
/// or −1.
pub fn put_at<T: Real>(sizes: Planes, y: &[T], index: &[i64], x: &mut [T]) {
    placed(sizes, y, index, x, |x, y| *x = y);
}

#[inline(always)]
fn placed<T: Real>(sizes: Planes, y: &[T], index: &[i64], x: &mut [T], place: impl Fn(&mut T, T) + Sync) {
    let Planes { inputs, outputs, .. } = sizes;
    for_rows(x, inputs, inputs.max(outputs), |planes, x| {
        for (plane, x) in planes.zip(x.chunks_exact_mut(inputs)) {
            x.fill(T::ZERO);
            for (y, at) in y[plane * outputs..].iter().zip(sizes.of(index, plane)) {
                if *at >= 0 {
                    place(&mut x[*at as usize], *y);
                }
            }
        }
    });
}
