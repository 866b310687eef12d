//! The layout of the elements that taps read.

use crate::kernels::conv::window::Window;
use crate::kernels::real::Real;
use crate::kernels::short::{copy_every_second, copy_short, fill_short};
use crate::kernels::simd::{Vectorized, from_fn, move_with};
use pulp::Simd;
use std::ops::Range;

/// Sums that are computed at once: places are counted in as many.
pub(super) const TILE: usize = 32;

/// Most bytes of the lines that are laid out at once, which stay in the second-level cache.
const BLOCK: usize = 1 << 19;

/// One dim of a layout: element i of remainder r is at `start + r + i · stride` of the input.
#[derive(Clone, Copy)]
struct Side {
    /// Elements of the input.
    size: usize,
    stride: usize,
    dilation: usize,
    /// Before the input, if it is below 0.
    start: isize,
    /// Elements of a remainder.
    len: usize,
    /// Remainders that taps read.
    remainders: usize,
}

impl Side {
    /// Where the elements of remainder `slot` are that are inside the input, and where in the input the first one is.
    fn inside(&self, slot: usize) -> (Range<usize>, usize) {
        let start = self.start + (slot * self.dilation % self.stride) as isize;
        let first = (-start).max(0).cast_unsigned().div_ceil(self.stride);
        let end = (self.size as isize - start).max(0).cast_unsigned().div_ceil(self.stride).min(self.len);
        let first = first.min(end);
        (first..end, (start + (first * self.stride) as isize).max(0).cast_unsigned())
    }
}

/// The part of an input that a block of outputs reads, as `[channel, remainders, elements]`, both of three dims.
#[derive(Clone, Copy)]
pub(super) struct Layout([Side; 3]);

impl Layout {
    /// That of what some outputs of a window read.
    pub(super) fn reading(window: &Window, outputs: &[Range<usize>; 3]) -> Layout {
        Layout(from_fn(|d| {
            let (stride, dilation, kernel) = (window.stride[d], window.dilation[d], window.kernel[d]);
            Side {
                size: window.input[d],
                stride,
                dilation,
                start: (outputs[d].start * stride) as isize - window.before[d] as isize,
                len: outputs[d].len() + (kernel - 1) * dilation / stride,
                remainders: kernel.min(stride / common(stride, dilation)),
            }
        }))
    }

    /// That of neighbours, of which the first are `start` before each dim.
    pub(super) fn of(size: [usize; 3], start: [isize; 3], len: [usize; 3]) -> Layout {
        Layout(from_fn(|d| Side { size: size[d], stride: 1, dilation: 1, start: start[d], len: len[d], remainders: 1 }))
    }

    /// The place of a tap's first element in a channel.
    pub(super) fn tap(&self, k: [usize; 3]) -> usize {
        let slot = (0..3).fold(0, |slot, d| slot * self.0[d].remainders + k[d] % self.0[d].remainders);
        let shift = (0..3).fold(0, |at, d| at * self.0[d].len + k[d] * self.0[d].dilation / self.0[d].stride);
        slot * self.len() + shift
    }

    /// Elements of one remainder.
    fn len(&self) -> usize {
        self.0.iter().map(|side| side.len).product()
    }

    /// Elements of a channel.
    pub(super) fn channel(&self) -> usize {
        self.0.iter().map(|side| side.len * side.remainders).product()
    }

    /// Elements of some channels, and of what a tile at the end reads behind them.
    pub(super) fn elements(&self, channels: usize) -> usize {
        (channels * self.channel() + TILE).next_multiple_of(TILE)
    }

    /// Whether so many channels stay in the cache.
    pub(super) fn fits<T>(&self, channels: usize) -> bool {
        let sizes = self.0.iter().flat_map(|side| [side.len, side.remainders]);
        let all = sizes.chain([channels, size_of::<T>()]).try_fold(1usize, usize::checked_mul);
        all.is_some_and(|bytes| bytes <= BLOCK)
    }

    /// Lays out the planes of x, and zeros behind them.
    pub(super) fn fill<T: Real>(&self, x: &[T], to: &mut [T]) {
        move_with(Fill { sides: self.0, x, to });
    }
}

/// The greatest common divisor.
fn common(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common(b, a % b) }
}

struct Fill<'a, T> {
    sides: [Side; 3],
    x: &'a [T],
    to: &'a mut [T],
}

impl<T: Real> Vectorized for Fill<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Fill { sides: [slices, lines, columns], x, to } = self;
        let width = columns.len;
        let mut at = 0;
        for plane in x.chunks_exact(slices.size * lines.size * columns.size) {
            for slot in 0..slices.remainders * lines.remainders * columns.remainders {
                let (of, column) = (slot / columns.remainders, slot % columns.remainders);
                let (slices_inside, slice) = slices.inside(of / lines.remainders);
                let (lines_inside, line) = lines.inside(of % lines.remainders);
                let (inside, first) = columns.inside(column);
                for d in 0..slices.len {
                    let to = &mut to[at..at + lines.len * width];
                    at += to.len();
                    if inside.is_empty() || lines_inside.is_empty() || !slices_inside.contains(&d) {
                        to.fill(T::ZERO);
                        continue;
                    }
                    to[..lines_inside.start * width].fill(T::ZERO);
                    to[lines_inside.end * width..].fill(T::ZERO);
                    let d = slice + (d - slices_inside.start) * slices.stride;
                    let from = &plane[(d * lines.size + line) * columns.size + first..];
                    for (h, i) in lines_inside.clone().enumerate() {
                        let (from, to) = (&from[h * lines.stride * columns.size..], &mut to[i * width..][..width]);
                        fill_short(T::ZERO, &mut to[..inside.start]);
                        fill_short(T::ZERO, &mut to[inside.end..]);
                        let to = &mut to[inside.start..inside.end];
                        match columns.stride {
                            1 => copy_short(&from[..to.len()], to),
                            2 => copy_every_second(from, to),
                            stride => to.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, x)| *to = *x),
                        }
                    }
                }
            }
        }
        to[at..].fill(T::ZERO);
    }
}

/// The outputs of a block as places of its layout: in runs, of one line each, or of a slice with what is between its
/// lines.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub(super) slices: usize,
    pub(super) lines: usize,
    pub(super) run: usize,
    /// Places from a line to the next one.
    pub(super) pitch: usize,
    /// Places from a slice to the next one.
    pub(super) slice: usize,
    by_line: bool,
}

impl Grid {
    pub(super) fn new([slices, lines, run]: [usize; 3], layout: &Layout) -> Grid {
        let (pitch, slice) = (layout.0[2].len, layout.0[1].len * layout.0[2].len);
        let by_line = lines * run.next_multiple_of(TILE) <= ((lines - 1) * pitch + run).next_multiple_of(TILE);
        Grid { slices, lines, run, pitch, slice, by_line }
    }

    /// Places of a run.
    pub(super) fn run_len(&self) -> usize {
        if self.by_line { self.run } else { self.flat() }
    }

    /// Places from the first output of a slice to its last one.
    pub(super) fn flat(&self) -> usize {
        (self.lines - 1) * self.pitch + self.run
    }

    /// The first places of all runs.
    #[inline(always)]
    pub(super) fn runs(&self) -> impl Iterator<Item = usize> {
        let (lines, Grid { pitch, slice, .. }) = (if self.by_line { self.lines } else { 1 }, *self);
        (0..self.slices * lines).map(move |i| i / lines * slice + i % lines * pitch)
    }

    /// A run in whole tiles.
    pub(super) fn run_room(&self) -> usize {
        self.run_len().next_multiple_of(TILE)
    }

    /// Elements of the sums of one channel.
    pub(super) fn room(&self) -> usize {
        self.slices * if self.by_line { self.lines } else { 1 } * self.run_room()
    }

    /// Outputs of a channel.
    pub(super) fn outputs(&self) -> usize {
        self.slices * self.lines * self.run
    }

    /// Where the sums of a line begin.
    pub(super) fn line(&self, slice: usize, line: usize) -> usize {
        if self.by_line {
            (slice * self.lines + line) * self.run_room()
        } else {
            slice * self.run_room() + line * self.pitch
        }
    }

    /// Whether nearly all sums are of an output.
    pub(super) fn is_full(&self) -> bool {
        self.outputs() * 10 >= self.room() * 7
    }
}
