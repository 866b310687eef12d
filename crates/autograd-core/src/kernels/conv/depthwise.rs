//! Convolutions of single channels, without products of matrices.

use super::room::with_room;
use super::short::copy_short;
use super::window::Window;
use super::{Conv, start_with};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;
use smallvec::SmallVec;
use std::ops::Range;

/// Lanes of a sum of products.
const LANES: usize = 16;

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
        let size = std::array::from_fn(|d| (output[d] - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1);
        Padded { window: *window, size }
    }

    fn len(&self) -> usize {
        self.size.iter().product()
    }

    /// The plane x with its zeros; what no tap reaches is left out.
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

    /// Where tap 0 of a row of the kernel is for the first element of line o of the output.
    #[inline(always)]
    fn place(&self, row: usize, o: usize) -> usize {
        let Window { kernel, stride, dilation, output, .. } = self.window;
        let d = o / output[1] * stride[0] + row / kernel[1] * dilation[0];
        let h = o % output[1] * stride[1] + row % kernel[1] * dilation[1];
        (d * self.size[1] + h) * self.size[2]
    }
}

struct Output<'a, T> {
    padded: &'a Padded,
    x: &'a [T],
    w: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Output<'_, T> {
    /// Adds K taps of each row of the kernel at once: elements of y are read and written once for them.
    #[inline(always)]
    fn add<const K: usize>(self) {
        let Output { padded, x, w, y } = self;
        let Window { kernel, stride, dilation, output, .. } = padded.window;
        let (run, step, apart, lines) = (output[2], stride[2], dilation[2], output[0] * output[1]);
        for at in 0..kernel[0] * kernel[1] * lines {
            let (row, o) = (at / lines, at % lines);
            let (from, to) = (padded.place(row, o), o * run);
            for first in (0..kernel[2]).step_by(K) {
                let mut taps = [T::ZERO; K];
                taps.copy_from_slice(&w[row * kernel[2] + first..][..K]);
                let x = &x[from + first * apart..][..(run - 1) * step + (K - 1) * apart + 1];
                let y = &mut y[to..to + run];
                if step == 1 {
                    for (i, y) in y.iter_mut().enumerate() {
                        for (k, w) in taps.iter().enumerate() {
                            *y = w.mul_add(x[i + k * apart], *y);
                        }
                    }
                } else {
                    for (i, y) in y.iter_mut().enumerate() {
                        for (k, w) in taps.iter().enumerate() {
                            *y = w.mul_add(x[i * step + k * apart], *y);
                        }
                    }
                }
            }
        }
    }
}

impl<T: Real> Kernel for Output<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        match self.padded.window.kernel[2] {
            3 => self.add::<3>(),
            5 => self.add::<5>(),
            7 => self.add::<7>(),
            _ => self.add::<1>(),
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
                x[to..to + len].iter_mut().zip(y).for_each(|(x, y)| *x = w.mul_add(*y, *x));
            } else {
                x[to..].iter_mut().step_by(stride).zip(y).for_each(|(x, y)| *x = w.mul_add(*y, *x));
            }
        });
    }
}

struct Weight<'a, T> {
    padded: &'a Padded,
    x: &'a [T],
    y: &'a [T],
    w: &'a mut [T],
}

impl<T: Real> Weight<'_, T> {
    /// Sums up K taps of a row of the kernel at once, in lanes.
    #[inline(always)]
    fn add<const K: usize>(self) {
        let Weight { padded, x, y, w } = self;
        let Window { kernel, stride, dilation, output, .. } = padded.window;
        let (run, step, apart) = (output[2], stride[2], dilation[2]);
        let lines = output[0] * output[1];
        for first in (0..kernel[2]).step_by(K) {
            let mut sums = [[T::ZERO; LANES]; K];
            for at in 0..kernel[0] * kernel[1] * lines {
                let (row, o) = (at / lines, at % lines);
                let (from, to) = (padded.place(row, o), o * run);
                let x = &x[from + first * apart..][..(run - 1) * step + (K - 1) * apart + 1];
                for (i, y) in y[to..to + run].chunks(LANES).enumerate() {
                    let x = &x[i * LANES * step..];
                    for (k, sums) in sums.iter_mut().enumerate() {
                        let x = &x[k * apart..];
                        match y.first_chunk::<LANES>() {
                            Some(y) if step == 1 => {
                                let x = &x[..LANES];
                                for l in 0..LANES {
                                    sums[l] = x[l].mul_add(y[l], sums[l]);
                                }
                            }
                            _ => {
                                for (l, y) in y.iter().enumerate() {
                                    sums[l] = x[l * step].mul_add(*y, sums[l]);
                                }
                            }
                        }
                    }
                }
                if o + 1 == lines {
                    let w = &mut w[row * kernel[2] + first..][..K];
                    for (w, sums) in w.iter_mut().zip(&mut sums) {
                        *w += halves(*sums);
                        *sums = [T::ZERO; LANES];
                    }
                }
            }
        }
    }
}

impl<T: Real> Kernel for Weight<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        match self.padded.window.kernel[2] {
            3 => self.add::<3>(),
            5 => self.add::<5>(),
            7 => self.add::<7>(),
            _ => self.add::<1>(),
        }
    }
}

/// The sum of all lanes.
#[inline(always)]
fn halves<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Adds the output of the plane x to y.
fn add<T: Real>(padded: &Padded, x: &[T], w: &[T], y: &mut [T]) {
    with_room(padded.len(), |room| {
        padded.read(x, room);
        vectorize(Output { padded, x: room, w, y });
    });
}

/// [`super::output`] of channels that each read one channel.
pub(super) fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let channels = conv.groups * conv.outer;
    let padded = Padded::new(&conv.window);
    for_rows(y, outputs, outputs * taps, |planes, y| {
        for (plane, y) in planes.zip(y.chunks_exact_mut(outputs)) {
            let (image, channel) = (plane / channels, plane % channels);
            start_with(bias.map(|bias| &bias[channel..channel + 1]), outputs, y);
            let x = &x[(image * conv.groups + channel / conv.outer) * inputs..][..inputs];
            add(&padded, x, &w[channel * taps..][..taps], y);
        }
    });
}

/// The window whose output is the gradient of this one's input, of a kernel that is read from its last tap on.
fn mirrored(window: &Window) -> Option<Window> {
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
            start_with(bias.map(|bias| &bias[group..group + 1]), inputs, x);
            for o in 0..conv.outer {
                let at = (group * conv.outer + o) * taps..(group * conv.outer + o + 1) * taps;
                let y = &y[(plane * conv.outer + o) * outputs..][..outputs];
                match &back {
                    Some(padded) => add(padded, y, &reversed[at], x),
                    None => vectorize(Input { window: &conv.window, y, w: &w[at], x }),
                }
            }
        }
    });
}

/// [`super::weight`] of channels that each read one channel.
pub(super) fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) {
    let (taps, inputs, outputs) = (conv.window.taps(), conv.window.inputs(), conv.window.outputs());
    let channels = conv.groups * conv.outer;
    let padded = Padded::new(&conv.window);
    for_rows(w, taps, outputs * taps * conv.images, |rows, w| {
        with_room(padded.len(), |room| {
            for (channel, w) in rows.zip(w.chunks_exact_mut(taps)) {
                w.fill(T::ZERO);
                for image in 0..conv.images {
                    padded.read(&x[(image * conv.groups + channel / conv.outer) * inputs..][..inputs], room);
                    let y = &y[(image * channels + channel) * outputs..][..outputs];
                    vectorize(Weight { padded: &padded, x: room, y, w });
                }
            }
        });
    });
}
