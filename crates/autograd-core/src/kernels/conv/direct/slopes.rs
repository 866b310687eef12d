//! The gradient of the weight.

use super::layout::{Grid, TILE};
use super::{Block, CHANNELS, Conv};
use crate::kernels::conv::{Window, for_parts, with_room};
use crate::kernels::copy::gather;
use crate::kernels::nest::Nest;
use crate::kernels::real::Real;
use crate::kernels::simd::{Vectorized, from_fn, vectorize_with};
use crate::kernels::transpose::turn;
use pulp::Simd;
use smallvec::SmallVec;

/// Parts of a sum over images.
const PARTS: usize = 8;

/// Outputs that a sum in a register is of: their gradients stay in the first-level cache.
const TERMS: usize = 128;

/// [`super::super::weight`]; `false` if it is not for this chapter.
pub(in super::super) fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) -> bool {
    // Of fewer channels than lanes, the more lanes are empty the less a panel is in the way.
    let Some(blocks) = conv.blocks_of_outputs::<T>().filter(|_| conv.outer >= 2 * CHANNELS) else { return false };
    let (window, outer) = (conv.window, conv.outer);
    // What divides a prime number is too few.
    let channels = Some(conv.channels_at_once()).filter(|n| *n >= CHANNELS).unwrap_or(conv.inner);
    let (inputs, of_y) = (window.inputs(), outer * window.outputs());
    let (depth, parts, tiles) = (channels * window.taps(), conv.inner / channels, outer.div_ceil(TILE));
    // Sums lie as `[split, group, part of its channels, block of y's channels, product, channel]`.
    let (one, all, pieces) = (tiles * depth * TILE, conv.groups * parts, conv.images * blocks.len());
    let splits = (PARTS / all).clamp(1, pieces);
    with_room(one * all * splits, |sums| {
        for_parts(conv.work(), sums, one, &|i, sums, _| {
            let (split, part) = (i / all, i % all);
            sums.fill(T::ZERO);
            for piece in split * pieces / splits..(split + 1) * pieces / splits {
                let (image, block) = (piece / blocks.len(), &blocks[piece % blocks.len()]);
                let layout = conv.layout(block);
                let grid = Grid::new(block.len(), &layout);
                let places: SmallVec<[usize; 32]> = (0..window.taps()).map(|k| layout.tap(window.tap(k))).collect();
                let laid = layout.elements(channels);
                with_room(laid + grid.outputs() * TILE, |room| {
                    let (laid, turned) = room.split_at_mut(laid);
                    layout.fill(&x[(image * all + part) * channels * inputs..][..channels * inputs], laid);
                    let y = &y[(image * conv.groups + part / parts) * of_y..][..of_y];
                    let (grid, channel, taps) = (&grid, layout.channel(), &*places);
                    let sums = &mut *sums;
                    vectorize_with(Slopes { window, block, grid, depth, channel, taps, x: laid, y, turned, sums });
                });
            }
        });
        let (sums, more) = sums.split_at_mut(one * all);
        for more in more.chunks_exact(one * all) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += *more);
        }
        for (sums, w) in sums.chunks_exact(one * parts).zip(w.chunks_exact_mut(outer * parts * depth)) {
            for (tile, w) in w.chunks_mut(TILE * parts * depth).enumerate() {
                let rows = w.len() / (parts * depth);
                let nest = Nest::new(&[rows, parts, depth], [&[1, one, TILE]]);
                gather(&nest, &sums[tile * depth * TILE..], w);
            }
        }
    });
    true
}

/// Adds `Σ y[o, place] · x[tap + place]` of all places to the gradient of each weight.
struct Slopes<'a, T> {
    window: Window,
    block: &'a Block,
    grid: &'a Grid,
    /// Products of a channel of y.
    depth: usize,
    /// Elements of a channel of x.
    channel: usize,
    /// Where taps begin in it.
    taps: &'a [usize],
    x: &'a [T],
    y: &'a [T],
    /// Room for a block of channels of y, side by side.
    turned: &'a mut [T],
    sums: &'a mut [T],
}

impl<T: Real> Vectorized for Slopes<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 { self.all::<S, 8>(simd) } else { self.all::<S, 6>(simd) }
    }
}

impl<T: Real> Slopes<'_, T> {
    /// The sums of R taps are in registers at once.
    #[inline(always)]
    fn all<S: Simd, const R: usize>(self, simd: S) {
        let Slopes { window, block, grid, depth, channel, taps, x, y, turned, sums } = self;
        let ([_, height, width], run) = (window.output, grid.run);
        let (vector, outputs) = (T::count::<S>(), window.outputs());
        for (tile, sums) in sums.chunks_exact_mut(TILE * depth).enumerate() {
            let y = &y[tile * TILE * outputs..];
            let channels = (y.len() / outputs).min(TILE);
            if channels < TILE {
                turned.fill(T::ZERO);
            }
            for (d, turned) in turned.chunks_exact_mut(grid.lines * run * TILE).enumerate() {
                // Only of one line a block has a part.
                let at = ((block.0[0].start + d) * height + block.0[1].start) * width + block.0[2].start;
                turn(simd, [channels, grid.lines * run], (&y[at..], outputs), (&mut *turned, TILE));
                let x = &x[d * grid.slice..];
                for (at, len) in pieces(grid.lines, run) {
                    for start in (0..depth).step_by(R) {
                        // Of a block that is not full, the last tap is summed up several times.
                        let places: [usize; R] = from_fn(|r| {
                            let i = (start + r).min(depth - 1);
                            i / taps.len() * channel + taps[i % taps.len()]
                        });
                        let end = R.min(depth - start);
                        let piece = Piece::<T, S, R> { simd, grid, places, x, y: turned, at, len };
                        let sums = &mut sums[start * TILE..(start + end) * TILE];
                        for lane in (0..channels).step_by(2 * vector) {
                            if lane + vector < channels {
                                piece.sum::<2>(lane, sums);
                            } else {
                                piece.sum::<1>(lane, sums);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lines in pieces of about [`TERMS`] outputs: where each begins, and its length.
#[inline(always)]
fn pieces(lines: usize, run: usize) -> impl Iterator<Item = (usize, usize)> {
    let all = lines * run;
    let len = if run < TERMS { TERMS / run * run } else { TERMS };
    let per_line = run.div_ceil(len);
    let count = if run < TERMS { all.div_ceil(len) } else { lines * per_line };
    (0..count).map(move |i| {
        if run < TERMS {
            (i * len, len.min(all - i * len))
        } else {
            let at = i % per_line * len;
            (i / per_line * run + at, len.min(run - at))
        }
    })
}

/// Outputs from place `at` on: of whole lines, or of a part of one.
struct Piece<'a, T, S, const R: usize> {
    simd: S,
    grid: &'a Grid,
    places: [usize; R],
    x: &'a [T],
    y: &'a [T],
    at: usize,
    len: usize,
}

impl<T: Real, S: Simd, const R: usize> Piece<'_, T, S, R> {
    /// W vectors of channels from `lane` on.
    #[inline(always)]
    fn sum<const W: usize>(&self, lane: usize, to: &mut [T]) {
        let Piece { simd, grid, places, x, y, at, len } = *self;
        let vector = T::count::<S>();
        let mut sums = [[T::splat(simd, T::ZERO); W]; R];
        let mut place = at;
        while place < at + len {
            let (line, column) = (place / grid.run, place % grid.run);
            let count = (grid.run - column).min(at + len - place);
            let mut near: [&[T]; R] = [&[]; R];
            for r in 0..R {
                near[r] = &x[places[r] + line * grid.pitch + column..][..count];
            }
            for (i, y) in y[place * TILE..(place + count) * TILE].chunks_exact(TILE).enumerate() {
                let mut lanes = [T::splat(simd, T::ZERO); W];
                for j in 0..W {
                    lanes[j] = T::whole::<S>(&y[lane + j * vector..])[0];
                }
                for r in 0..R {
                    let x = T::splat(simd, near[r][i]);
                    for j in 0..W {
                        sums[r][j] = T::mul_add_all(simd, x, lanes[j], sums[r][j]);
                    }
                }
            }
            place += count;
        }
        for (to, sums) in to.chunks_exact_mut(TILE).zip(sums) {
            for j in 0..W {
                let to = &mut T::whole_mut::<S>(&mut to[lane + j * vector..])[0];
                *to = T::add_all(simd, *to, sums[j]);
            }
        }
    }
}
