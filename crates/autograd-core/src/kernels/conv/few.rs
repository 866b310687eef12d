//! Convolutions of few channels, with images in the lanes of vectors.
//!
//! Sixteen images lie side by side, `[channel, line, column, image]`: what a tap reads for a line of outputs is a run
//! of whole vectors, wherever it begins. Panels, which cost more than products with few rows, are not needed, and no
//! lane is empty however short lines are.

use super::depthwise::{LANES, halves, mirrored};
use super::room::with_room;
use super::window::Window;
use super::{Conv, for_parts};
use crate::kernels::real::Real;
use crate::kernels::simd::{Vectorized, from_fn, vectorize_with};
use crate::kernels::transpose::turn;
use pulp::Simd;
use std::ops::Range;

/// Fewest images: with fewer, most lanes would be empty.
const FEWEST: usize = 8;

/// Channels of a result: with fewer, most sums at once would be of none; the more there are, the less a panel costs
/// each.
const CHANNELS: std::ops::RangeInclusive<usize> = 4..=32;

/// Products after which a sum is put aside: one sum of all of them would lose more digits.
const TERMS: usize = 32;

/// Most bytes of the images that lie side by side, which should stay in the second-level cache.
const BLOCK: usize = 1 << 19;

/// Parts of a sum over images.
const PARTS: usize = 8;

impl Conv {
    /// Whether this file computes it.
    fn is_few<T>(&self) -> bool {
        let Window { input, kernel, stride, dilation, output, .. } = self.window;
        let flat = input[0] == 1 && kernel[0] == 1 && output[0] == 1 && stride == [1; 3] && dilation[2] == 1;
        let bytes = self.inner * input[1] * self.columns_inside() * LANES * size_of::<T>();
        flat && !self.is_pointwise() && self.images >= FEWEST && CHANNELS.contains(&self.outer) && bytes <= BLOCK
    }

    /// Columns that the taps of a line of outputs read, with zeros at both ends.
    fn columns_inside(&self) -> usize {
        self.window.output[2] + self.window.kernel[2] - 1
    }

    /// The convolution whose output is the gradient of this one's input.
    pub(super) fn back(&self) -> Option<Conv> {
        Some(Conv { inner: self.outer, outer: self.inner, window: mirrored(&self.window)?, ..*self })
    }
}

/// Planes `of` the images of x, side by side, with `before` zeros at the start of each line of `wide` columns.
#[inline(always)]
fn gather<T: Real, S: Simd>(
    simd: S,
    x: &[T],
    (image, images): (usize, usize),
    (of, height, width): (Range<usize>, usize, usize),
    (before, wide): (usize, usize),
    to: &mut [T],
) {
    let planes = &x[of.start * height * width..];
    if images < LANES {
        to.fill(T::ZERO);
    }
    if before == 0 && width == wide {
        // All lines are one.
        return turn(simd, [images, to.len() / LANES], (planes, image), (to, LANES));
    }
    let left = before.min(wide);
    let count = width.min(wide - left);
    for (i, line) in to.chunks_exact_mut(wide * LANES).enumerate() {
        line[..left * LANES].fill(T::ZERO);
        line[(left + count) * LANES..].fill(T::ZERO);
        turn(simd, [images, count], (&planes[i * width..], image), (&mut line[left * LANES..], LANES));
    }
}

/// The outputs of up to [`LANES`] images.
struct Output<'a, T> {
    conv: &'a Conv,
    group: usize,
    x: &'a [T],
    /// `[block, row, channel, column, outer]`: rows of up to R outer channels, see [`rows`].
    w: &'a [T],
    bias: Option<&'a [T]>,
    y: &'a mut [T],
    room: &'a mut [T],
}

/// Outer channels whose sums are in registers at once: what leaves fewest of them empty.
fn rows(outer: usize) -> usize {
    if outer.next_multiple_of(8) <= outer.next_multiple_of(6) { 8 } else { 6 }
}

impl<T: Real> Output<'_, T> {
    #[inline(always)]
    fn all<S: Simd, const R: usize>(self, simd: S) {
        let Output { conv, group, x, w, bias, y, room } = self;
        let Window { input: [_, height, width], output: [_, lines, run], before, .. } = conv.window;
        let (wide, images) = (conv.columns_inside(), y.len() / conv.output_image());
        let (inside, sums) = room.split_at_mut(conv.inner * height * wide * LANES);
        let of = group * conv.inner..(group + 1) * conv.inner;
        gather(simd, x, (conv.input_image(), images), (of, height, width), (before[2], wide), inside);
        let vector = T::count::<S>();
        for (block, w) in w.chunks_exact(conv.depth() * R).enumerate() {
            let first = block * R;
            let many = (conv.outer - first).min(R);
            let start: [T; R] = from_fn(|r| match bias {
                Some(bias) if r < many => bias[group * conv.outer + first + r],
                _ => T::ZERO,
            });
            for h in 0..lines {
                let line = Line::<T, S, R> { simd, conv, h, inside, w, wide };
                let mut at = 0;
                for (sums, start) in sums.chunks_exact_mut(run * LANES).zip(start) {
                    sums.fill(start);
                }
                // The registers hold two vectors for each row, if there are as many as that.
                while S::REGISTER_COUNT >= 32 && at + 2 * vector <= run * LANES {
                    line.sum::<2>(at, sums);
                    at += 2 * vector;
                }
                while at < run * LANES {
                    line.sum::<1>(at, sums);
                    at += vector;
                }
                for (r, sums) in sums.chunks_exact(run * LANES).take(many).enumerate() {
                    let y = &mut y[((group * conv.outer + first + r) * lines + h) * run..];
                    turn(simd, [run, images], (sums, LANES), (y, conv.output_image()));
                }
            }
        }
    }
}

impl<T: Real> Vectorized for Output<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if rows(self.conv.outer) == 8 { self.all::<S, 8>(simd) } else { self.all::<S, 6>(simd) }
    }
}

/// A line of outputs of R channels.
struct Line<'a, T, S, const R: usize> {
    simd: S,
    conv: &'a Conv,
    h: usize,
    inside: &'a [T],
    w: &'a [T],
    wide: usize,
}

impl<T: Real, S: Simd, const R: usize> Line<'_, T, S, R> {
    /// W vectors of it from `at` on.
    #[inline(always)]
    fn sum<const W: usize>(&self, at: usize, to: &mut [T]) {
        let Line { simd, conv, h, inside, w, wide } = *self;
        let Window { input: [_, height, _], kernel: [_, rows, columns], output: [_, _, run], .. } = conv.window;
        let vector = T::count::<S>();
        let many = (TERMS / columns).max(1);
        for first in (0..rows * conv.inner).step_by(many) {
            let mut sums = [[T::splat(simd, T::ZERO); W]; R];
            for i in first..(first + many).min(rows * conv.inner) {
                let Some(place) = conv.window.place(1, i / conv.inner, h) else { continue };
                let x = &inside[(i % conv.inner * height + place) * wide * LANES + at..];
                let x = &x[..(columns - 1) * LANES + W * vector];
                let w = &w[i * columns * R..][..columns * R];
                for (k, w) in w.as_chunks::<R>().0.iter().enumerate() {
                    let x = &x[k * LANES..][..W * vector];
                    let mut near = [T::splat(simd, T::ZERO); W];
                    for j in 0..W {
                        near[j] = T::whole::<S>(&x[j * vector..])[0];
                    }
                    for r in 0..R {
                        let w = T::splat(simd, w[r]);
                        for j in 0..W {
                            sums[r][j] = T::mul_add_all(simd, w, near[j], sums[r][j]);
                        }
                    }
                }
            }
            for r in 0..R {
                for j in 0..W {
                    let to = &mut T::whole_mut::<S>(&mut to[r * run * LANES + at + j * vector..])[0];
                    *to = T::add_all(simd, *to, sums[r][j]);
                }
            }
        }
    }
}

/// The output for the weights `w(o, c, k)` of a group's channels and taps.
fn convolve<T: Real>(
    conv: &Conv,
    x: &[T],
    w: impl Fn(usize, usize, usize, usize) -> T,
    bias: Option<&[T]>,
    y: &mut [T],
) {
    let (r, depth) = (rows(conv.outer), conv.depth());
    let [_, lines, columns] = conv.window.kernel;
    let one = conv.outer.next_multiple_of(r) * depth;
    with_room(one * conv.groups, |packed| {
        for (i, to) in packed.iter_mut().enumerate() {
            let (group, block, row) = (i / one, i % one / (depth * r), i / (conv.inner * columns * r) % lines);
            let (c, column, o) = (i / (columns * r) % conv.inner, i / r % columns, block * r + i % r);
            *to = if o < conv.outer { w(group, o, c, row * columns + column) } else { T::ZERO };
        }
        let packed = &*packed;
        for_parts(conv.work(), y, LANES * conv.output_image(), &|part, y, _| {
            let x = &x[part * LANES * conv.input_image()..];
            let inside = conv.inner * conv.window.input[1] * conv.columns_inside() * LANES;
            with_room(inside + r * conv.window.output[2] * LANES, |room| {
                for (group, w) in packed.chunks_exact(one).enumerate() {
                    vectorize_with(Output { conv, group, x, w, bias, y: &mut *y, room: &mut *room });
                }
            });
        });
    });
}

/// [`super::output`]; `false` if it is not for this file.
pub(super) fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) -> bool {
    let (outer, inner, taps) = (conv.outer, conv.inner, conv.window.taps());
    conv.is_few::<T>() && {
        convolve(conv, x, |group, o, c, k| w[((group * outer + o) * inner + c) * taps + k], bias, y);
        true
    }
}

/// [`super::input`]; `false` if it is not for this file.
pub(super) fn input<T: Real>(conv: &Conv, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) -> bool {
    let Some(back) = conv.back().filter(Conv::is_few::<T>) else { return false };
    let (outer, inner, taps) = (conv.outer, conv.inner, conv.window.taps());
    let weight = |group, c, o, k| w[((group * outer + o) * inner + c) * taps + taps - 1 - k];
    convolve(&back, y, weight, bias, x);
    true
}

/// Adds the products of up to [`LANES`] images to the gradient of the weight of a group.
struct Weight<'a, T> {
    conv: &'a Conv,
    group: usize,
    images: usize,
    x: &'a [T],
    y: &'a [T],
    w: &'a mut [T],
    room: &'a mut [T],
}

/// Outer channels whose sums are in registers at once.
const OUTER: usize = 4;

impl<T: Real> Weight<'_, T> {
    #[inline(always)]
    fn all<S: Simd, const K: usize>(self, simd: S) {
        let Weight { conv, group, images, x, y, w, room } = self;
        let Window { input: [_, height, width], kernel: [_, rows, columns], before, .. } = conv.window;
        let [_, lines, run] = conv.window.output;
        let (wide, vector, depth) = (conv.columns_inside(), T::count::<S>(), conv.depth());
        let (inside, right) = room.split_at_mut(conv.inner * height * wide * LANES);
        let of = group * conv.inner..(group + 1) * conv.inner;
        gather(simd, x, (conv.input_image(), images), (of, height, width), (before[2], wide), inside);
        let of = group * conv.outer..(group + 1) * conv.outer;
        let right = &mut right[..conv.outer * lines * run * LANES];
        gather(simd, y, (conv.output_image(), images), (of, lines, run), (0, run), right);
        for (first, (c, row)) in (0..conv.outer)
            .step_by(OUTER)
            .flat_map(|first| (0..conv.inner * rows).map(move |i| (first, (i / rows, i % rows))))
        {
            // A block that is not full sums up its last channel several times.
            let channels: [usize; OUTER] = from_fn(|i| (first + i).min(conv.outer - 1));
            for column in (0..columns).step_by(K) {
                let mut lanes = [[[T::ZERO; LANES]; K]; OUTER];
                for part in (0..LANES).step_by(vector) {
                    let mut sums = [[T::splat(simd, T::ZERO); K]; OUTER];
                    for h in conv.window.reach(1, row) {
                        let Some(place) = conv.window.place(1, row, h) else { continue };
                        let len = run * LANES;
                        let mut y = [&right[..0]; OUTER];
                        for (y, o) in y.iter_mut().zip(channels) {
                            *y = &right[(o * lines + h) * len..][..len];
                        }
                        let x = &inside[((c * height + place) * wide + column) * LANES..][..len + (K - 1) * LANES];
                        for at in (part..len).step_by(LANES) {
                            let mut near = [T::splat(simd, T::ZERO); K];
                            for (k, near) in near.iter_mut().enumerate() {
                                *near = T::whole::<S>(&x[at + k * LANES..])[0];
                            }
                            for (sums, y) in sums.iter_mut().zip(y) {
                                let y = T::whole::<S>(&y[at..])[0];
                                for (sum, x) in sums.iter_mut().zip(near) {
                                    *sum = T::mul_add_all(simd, x, y, *sum);
                                }
                            }
                        }
                    }
                    for (lanes, sum) in lanes.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                        T::store(simd, *sum, &mut lanes[part..part + vector]);
                    }
                }
                for (o, lanes) in (first..conv.outer).zip(&lanes) {
                    let w = &mut w[o * depth + (c * rows + row) * columns + column..][..K];
                    w.iter_mut().zip(lanes).for_each(|(w, lanes)| *w += halves(*lanes));
                }
            }
        }
    }
}

impl<T: Real> Vectorized for Weight<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.conv.window.kernel[2] {
            3 => self.all::<S, 3>(simd),
            5 => self.all::<S, 5>(simd),
            _ => self.all::<S, 1>(simd),
        }
    }
}

/// [`super::weight`]; `false` if it is not for this file.
pub(super) fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) -> bool {
    if !conv.is_few::<T>() {
        return false;
    }
    // The number of sums depends on the sizes alone.
    let blocks = conv.images.div_ceil(LANES);
    let (one, parts) = (w.len(), blocks.min(PARTS));
    let places = conv.inner * conv.window.input[1] * conv.columns_inside() + conv.outer * conv.window.outputs();
    with_room(parts * one, |sums| {
        for_parts(conv.work(), sums, one, &|part, w, _| {
            w.fill(T::ZERO);
            with_room(places * LANES, |room| {
                for block in part * blocks / parts..(part + 1) * blocks / parts {
                    let first = block * LANES;
                    let images = (conv.images - first).min(LANES);
                    let (x, y) = (&x[first * conv.input_image()..], &y[first * conv.output_image()..]);
                    for (group, w) in w.chunks_exact_mut(one / conv.groups).enumerate() {
                        vectorize_with(Weight { conv, group, images, x, y, w, room: &mut *room });
                    }
                }
            });
        });
        let (first, more) = sums.split_at(one);
        w.copy_from_slice(first);
        more.chunks_exact(one).for_each(|more| w.iter_mut().zip(more).for_each(|(w, more)| *w += *more));
    });
    true
}
