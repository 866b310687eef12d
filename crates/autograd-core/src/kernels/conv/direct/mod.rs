//! Convolutions whose taps read runs of an input that is laid out once.
//!
//! Where a stride is 2, the outputs of a line read every second column for one tap, and those between for the next. So
//! the columns of each remainder lie together, and lines and slices likewise, with the zeros around them:
//!
//! ```text
//! laid[channel, remainder, i] = x[channel, i · stride + remainder − before]
//! y[o, i] = Σ w[o, channel, k] · laid[channel, k · dilation mod stride, i + k · dilation / stride]
//! ```
//!
//! A place i counts through all lines, as they lie: what a tap reads for the outputs of many lines is one run, and what
//! it gives for the places between two lines belongs to no output. Nothing is copied once for each tap, as it is for a
//! panel ([`super::panel`]).

mod input;
mod layout;
mod output;
mod slopes;
mod sums;
#[cfg(test)]
mod tests;

use super::{Conv, for_parts, with_room};
use crate::kernels::real::Real;
use crate::kernels::short::copy_short;
use crate::kernels::simd::from_fn;
use crate::threads::parallel::threads;
use layout::{Grid, Layout};
use std::ops::Range;

pub(super) use input::input;
pub(super) use output::output;
pub(super) use slopes::weight;

/// Channels of a result from which most sums of a tile are of one.
const CHANNELS: usize = 4;

/// Outputs of a block from which it is worth it to read all weights for it.
const FEW: usize = 64;

/// Blocks of a result that threads can share, at least, if there are as many lines.
const MANY: usize = 4;

/// Slices, lines and columns of a plane.
struct Block([Range<usize>; 3]);

impl Block {
    /// The largest equal blocks whose layout fits, if there are any: of slices, else of lines of one, else of columns.
    fn all(size: [usize; 3], least: usize, fits: &dyn Fn(&Block) -> bool) -> Option<Vec<Block>> {
        let mut len = size;
        let mut found = false;
        let first = size.iter().position(|size| *size > 1).unwrap_or(0);
        for d in first..3 {
            let fitting = |count: usize| fits(&Block(from_fn(|i| 0..if i == d { count } else { len[i] })));
            let most = if d == first { size[d].div_ceil(least) } else { size[d] };
            let count = largest(most, &fitting);
            found = count > 0;
            len[d] = if found { size[d].div_ceil(size[d].div_ceil(count)) } else { 1 };
            if found {
                break;
            }
        }
        let cut = |d: usize| (0..size[d]).step_by(len[d]).map(move |start| start..size[d].min(start + len[d]));
        let lines = || cut(0).flat_map(|slices| cut(1).map(move |lines| (slices.clone(), lines)));
        let all =
            lines().flat_map(|(slices, lines)| cut(2).map(move |run| Block([slices.clone(), lines.clone(), run])));
        found.then(|| all.collect())
    }

    fn len(&self) -> [usize; 3] {
        from_fn(|d| self.0[d].len())
    }

    /// Copies the lines of a block of all planes to where they belong.
    fn put<T: Copy>(&self, [slices, lines, width]: [usize; 3], piece: &[T], to: &mut [T]) {
        let [of_slices, of_lines, columns] = &self.0;
        let mut parts = piece.chunks_exact(columns.len().max(1));
        for plane in to.chunks_exact_mut(slices * lines * width) {
            for slice in of_slices.clone() {
                for (line, part) in of_lines.clone().zip(&mut parts) {
                    copy_short(part, &mut plane[(slice * lines + line) * width + columns.start..][..columns.len()]);
                }
            }
        }
    }
}

/// The largest number that fits, of those up to `most`; 0 if none does.
fn largest(most: usize, fits: &dyn Fn(usize) -> bool) -> usize {
    let (mut fitting, mut above) = (0, most + 1);
    while above - fitting > 1 {
        let middle = fitting.midpoint(above);
        if fits(middle) { fitting = middle } else { above = middle }
    }
    fitting
}

/// A result of several planes for each image and group, that is computed block by block.
struct Parts<'a> {
    /// The sizes of a plane.
    size: [usize; 3],
    /// Planes of an image and group.
    planes: usize,
    work: usize,
    /// Blocks of its lines.
    blocks: &'a [Block],
}

impl Parts<'_> {
    /// Calls `compute(part, block, piece)` for all blocks of all images and groups, on several threads.
    fn compute<T: Real>(&self, y: &mut [T], compute: &(dyn Fn(usize, usize, &mut [T]) + Sync)) {
        let Parts { size, planes, work, blocks } = *self;
        let one = planes * size.iter().product::<usize>();
        let len = |block: &Block| planes * block.len().iter().product::<usize>();
        let (parts, piece) = (y.len() / one, blocks.iter().map(len).max().unwrap_or(0));
        if blocks.len() == 1 {
            return for_parts(work, y, one, &|part, y, _| compute(part, 0, y));
        }
        if parts >= MANY {
            return for_parts(work, y, one, &|part, y, _| {
                with_room(piece, |room| {
                    for (i, block) in blocks.iter().enumerate() {
                        let room = &mut room[..len(block)];
                        compute(part, i, room);
                        block.put(size, room, y);
                    }
                });
            });
        }
        let at_once = MANY * threads();
        for (part, y) in y.chunks_exact_mut(one).enumerate() {
            for (i, blocks) in blocks.chunks(at_once).enumerate() {
                with_room(piece * blocks.len(), |room| {
                    let share = work / parts * blocks.len() / self.blocks.len();
                    for_parts(share, room, piece, &|k, room, _| {
                        compute(part, i * at_once + k, &mut room[..len(&blocks[k])]);
                    });
                    blocks.iter().zip(room.chunks_exact(piece)).for_each(|(block, room)| block.put(size, room, y));
                });
            }
        }
    }
}

impl Conv {
    /// The layout of what a block of outputs reads.
    fn layout(&self, block: &Block) -> Layout {
        Layout::reading(&self.window, &block.0)
    }

    /// The blocks in which a result of so many lines is computed, if that is worth it; `channels` are read.
    fn blocks<T>(&self, size: [usize; 3], channels: usize, layout: &dyn Fn(&Block) -> Layout) -> Option<Vec<Block>> {
        let fits = |block: &Block| layout(block).fits::<T>(channels);
        let worth = |blocks: &Vec<Block>| {
            let (block, layout) = (&blocks[0], layout(&blocks[0]));
            let grid = Grid::new(block.len(), &layout);
            let outputs = grid.outputs();
            // Where taps are far apart, more would be laid out than a panel holds, again for each block.
            let is_near = layout.channel() <= 2 * self.window.taps() * outputs;
            is_near && grid.is_full() && (outputs >= FEW || blocks.len() == 1)
        };
        // Threads share an image where its parts are worth it.
        let least = MANY.div_ceil(self.images * self.groups);
        [least, 1].into_iter().find_map(|least| Block::all(size, least, &fits).filter(worth))
    }

    /// The blocks in which the outputs are computed, if that is worth it.
    fn blocks_of_outputs<T>(&self) -> Option<Vec<Block>> {
        if self.is_pointwise() || self.outer < CHANNELS {
            return None;
        }
        self.blocks::<T>(self.window.output, self.inner, &|block| self.layout(block))
    }
}
