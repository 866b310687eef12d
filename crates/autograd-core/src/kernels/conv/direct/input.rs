//! The gradient of the input: for each remainder that places leave when they are divided by the stride, a convolution
//! of the gradient of the output with the taps that meet there.

use super::layout::{Grid, Layout};
use super::sums::{Sums, abreast, pack, packed};
use super::{Block, CHANNELS, Conv, Parts};
use crate::kernels::conv::{Window, start_with, with_room};
use crate::kernels::real::Real;
use crate::kernels::simd::from_fn;
use smallvec::SmallVec;
use std::ops::Range;

/// Places divided by the stride, `(place + before) / stride`, whatever remains.
struct Quotients<'a> {
    window: &'a Window,
    /// The first one of each dim.
    first: [usize; 3],
    /// How many there are.
    count: [usize; 3],
    /// The distance of the outputs of the first and the last tap.
    reach: [usize; 3],
}

/// The taps of a remainder.
struct Taps {
    remainder: [usize; 3],
    taps: SmallVec<[usize; 32]>,
}

impl<'a> Quotients<'a> {
    fn of(window: &'a Window) -> Quotients<'a> {
        let Window { input, kernel, stride, dilation, before, .. } = *window;
        let first = from_fn(|d| before[d] / stride[d]);
        let count = from_fn(|d| (input[d] - 1 + before[d]) / stride[d] + 1 - first[d]);
        Quotients { window, first, count, reach: from_fn(|d| (kernel[d] - 1) * dilation[d] / stride[d]) }
    }

    /// The layout of the outputs that a block reads: that of tap k is `k · dilation / stride` before the quotient.
    fn layout(&self, block: &Block) -> Layout {
        let len = block.len();
        let first = from_fn(|d| (self.first[d] + block.0[d].start) as isize - self.reach[d] as isize);
        Layout::of(self.window.output, first, from_fn(|d| len[d] + self.reach[d]))
    }

    /// The remainders that have taps, with these.
    fn remainders(&self) -> Vec<Taps> {
        let Window { stride, dilation, .. } = *self.window;
        let remainder = |k: usize| -> [usize; 3] {
            let tap = self.window.tap(k);
            from_fn(|d| tap[d] * dilation[d] % stride[d])
        };
        let mut taps: Vec<usize> = (0..self.window.taps()).collect();
        taps.sort_by_key(|k| remainder(*k));
        let same = taps.chunk_by(|a, b| remainder(*a) == remainder(*b));
        same.map(|taps| Taps { remainder: remainder(taps[0]), taps: SmallVec::from_slice(taps) }).collect()
    }

    /// Where a tap begins in a channel of the layout: the first one reads the last output.
    fn tap(&self, layout: &Layout, k: usize) -> usize {
        let (tap, Window { stride, dilation, .. }) = (self.window.tap(k), *self.window);
        layout.tap(from_fn(|d| self.reach[d] - tap[d] * dilation[d] / stride[d]))
    }

    /// The place of a quotient and a remainder, if it is inside.
    fn place(&self, d: usize, i: usize, remainder: usize) -> Option<usize> {
        let at = (self.first[d] + i) * self.window.stride[d] + remainder;
        at.checked_sub(self.window.before[d]).filter(|at| *at < self.window.input[d])
    }

    /// The places of some quotients.
    fn places(&self, d: usize, quotients: &Range<usize>) -> Range<usize> {
        let at = |i: usize| ((self.first[d] + i) * self.window.stride[d]).saturating_sub(self.window.before[d]);
        at(quotients.start)..at(quotients.end).min(self.window.input[d])
    }

    /// Adds the sums of a channel to the places of a remainder in a block, which has the places `of`.
    fn put<T: Real>(&self, block: &Block, of: &Block, remainder: [usize; 3], grid: &Grid, c: &[T], x: &mut [T]) {
        let place = |d: usize, i: usize| Some(self.place(d, block.0[d].start + i, remainder[d])? - of.0[d].start);
        let inside = |i: &usize| place(2, *i).is_some();
        let (Some(first), Some(last)) = ((0..grid.run).find(inside), (0..grid.run).rev().find(inside)) else { return };
        let (start, stride) = (place(2, first).expect("it is inside"), self.window.stride[2]);
        for line in 0..grid.slices * grid.lines {
            let (d, h) = (line / grid.lines, line % grid.lines);
            let (Some(d_at), Some(h_at)) = (place(0, d), place(1, h)) else { continue };
            let at = (d_at * of.0[1].len() + h_at) * of.0[2].len() + start;
            let (c, x) = (&c[grid.line(d, h)..][first..=last], &mut x[at..]);
            if stride == 1 {
                x.iter_mut().zip(c).for_each(|(x, c)| *x += *c);
            } else {
                x.iter_mut().step_by(stride).zip(c).for_each(|(x, c)| *x += *c);
            }
        }
    }
}

/// [`super::super::input`]; `false` if it is not for this chapter.
pub(in super::super) fn input<T: Real>(conv: &Conv, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) -> bool {
    let (window, quotients) = (&conv.window, Quotients::of(&conv.window));
    if conv.is_pointwise() || conv.inner < CHANNELS {
        return false;
    }
    let layout = |block: &Block| quotients.layout(block);
    let Some(blocks) = conv.blocks::<T>(quotients.count, conv.outer, &layout) else { return false };
    let of: Vec<Block> = blocks.iter().map(|block| Block(from_fn(|d| quotients.places(d, &block.0[d])))).collect();
    let (inner, outer, all_taps, remainders) = (conv.inner, conv.outer, window.taps(), quotients.remainders());
    let (many, part_of_y) = (abreast(inner), outer * window.outputs());
    let one = packed(inner, outer * all_taps);
    with_room(one * conv.groups, |all| {
        for (group, mut to) in all.chunks_exact_mut(one).enumerate() {
            for Taps { taps, .. } in &remainders {
                let depth = outer * taps.len();
                let (now, rest) = to.split_at_mut(packed(inner, depth));
                let at = |c: usize, i: usize| {
                    let (o, k) = (group * outer + i / taps.len(), taps[i % taps.len()]);
                    (o * inner + c) * all_taps + k
                };
                pack(inner, depth, w, at, now);
                to = rest;
            }
        }
        let all = &*all;
        let parts = Parts { size: window.input, planes: inner, work: conv.work(), blocks: &of };
        parts.compute(x, &|part, i, x| {
            let (block, of, group) = (&blocks[i], &of[i], part % conv.groups);
            let layout = layout(block);
            let grid = Grid::new(block.len(), &layout);
            let plane = of.len().iter().product::<usize>();
            start_with(bias.map(|bias| &bias[group * inner..][..inner]), plane, x);
            let laid = layout.elements(outer);
            with_room(laid + many * grid.room(), |room| {
                let (laid, c) = room.split_at_mut(laid);
                layout.fill(&y[part * part_of_y..][..part_of_y], laid);
                let mut w = &all[group * one..][..one];
                for Taps { remainder, taps } in &remainders {
                    let depth = outer * taps.len();
                    let (now, rest) = w.split_at(packed(inner, depth));
                    w = rest;
                    let taps: SmallVec<[usize; 32]> = taps.iter().map(|k| quotients.tap(&layout, *k)).collect();
                    for (a, x) in now.chunks_exact(many * depth).zip(x.chunks_mut(many * plane)) {
                        let (channel, taps) = (layout.channel(), &*taps);
                        Sums { grid: &grid, a, channel, taps, b: laid, c: &mut *c }.compute(inner);
                        for (x, c) in x.chunks_exact_mut(plane).zip(c.chunks_exact(grid.room())) {
                            quotients.put(block, of, *remainder, &grid, c, x);
                        }
                    }
                }
            });
        });
    });
    true
}
