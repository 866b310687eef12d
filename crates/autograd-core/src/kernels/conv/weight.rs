//! The gradient of a convolution's weight.

use super::panel::Tile;
use super::room::with_room;
use super::{Conv, depthwise, direct, few, for_parts, tiles, winograd};
use crate::kernels::copy::gather;
use crate::kernels::gemm::gemm;
use crate::kernels::nest::Nest;
use crate::kernels::real::Real;

/// Rows of a panel, at most, unless a channel has more taps.
const ROWS: usize = 1024;

/// Parts that are worth it to share work: with fewer, images are summed up in several parts, too.
const PARTS: usize = 8;

/// Multiply-adds of work that is worth several sums.
const WORK: usize = 1 << 22;

/// The parts of a weight that are computed by themselves.
struct Parts {
    /// Channels of a part, which divide those of a group.
    channels: usize,
    /// Parts of the images.
    splits: usize,
    /// Whether their products are computed the other way round, with channels of y in the columns: then it is these
    /// that are packed, and not the panel, which is larger.
    turned: bool,
}

impl Conv {
    /// Channels of x, which divide those of a group, whose part of the weight is computed by itself.
    pub(super) fn channels_at_once(&self) -> usize {
        let most = (ROWS / self.window.taps()).clamp(1, self.inner);
        (1..=most).rev().find(|n| self.inner.is_multiple_of(*n)).unwrap_or(1)
    }
}

/// Up to so many channels of y the panel is multiplied as it stands.
const FEW: usize = 32;

impl Parts {
    /// Depends on the sizes alone.
    fn of(conv: &Conv) -> Parts {
        let channels = conv.channels_at_once();
        let blocks = conv.groups * (conv.inner / channels);
        let splits = if conv.work() < WORK { 1 } else { (PARTS / blocks).clamp(1, conv.images) };
        let turned = !conv.is_pointwise() && conv.outer > FEW && conv.outer < channels * conv.window.taps();
        Parts { channels, splits, turned }
    }
}

/// `w[o, c, k] = Σ y[n, o, p] x[n, c, place(p, k)]` over all n and p.
pub fn weight<T: Real>(conv: &Conv, x: &[T], y: &[T], w: &mut [T]) {
    if w.is_empty() {
        return;
    }
    if x.is_empty() || y.is_empty() {
        return w.fill(T::ZERO);
    }
    if conv.is_depthwise() {
        return depthwise::weight(conv, x, y, w);
    }
    if winograd::weight(conv, x, y, w) || few::weight(conv, x, y, w) || direct::weight(conv, x, y, w) {
        return;
    }
    let parts = Parts::of(conv);
    if parts.channels == conv.inner && parts.splits == 1 && !parts.turned {
        return sums(conv, &parts, x, y, w);
    }
    let (rows, depth, outer) = (parts.channels * conv.window.taps(), conv.depth(), conv.outer);
    let one = w.len();
    with_room(one * parts.splits, |all| {
        sums(conv, &parts, x, y, all);
        if parts.turned {
            let (all, more) = all.split_at_mut(one);
            more.chunks_exact(one).for_each(|more| all.iter_mut().zip(more).for_each(|(w, more)| *w += *more));
            // `[group, block, row, o]` to `[group, o, block, row]`
            let nest = Nest::new(&[conv.groups, outer, depth], [&[depth * outer, 1, outer]]);
            return gather(&nest, all, w);
        }
        // `[split, group, block, o, row]` to `[group, o, block, row]`
        let blocks = depth / rows;
        for (line, w) in w.chunks_exact_mut(rows).enumerate() {
            let (block, o, group) = (line % blocks, line / blocks % outer, line / blocks / outer);
            let at = ((group * blocks + block) * outer + o) * rows;
            w.copy_from_slice(&all[at..at + rows]);
            for split in 1..parts.splits {
                let more = &all[split * one + at..][..rows];
                w.iter_mut().zip(more).for_each(|(w, more)| *w += *more);
            }
        }
    });
}

/// All parts, one after the other: `[split, group, block, outer, rows]`, or rows before outer.
fn sums<T: Real>(conv: &Conv, parts: &Parts, x: &[T], y: &[T], all: &mut [T]) {
    let rows = parts.channels * conv.window.taps();
    let blocks = conv.inner / parts.channels;
    for_parts(conv.work(), all, conv.outer * rows, &|part, c, threads| {
        let (block, group, split) = (part % blocks, part / blocks % conv.groups, part / blocks / conv.groups);
        let images = split * conv.images / parts.splits..(split + 1) * conv.images / parts.splits;
        let x = &x[images.start * conv.input_image()..];
        let y = &y[images.start * conv.output_image()..];
        let first = group * conv.inner + block * parts.channels;
        let mut empty = true;
        tiles(images.len(), conv.window.outputs(), conv.tile::<T>(rows), |columns| {
            let of = group * conv.outer..(group + 1) * conv.outer;
            let left = Tile { planes: conv.groups * conv.outer, of, columns: columns.clone() };
            let right = Tile { planes: conv.groups * conv.inner, of: first..first + parts.channels, columns };
            let len = left.columns.len();
            with_room((conv.outer + rows) * len, |room| {
                let (left_room, right_room) = room.split_at_mut(conv.outer * len);
                let left = conv.columns(&left, y, left_room);
                let panel = conv.panel(&right, x, right_room);
                let product = |c: &mut [T]| match parts.turned {
                    true => gemm(threads, (rows, len, conv.outer), panel, left.transposed(), None, c),
                    false => gemm(threads, (conv.outer, len, rows), left, panel.transposed(), None, c),
                };
                if empty {
                    empty = false;
                    return product(c);
                }
                with_room(c.len(), |more| {
                    product(more);
                    c.iter_mut().zip(more).for_each(|(c, more)| *c += *more);
                });
            });
        });
    });
}
