//! The largest element of each window, and elements picked from planes and put into them.

use crate::kernels::conv::Space;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;
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
        [0, 1, 2].map(|d| self.each[d].len())
    }
}

/// No element of a plane.
const NONE: i64 = -1;

/// Windows that are compared side by side.
const LANES: usize = 8;

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
        for (x, y) in planes {
            let lines = depths.iter().flat_map(|d| rows.iter().map(move |h| (d, h)));
            for ((d, h), y) in lines.zip(y.chunks_exact_mut(columns.len())) {
                let mut done = alike.start;
                let plane = Lines { x, d, h, sizes: spans.input };
                for (columns, y) in columns[alike.clone()].chunks(LANES).zip(y[alike.clone()].chunks_mut(LANES)) {
                    match (stride, <&mut [i64; LANES]>::try_from(y)) {
                        (1, Ok(y)) => plane.side_by_side::<LANES, 1>(columns[0], y),
                        (2, Ok(y)) => plane.side_by_side::<{ 2 * LANES - 1 }, 2>(columns[0], y),
                        _ => break,
                    }
                    done += LANES;
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
    /// The place where line i starts.
    #[inline(always)]
    fn line(&self, i: usize) -> usize {
        let (d, h) = (self.d.start + i / self.h.count * self.d.step, self.h.start + i % self.h.count * self.h.step);
        (d * self.sizes[1] + h) * self.sizes[2]
    }

    /// The largest element of a window.
    #[inline(always)]
    fn one(&self, w: Span) -> i64 {
        let (mut best, mut at) = (T::NEG_INFINITY, NONE);
        for i in 0..self.d.count * self.h.count {
            let start = self.line(i) + w.start;
            for k in (start..start + w.count * w.step).step_by(w.step) {
                let value = self.x[k];
                if value > best || value.is_nan() || at == NONE {
                    (best, at) = (value, k as i64);
                }
            }
        }
        at
    }

    /// The largest elements of windows that are `S` apart, of which the first is `w`: tap k of all of them is in `N`
    /// neighbours.
    #[inline(always)]
    fn side_by_side<const N: usize, const S: usize>(&self, w: Span, y: &mut [i64; LANES]) {
        let lines = self.d.count * self.h.count;
        let (mut best, mut at) = ([T::NEG_INFINITY; LANES], [0u32; LANES]);
        for i in 0..lines {
            for k in 0..w.count {
                let start = self.line(i) + w.start + k * w.step;
                let Some(values) = self.x[start..].first_chunk::<N>() else {
                    unreachable!("a window is inside of its plane")
                };
                for lane in 0..LANES {
                    let value = values[lane * S];
                    let first = i == 0 && k == 0;
                    let larger = value > best[lane] || value.is_nan() || first;
                    best[lane] = if larger { value } else { best[lane] };
                    at[lane] = if larger { (start + lane * S) as u32 } else { at[lane] };
                }
            }
        }
        y.iter_mut().zip(at).for_each(|(y, at)| *y = if lines == 0 { NONE } else { i64::from(at) });
    }
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
