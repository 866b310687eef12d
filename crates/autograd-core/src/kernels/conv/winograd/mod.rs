//! Convolutions with kernels of 3 × 3 by Winograd's F(2 × 2, 3 × 3).
//!
//! A tile of 2 × 2 outputs reads 4 × 4 inputs d. With the matrices of [`transform`],
//!
//! ```text
//! y  = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A      16 products where the definition has 36
//! gw = Gᵀ [(Bᵀ d B) ⊙ (A gy Aᵀ)] G     its adjoint
//! ```
//!
//! summed over channels, or over tiles and samples: for each of the 16 places, a product of matrices. Tiles are
//! transformed in blocks that stay in the cache.
//!
//! In F32 the errors stay within four times those of the direct kernels for numbers of like size; for others they are
//! in the measure of the largest of a tile, weights of 0 included, whose parts cancel up to rounding. So kernels that
//! are masked are left to the definition ([`Weights::are_masked`]). An infinity or NaN reaches all outputs of its tiles
//! here, and numbers near the largest overflow: a result that is not finite is given up, for the definition to say
//! which of its elements are.
//!
//! Method: Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, arXiv:1509.09308.

#[cfg(test)]
mod tests;
mod transform;
mod weights;

use super::room::with_room;
use super::{Conv, Window, for_parts};
use crate::kernels::gemm::{Matrix, Packed, gemm, gemm_add};
use crate::kernels::real::Real;
use crate::kernels::simd::from_fn;
use crate::kernels::simd::vectorize;
use crate::threads::parallel::{share, worth_sharing_products};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use transform::{FromTiles, Place, Planes, all_finite, to_tiles};
use weights::{TAPS, Weights, gradient, gradient_of_rows};

/// Places of a transformed tile.
const PLACES: usize = 16;

/// Multiply-adds that take as long as the transformation of a kernel, which also goes through memory.
const KERNEL: usize = 900;

/// Multiply-adds that take as long as the transformation of a tile.
const TILE: usize = 140;

/// Bytes of the transformed tiles of a block, about the second-level cache.
const BLOCK: usize = 1 << 20;

/// Bytes of those of a block whose sums over tiles are added up: each block costs a pass over the sums.
const LONG: usize = 1 << 21;

/// Bytes of the transformed weights that are multiplied with all tiles of a block before the next: most of the
/// second-level cache.
const NEAR: usize = 3 << 18;

/// Rows of a tile of a product, of which there should be whole ones.
const WHOLE: usize = 12;

/// Fewest tiles of a block, unless there are not that many: their product should be wide.
const LEAST: usize = 64;

/// Bytes of all transformed weights whose sums are made in several parts.
const SUMS: usize = 1 << 21;

/// Parts of a sum over samples.
const PARTS: usize = 8;

impl Conv {
    /// Whether this file computes it: where transforms cost less than the products they save.
    pub(super) fn is_winograd<T>(&self) -> bool {
        let Window { kernel, stride, dilation, input, output, .. } = self.window;
        let fits = kernel == [1, 3, 3] && stride == [1; 3] && dilation == [1; 3] && input[0] == 1 && output[0] == 1;
        // In F64 the errors would be larger than those of the definition, which is what it is for.
        if !fits || size_of::<T>() != 4 {
            return false;
        }
        let [rows, width] = self.tiles();
        let (kernels, tiles) = (self.inner * self.outer, self.images * rows * width);
        let transforms = KERNEL * kernels + TILE * tiles * (self.inner + self.outer);
        PLACES * tiles * kernels + transforms < self.work() / self.groups
    }

    /// Rows and columns of tiles in a plane of outputs.
    fn tiles(&self) -> [usize; 2] {
        [self.window.output[1].div_ceil(2), self.window.output[2].div_ceil(2)]
    }

    /// Rows of tiles of a block of so many bytes.
    fn rows_of_block<T>(&self, bytes: usize) -> usize {
        let fits = bytes / (PLACES * size_of::<T>() * (self.inner + self.outer));
        fits.max(LEAST).div_ceil(self.tiles()[1])
    }

    /// Rows of weights that are transformed together.
    fn step<T>(&self) -> usize {
        let fits = NEAR / (PLACES * size_of::<T>() * self.inner.max(1));
        (fits / WHOLE * WHOLE).clamp(WHOLE, self.outer.max(WHOLE))
    }

    /// The convolution whose output is the gradient of this one's input, unless this one leaves out elements.
    fn mirrored(&self) -> Option<Conv> {
        let Window { kernel, input, output, before, stride, dilation } = self.window;
        if stride != [1; 3] || dilation != [1; 3] {
            return None;
        }
        let before = [0, 2usize.checked_sub(before[1])?, 2usize.checked_sub(before[2])?];
        let window = Window { input: output, output: input, before, kernel, stride: [1; 3], dilation: [1; 3] };
        Some(Conv { inner: self.outer, outer: self.inner, window, ..*self })
    }
}

/// [`super::output`]; `false` if it is not for this file, or not finite.
pub(super) fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) -> bool {
    let weights = Weights { w, rows: conv.outer, columns: conv.inner, mirrored: false };
    conv.is_winograd::<T>() && !weights.are_masked() && convolve(conv, x, weights, bias, y)
}

/// [`super::input`]; `false` if it is not for this file, or not finite.
pub(super) fn input<T: Real>(conv: &Conv, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) -> bool {
    let Some(mirrored) = conv.mirrored().filter(Conv::is_winograd::<T>) else { return false };
    let weights = Weights { w, rows: conv.inner, columns: conv.outer, mirrored: true };
    !weights.are_masked() && convolve(&mirrored, y, weights, bias, x)
}

/// The transformed weights of a group.
#[derive(Clone, Copy)]
enum Source<'a, T> {
    /// Those that [`Weights::all_transformed`] has written.
    Ready(&'a [T]),
    /// Those of the group of this number, not transformed yet.
    Open(&'a Weights<'a, T>, usize),
}

/// The output for `weights`, which has a row for each channel of y in a group and a column for each of x; whether it is
/// finite.
fn convolve<T: Real>(conv: &Conv, x: &[T], weights: Weights<'_, T>, bias: Option<&[T]>, y: &mut [T]) -> bool {
    let finite = AtomicBool::new(true);
    let [rows, width] = conv.tiles();
    let (most, many) = (conv.rows_of_block::<T>(BLOCK), LEAST.div_ceil(rows * width).clamp(1, conv.images));
    // Weights that are multiplied once are transformed then, and never go through memory.
    let once = many == conv.images && many * rows <= most;
    let size = PLACES * conv.outer * conv.inner;
    with_room(if once { 0 } else { conv.groups * size }, |u| {
        if !once {
            weights.all_transformed(conv.groups, conv.step::<T>(), u);
        }
        for_parts(conv.work(), y, many * conv.output_image(), &|part, y, threads| {
            let images = y.len() / conv.output_image();
            let x = &x[part * many * conv.input_image()..];
            for group in 0..conv.groups {
                let u = if once { Source::Open(&weights, group) } else { Source::Ready(&u[group * size..][..size]) };
                blocks(images * rows, most, |block| {
                    let bias = bias.map(|bias| &bias[group * conv.outer..][..conv.outer]);
                    if !convolve_block(conv, group, block, (x, u, bias), y, threads) {
                        finite.store(false, Ordering::Relaxed);
                    }
                });
            }
        });
    });
    finite.into_inner()
}

/// Consecutive ranges of `all`, of nearly the same length, at most `most` long.
fn blocks(all: usize, most: usize, mut block: impl FnMut(Range<usize>)) {
    let count = all.div_ceil(most);
    for i in 0..count {
        block(i * all / count..(i + 1) * all / count);
    }
}

/// The outputs of some rows of tiles; whether they are finite.
fn convolve_block<T: Real>(
    conv: &Conv,
    group: usize,
    rows: Range<usize>,
    (x, u, bias): (&[T], Source<'_, T>, Option<&[T]>),
    y: &mut [T],
    threads: usize,
) -> bool {
    let (inner, outer, step) = (conv.inner, conv.outer, conv.step::<T>());
    let tiles = rows.len() * conv.tiles()[1];
    with_room(PLACES * (inner + outer) * tiles, |room| {
        let (v, m) = room.split_at_mut(PLACES * inner * tiles);
        let channels = group * inner..(group + 1) * inner;
        to_tiles(threads, (Planes::inputs(conv), Place::Input), channels, rows.clone(), x, v);
        let multiply = |u: &[T], place: usize, m: &mut [T], threads: usize| {
            let u = Matrix { data: u, row: inner, column: 1 };
            let v = Matrix { data: &v[place * inner * tiles..], row: tiles, column: 1 };
            gemm(threads, (m.len() / tiles, inner, tiles), u, v, None, m);
        };
        // Some rows of these channels to y, which begins at this image.
        let back = |channels: Range<usize>, tiles: &[T], part: Range<usize>, image: usize, y: &mut [T]| {
            let bias = bias.map(|bias| &bias[channels.clone()]);
            let channels = group * outer + channels.start..group * outer + channels.end;
            let (planes, rows) = (Planes::outputs(conv), rows.clone());
            vectorize(FromTiles { planes, channels, rows, part, tiles, bias, image, y })
        };
        match u {
            Source::Ready(u) => {
                for (place, m) in m.chunks_exact_mut(outer * tiles).enumerate() {
                    for (u, m) in u.chunks(PLACES * step * inner).zip(m.chunks_mut(step * tiles)) {
                        let rows = m.len() / tiles;
                        multiply(&u[place * rows * inner..], place, m, threads);
                    }
                }
                back(0..outer, m, rows.clone(), 0, y)
            }
            Source::Open(weights, group) => {
                let piece = PLACES * step * tiles;
                let channels = |i: usize, m: &[T]| i * step..i * step + m.len() / (PLACES * tiles);
                let product = |i: usize, m: &mut [T], threads: usize| {
                    let channels = channels(i, m);
                    with_room(PLACES * channels.len() * inner, |u| {
                        weights.transformed(group, channels.clone(), u);
                        for (place, m) in m.chunks_exact_mut(channels.len() * tiles).enumerate() {
                            multiply(&u[place * channels.len() * inner..], place, m, threads);
                        }
                    });
                };
                if threads > 1 && m.len() > piece && worth_sharing_products(conv.work()) {
                    share(m, piece, &|i, m| product(i, m, 1));
                    // These are the rows of all images.
                    let (height, finite) = (conv.tiles()[0], AtomicBool::new(true));
                    share(y, conv.output_image(), &|image, y| {
                        let part = image * height..(image + 1) * height;
                        for (i, m) in m.chunks(piece).enumerate() {
                            if !back(channels(i, m), m, part.clone(), image, y) {
                                finite.store(false, Ordering::Relaxed);
                            }
                        }
                    });
                    return finite.into_inner();
                }
                m.chunks_mut(piece).enumerate().fold(true, |finite, (i, m)| {
                    product(i, m, threads);
                    finite & back(channels(i, m), m, rows.clone(), 0, y)
                })
            }
        }
    })
}

/// [`super::weight`]; `false` if it is not for this file, or not finite.
pub(super) fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) -> bool {
    if !conv.is_winograd::<T>() {
        return false;
    }
    let one = PLACES * conv.outer * conv.inner;
    // The number of sums depends on the sizes alone.
    let splits = (SUMS / (one * conv.groups * size_of::<T>())).clamp(1, PARTS).min(conv.images);
    if splits == 1 && conv.images * conv.tiles()[0] <= conv.rows_of_block::<T>(LONG) {
        (0..conv.groups).for_each(|group| weight_by_rows(conv, group, x, y, w));
        return all_finite(w);
    }
    with_room(splits * conv.groups * one, |sums| {
        for_parts(conv.work(), sums, one, &|part, sums, threads| {
            let (split, group) = (part / conv.groups, part % conv.groups);
            let images = split * conv.images / splits..(split + 1) * conv.images / splits;
            sum(conv, group, images, x, y, sums, threads);
        });
        gradient(conv, splits, sums, w);
    });
    all_finite(w)
}

/// The gradient of a group's weights, of which the sums of some rows are made and transformed while they are in the
/// cache.
fn weight_by_rows<T: Real>(conv: &Conv, group: usize, x: &[T], y: &[T], w: &mut [T]) {
    let (inner, outer, step) = (conv.inner, conv.outer, conv.step::<T>());
    let [rows, width] = conv.tiles();
    let (rows, tiles) = (0..conv.images * rows, conv.images * rows * width);
    let panel = Packed::<T>::room(tiles, inner);
    with_room(PLACES * ((inner + outer) * tiles + panel), |room| {
        let (v, rest) = room.split_at_mut(PLACES * inner * tiles);
        let (z, panels) = rest.split_at_mut(PLACES * outer * tiles);
        both_to_tiles(conv, group, usize::MAX, rows, (x, y), (v, z));
        let v = |place: usize| Matrix { data: &v[place * inner * tiles..], row: 1, column: tiles };
        for_parts(conv.work(), panels, panel.max(1), &|place, room, _| Packed::pack((tiles, inner), v(place), room));
        let packed: [Packed<'_, T>; PLACES] =
            from_fn(|place| Packed::of((tiles, inner), v(place), &panels[place * panel..][..panel]));
        let product = |i: usize, w: &mut [T]| {
            let many = w.len() / (inner * TAPS);
            with_room(PLACES * many * inner, |sums| {
                sums.fill(T::ZERO);
                for ((place, sum), packed) in sums.chunks_exact_mut(many * inner).enumerate().zip(&packed) {
                    packed.add(&z[(place * outer + i * step) * tiles..][..many * tiles], sum);
                }
                gradient_of_rows(sums, w);
            });
        };
        let w = &mut w[group * outer * inner * TAPS..][..outer * inner * TAPS];
        let piece = step * inner * TAPS;
        if worth_sharing_products(conv.work()) {
            share(w, piece, &product);
        } else {
            w.chunks_mut(piece).enumerate().for_each(|(i, w)| product(i, w));
        }
    });
}

/// The transformed tiles of some rows of x and of y.
fn both_to_tiles<T: Real>(
    conv: &Conv,
    group: usize,
    threads: usize,
    rows: Range<usize>,
    (x, y): (&[T], &[T]),
    (v, z): (&mut [T], &mut [T]),
) {
    let channels = |count: usize| group * count..(group + 1) * count;
    to_tiles(threads, (Planes::inputs(conv), Place::Input), channels(conv.inner), rows.clone(), x, v);
    to_tiles(threads, (Planes::outputs(conv), Place::Output), channels(conv.outer), rows, y, z);
}

/// `sums[place, o, c] = Σ` of the products of transformed tiles of some images.
fn sum<T: Real>(conv: &Conv, group: usize, images: Range<usize>, x: &[T], y: &[T], sums: &mut [T], threads: usize) {
    let (inner, outer) = (conv.inner, conv.outer);
    let [rows, width] = conv.tiles();
    let x = &x[images.start * conv.input_image()..];
    let y = &y[images.start * conv.output_image()..];
    let mut first = true;
    blocks(images.len() * rows, conv.rows_of_block::<T>(LONG), |rows| {
        let tiles = rows.len() * width;
        with_room(PLACES * (inner + outer) * tiles, |room| {
            let (v, z) = room.split_at_mut(PLACES * inner * tiles);
            both_to_tiles(conv, group, threads, rows, (x, y), (v, z));
            let product = |place: usize, sum: &mut [T], threads: usize| {
                let z = Matrix { data: &z[place * outer * tiles..], row: tiles, column: 1 };
                let v = Matrix { data: &v[place * inner * tiles..], row: 1, column: tiles };
                let size = (outer, tiles, inner);
                if first { gemm(threads, size, z, v, None, sum) } else { gemm_add(threads, size, z, v, sum) }
            };
            // A part of several is not cut again: its products may use the threads that are left.
            if threads == usize::MAX {
                for_parts(conv.work(), sums, outer * inner, &product);
            } else {
                let sums = sums.chunks_exact_mut(outer * inner).enumerate();
                sums.for_each(|(place, sum)| product(place, sum, threads));
            }
            first = false;
        });
    });
}
