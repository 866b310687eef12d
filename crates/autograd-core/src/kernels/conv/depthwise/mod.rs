//! Convolutions of single channels, without products of matrices.

use super::Conv;
mod weight;

use super::room::with_room;
use super::window::Window;
use crate::kernels::real::Real;
use crate::kernels::short::copy_short;
use crate::kernels::simd::{Kernel, from_fn, vectorize};
use crate::threads::parallel::for_rows;
use smallvec::SmallVec;
use std::ops::Range;
pub(super) use weight::{LANES, halves, weight};

/// A plane with its zeros has at most so many elements, or a few times those of the planes it stands between.
const SMALL: usize = 1 << 16;

/// Whether the zeros between strides and taps that are far apart do not fill the memory, there and back.
pub(super) fn has_room(window: &Window) -> bool {
    let Window { kernel, stride, dilation, input, output, .. } = *window;
    let most = (4 * (window.inputs() + window.outputs())).max(SMALL);
    let fits = |outputs: [usize; 3], stride: [usize; 3]| {
        let size = |d: usize| {
            let last = (outputs[d] - 1).checked_mul(stride[d])?;
            (kernel[d] - 1).checked_mul(dilation[d])?.checked_add(last)?.checked_add(1)
        };
        let all = (0..3).try_fold(1usize, |all, d| all.checked_mul(size(d)?));
        all.is_some_and(|all| all <= most)
    };
    fits(output, stride) && fits(input, [1; 3])
}

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

/// A window over planes that have their zeros around them, and every tap of every output inside.
struct Padded {
    window: Window,
    /// The sizes of a plane.
    size: [usize; 3],
}

impl Padded {
    fn new(window: &Window) -> Padded {
        let Window { kernel, stride, dilation, output, .. } = *window;
        let size = from_fn(|d| (output[d] - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1);
        Padded { window: *window, size }
    }

    fn len(&self) -> usize {
        self.size.iter().product()
    }

    /// `y = start +` the outputs of planes of x, each by its own kernel.
    fn output<T: Real>(&self, x: &[T], w: &[T], start: T, y: &mut [T]) {
        with_room(self.len() + self.flat(), |room| vectorize(Output { padded: self, x, w, start, y, room }));
    }

    /// The plane x with its zeros; what no tap reaches is left out.
    #[inline(always)]
    fn read<T: Real>(&self, x: &[T], padded: &mut [T]) {
        let Window { input: [depth, height, width], before, .. } = self.window;
        let left = before[2].min(self.size[2]);
        let count = width.min(self.size[2] - left);
        for (i, line) in padded.chunks_exact_mut(self.size[2]).enumerate() {
            let inside = |at: usize, d: usize, size: usize| at.checked_sub(before[d]).filter(|at| *at < size);
            match (inside(i / self.size[1], 0, depth), inside(i % self.size[1], 1, height)) {
                (Some(d), Some(h)) => {
                    line[..left].fill(T::ZERO);
                    copy_short(&x[(d * height + h) * width..][..count], &mut line[left..left + count]);
                    line[left + count..].fill(T::ZERO);
                }
                _ => line.fill(T::ZERO),
            }
        }
    }

    /// The number of places from the first output to the last where outputs lie as far apart as the elements they read.
    fn flat(&self) -> usize {
        let [depth, rows, run] = self.window.output;
        ((depth - 1) * self.size[1] + rows - 1) * self.size[2] + run
    }

    /// Where tap 0 of a row of the kernel is for the first element of line o of the output.
    #[inline(always)]
    fn place(&self, row: usize, o: usize) -> usize {
        let Window { kernel, dilation, .. } = self.window;
        let (d, h) = (row / kernel[1] * dilation[0], row % kernel[1] * dilation[1]);
        (d * self.size[1] + h) * self.size[2] + self.line(o)
    }

    /// Where the elements of line o of the output begin.
    #[inline(always)]
    fn line(&self, o: usize) -> usize {
        let Window { stride, output, .. } = self.window;
        (o / output[1] * stride[0] * self.size[1] + o % output[1] * stride[1]) * self.size[2]
    }
}

/// Adds what a kernel gives where outputs lie as far apart as the elements of `x` that their first tap reads:
/// `flat` has places between lines that belong to no output.
struct Flat<'a, T> {
    padded: &'a Padded,
    x: &'a [T],
    w: &'a [T],
    flat: &'a mut [T],
}

impl<T: Real> Flat<'_, T> {
    /// Adds R rows of K taps at once, each of which reads a run as long as `flat`: sums are read and written once for
    /// them.
    #[inline(always)]
    fn add<const R: usize, const K: usize>(self) {
        let Flat { padded, x, w, flat } = self;
        let Window { kernel, dilation, .. } = padded.window;
        let len = flat.len();
        for first in (0..kernel[0] * kernel[1]).step_by(R) {
            let lines: [usize; R] = from_fn(|r| padded.place(first + r, 0));
            for column in (0..kernel[2]).step_by(K) {
                let mut taps = [[T::ZERO; K]; R];
                let mut runs = [[&x[..0]; K]; R];
                for r in 0..R {
                    let x = &x[lines[r] + column * dilation[2]..];
                    for k in 0..K {
                        taps[r][k] = w[(first + r) * kernel[2] + column + k];
                        runs[r][k] = &x[k..][..len];
                    }
                }
                for (i, to) in flat.iter_mut().enumerate() {
                    // In a register: the compiler would write it back after every tap.
                    let mut sum = *to;
                    for (taps, runs) in taps.iter().zip(&runs) {
                        for (w, run) in taps.iter().zip(runs) {
                            sum = w.mul_add(run[i], sum);
                        }
                    }
                    *to = sum;
                }
            }
        }
    }
}

impl<T: Real> Flat<'_, T> {
    #[inline(always)]
    fn all(self) {
        let Window { kernel: [depth, rows, columns], dilation, .. } = self.padded.window;
        match (depth * rows, columns) {
            _ if dilation[2] > 1 => self.add::<1, 1>(),
            (3, 3) => self.add::<3, 3>(),
            (5, 5) => self.add::<5, 5>(),
            (_, 3) => self.add::<1, 3>(),
            (_, 5) => self.add::<1, 5>(),
            (_, 7) => self.add::<1, 7>(),
            _ => self.add::<1, 1>(),
        }
    }
}

/// `y = start +` the outputs of planes of x, each by its own kernel.
struct Output<'a, T> {
    padded: &'a Padded,
    x: &'a [T],
    w: &'a [T],
    start: T,
    y: &'a mut [T],
    room: &'a mut [T],
}

impl<T: Real> Kernel for Output<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Output { padded, x, w, start, y, room } = self;
        let Window { stride, output: [_, _, run], .. } = padded.window;
        let (flat, room) = room.split_at_mut(padded.flat());
        let kernels = x.chunks_exact(padded.window.inputs()).zip(w.chunks_exact(padded.window.taps()));
        if stride != [1; 3] {
            y.fill(start);
            for (x, w) in kernels {
                padded.read(x, room);
                match padded.window.kernel[2] {
                    3 => by_lines::<T, 3>(padded, room, w, y),
                    5 => by_lines::<T, 5>(padded, room, w, y),
                    7 => by_lines::<T, 7>(padded, room, w, y),
                    _ => by_lines::<T, 1>(padded, room, w, y),
                }
            }
            return;
        }
        flat.fill(start);
        for (x, w) in kernels {
            padded.read(x, room);
            Flat { padded, x: room, w, flat }.all();
        }
        for (o, y) in y.chunks_exact_mut(run).enumerate() {
            copy_short(&flat[padded.line(o)..][..run], y);
        }
    }
}

/// Adds K taps of each row of the kernel at once: elements of y are read and written once for them.
#[inline(always)]
fn by_lines<T: Real, const K: usize>(padded: &Padded, x: &[T], w: &[T], y: &mut [T]) {
    let Window { kernel, stride, dilation, output: [_, _, run], .. } = padded.window;
    let (step, apart) = (stride[2], dilation[2]);
    for row in 0..kernel[0] * kernel[1] {
        for (o, y) in y.chunks_exact_mut(run).enumerate() {
            let from = padded.place(row, o);
            for first in (0..kernel[2]).step_by(K) {
                let mut taps = [T::ZERO; K];
                taps.copy_from_slice(&w[row * kernel[2] + first..][..K]);
                let x = &x[from + first * apart..][..(run - 1) * step + (K - 1) * apart + 1];
                for (i, y) in y.iter_mut().enumerate() {
                    let mut sum = *y;
                    for (k, w) in taps.iter().enumerate() {
                        sum = w.mul_add(x[i * step + k * apart], sum);
                    }
                    *y = sum;
                }
            }
        }
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
                let x = &mut x[to..to + len];
                for i in 0..len {
                    x[i] = w.mul_add(y[i], x[i]);
                }
            } else {
                for (x, y) in x[to..].iter_mut().step_by(stride).zip(y) {
                    *x = w.mul_add(*y, *x);
                }
            }
        });
    }
}

/// [`super::output`] of channels that each read one channel.
pub(super) fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let channels = conv.groups * conv.outer;
    let padded = Padded::new(&conv.window);
    for_rows(y, outputs, outputs * taps, |planes, y| {
        for (plane, y) in planes.zip(y.chunks_exact_mut(outputs)) {
            let (image, channel) = (plane / channels, plane % channels);
            let start = bias.map_or(T::ZERO, |bias| bias[channel]);
            let x = &x[(image * conv.groups + channel / conv.outer) * inputs..][..inputs];
            padded.output(x, &w[channel * taps..][..taps], start, y);
        }
    });
}

/// The window whose output is the gradient of this one's input, of a kernel that is read from its last tap on.
pub(super) fn mirrored(window: &Window) -> Option<Window> {
    let Window { input, kernel, dilation, before, output, .. } = *window;
    let mut back = Window { input: output, output: input, ..*window };
    for d in 0..3 {
        back.before[d] = ((kernel[d] - 1) * dilation[d]).checked_sub(before[d])?;
    }
    (window.stride == [1; 3]).then_some(back)
}

/// [`super::input`] of channels that each read one channel.
pub(super) fn input<T: Real>(conv: &Conv, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let back = mirrored(&conv.window).map(|window| Padded::new(&window));
    let reversed: Vec<T> = match back {
        Some(_) => w.chunks_exact(taps).flat_map(|kernel| kernel.iter().rev().copied()).collect(),
        None => Vec::new(),
    };
    for_rows(x, inputs, outputs * taps * conv.outer, |planes, x| {
        for (plane, x) in planes.zip(x.chunks_exact_mut(inputs)) {
            let group = plane % conv.groups;
            let start = bias.map_or(T::ZERO, |bias| bias[group]);
            let at = group * conv.outer * taps..(group + 1) * conv.outer * taps;
            let y = &y[plane * conv.outer * outputs..][..conv.outer * outputs];
            match &back {
                Some(padded) => padded.output(y, &reversed[at], start, x),
                None => {
                    x.fill(start);
                    for (y, w) in y.chunks_exact(outputs).zip(w[at].chunks_exact(taps)) {
                        vectorize(Input { window: &conv.window, y, w, x: &mut *x });
                    }
                }
            }
        }
    });
}
