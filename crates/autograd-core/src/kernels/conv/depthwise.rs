//! Convolutions of single channels, without products of matrices.

use super::window::Window;
use super::{Conv, start_with};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;
use smallvec::SmallVec;
use std::ops::Range;

/// Lanes of a sum of products.
const LANES: usize = 16;

/// Calls `f(tap, x, y, len)` for all runs of `len` outputs from `y` on, whose elements of the input begin at `x`.
#[inline(always)]
fn overlaps(window: &Window, mut f: impl FnMut(usize, usize, usize, usize)) {
    let [_, height, width] = window.input;
    let [depth, rows, run] = window.output;
    let reach: SmallVec<[Range<usize>; 16]> = (0..window.kernel[2]).map(|k| window.reach(2, k)).collect();
    for o in 0..depth * rows {
        for k in 0..window.kernel[0] * window.kernel[1] {
            let (kd, kh) = (k / window.kernel[1], k % window.kernel[1]);
            let (Some(d), Some(h)) = (window.place(0, kd, o / rows), window.place(1, kh, o % rows)) else { continue };
            for (kw, reach) in reach.iter().enumerate() {
                if let Some(w) = window.place(2, kw, reach.start)
                    && !reach.is_empty()
                {
                    f(k * window.kernel[2] + kw, (d * height + h) * width + w, o * run + reach.start, reach.len());
                }
            }
        }
    }
}

struct Output<'a, T> {
    window: &'a Window,
    x: &'a [T],
    w: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel for Output<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Output { window, x, w, y } = self;
        let stride = window.stride[2];
        overlaps(window, |tap, from, to, len| {
            let (w, y) = (w[tap], &mut y[to..to + len]);
            if stride == 1 {
                y.iter_mut().zip(&x[from..from + len]).for_each(|(y, x)| *y = w.mul_add(*x, *y));
            } else {
                y.iter_mut().zip(x[from..].iter().step_by(stride)).for_each(|(y, x)| *y = w.mul_add(*x, *y));
            }
        });
    }
}

struct Input<'a, T> {
    window: &'a Window,
    y: &'a [T],
    w: &'a [T],
    x: &'a mut [T],
}

impl<T: Real> Kernel for Input<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Input { window, y, w, x } = self;
        let stride = window.stride[2];
        overlaps(window, |tap, to, from, len| {
            let (w, y) = (w[tap], &y[from..from + len]);
            if stride == 1 {
                x[to..to + len].iter_mut().zip(y).for_each(|(x, y)| *x = w.mul_add(*y, *x));
            } else {
                x[to..].iter_mut().step_by(stride).zip(y).for_each(|(x, y)| *x = w.mul_add(*y, *x));
            }
        });
    }
}

struct Weight<'a, T> {
    window: &'a Window,
    x: &'a [T],
    y: &'a [T],
    w: &'a mut [T],
}

impl<T: Real> Kernel for Weight<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Weight { window, x, y, w } = self;
        let stride = window.stride[2];
        overlaps(window, |tap, from, to, len| {
            let y = &y[to..to + len];
            let more = if stride == 1 {
                dot(&x[from..from + len], y)
            } else {
                x[from..].iter().step_by(stride).zip(y).fold(T::ZERO, |sum, (x, y)| x.mul_add(*y, sum))
            };
            w[tap] += more;
        });
    }
}

/// Σ a b, in lanes.
#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::ZERO; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] = a[i].mul_add(b[i], lanes[i]);
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane = a.mul_add(*b, *lane);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// [`super::output`] of channels that each read one channel.
pub(super) fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let channels = conv.groups * conv.outer;
    for_rows(y, outputs, outputs * taps, |planes, y| {
        for (plane, y) in planes.zip(y.chunks_exact_mut(outputs)) {
            let (image, channel) = (plane / channels, plane % channels);
            start_with(bias.map(|bias| &bias[channel..channel + 1]), outputs, y);
            let x = &x[(image * conv.groups + channel / conv.outer) * inputs..][..inputs];
            vectorize(Output { window: &conv.window, x, w: &w[channel * taps..][..taps], y });
        }
    });
}

/// [`super::input`] of channels that each read one channel.
pub(super) fn input<T: Real>(conv: &Conv, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    for_rows(x, inputs, outputs * taps * conv.outer, |planes, x| {
        for (plane, x) in planes.zip(x.chunks_exact_mut(inputs)) {
            let group = plane % conv.groups;
            start_with(bias.map(|bias| &bias[group..group + 1]), inputs, x);
            for o in 0..conv.outer {
                let (w, y) = (&w[(group * conv.outer + o) * taps..], &y[(plane * conv.outer + o) * outputs..]);
                vectorize(Input { window: &conv.window, y: &y[..outputs], w: &w[..taps], x });
            }
        }
    });
}

/// [`super::weight`] of channels that each read one channel.
pub(super) fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let channels = conv.groups * conv.outer;
    for_rows(w, taps, outputs * taps * conv.images, |rows, w| {
        for (channel, w) in rows.zip(w.chunks_exact_mut(taps)) {
            w.fill(T::ZERO);
            for image in 0..conv.images {
                let x = &x[(image * conv.groups + channel / conv.outer) * inputs..][..inputs];
                let y = &y[(image * channels + channel) * outputs..][..outputs];
                vectorize(Weight { window: &conv.window, x, y, w });
            }
        }
    });
}
