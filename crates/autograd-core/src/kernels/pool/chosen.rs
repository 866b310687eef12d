//! The largest element of each window, and elements picked from planes and put into them.

use crate::kernels::conv::Space;
use crate::kernels::real::Real;
use crate::threads::parallel::for_rows;

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

/// The position in its plane of the largest element of each window: the first of ties, the last NaN; −1 for a window
/// that covers no element.
pub fn largest<T: Real>(x: &[T], spans: &Spans, y: &mut [i64]) {
    let (inputs, outputs) = (spans.input.iter().product::<usize>(), spans.output().iter().product::<usize>());
    for_rows(y, outputs, inputs.max(outputs), |planes, y| {
        for (plane, y) in planes.zip(y.chunks_exact_mut(outputs)) {
            largest_of_plane(&x[plane * inputs..(plane + 1) * inputs], spans, y);
        }
    });
}

fn largest_of_plane<T: Real>(x: &[T], spans: &Spans, y: &mut [i64]) {
    let [_, height, width] = spans.input;
    let [depths, rows, columns] = &spans.each;
    let mut y = y.iter_mut();
    for (d, h) in depths.iter().flat_map(|d| rows.iter().map(move |h| (d, h))) {
        for (w, y) in columns.iter().zip(&mut y) {
            let (mut best, mut at) = (T::NEG_INFINITY, NONE);
            for i in 0..d.count * h.count {
                let (d, h) = (d.start + i / h.count * d.step, h.start + i % h.count * h.step);
                let row = (d * height + h) * width + w.start;
                for k in (row..row + w.count * w.step).step_by(w.step) {
                    let value = x[k];
                    if value > best || value.is_nan() || at == NONE {
                        (best, at) = (value, k as i64);
                    }
                }
            }
            *y = at;
        }
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
