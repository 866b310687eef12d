//! The output.

use super::layout::Grid;
use super::sums::{Sums, abreast, pack, packed};
use super::{Conv, Parts};
use crate::kernels::conv::with_room;
use crate::kernels::real::Real;
use smallvec::SmallVec;

/// [`super::super::output`]; `false` if it is not for this chapter.
pub(in super::super) fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) -> bool {
    let Some(blocks) = conv.blocks_of_outputs::<T>() else { return false };
    let (window, depth, outer) = (conv.window, conv.depth(), conv.outer);
    let (one, part_of_x) = (packed(outer, depth), conv.inner * window.inputs());
    with_room(one * conv.groups, |packed| {
        for (group, to) in packed.chunks_exact_mut(one).enumerate() {
            pack(outer, depth, w, |channel, i| (group * outer + channel) * depth + i, to);
        }
        let packed = &*packed;
        let parts = Parts { size: window.output, planes: outer, work: conv.work(), blocks: &blocks };
        parts.compute(y, &|part, block, y| {
            let layout = conv.layout(&blocks[block]);
            let grid = Grid::new(blocks[block].len(), &layout);
            let taps: SmallVec<[usize; 32]> = (0..window.taps()).map(|k| layout.tap(window.tap(k))).collect();
            let (many, group, laid) = (abreast(outer), part % conv.groups, layout.elements(conv.inner));
            with_room(laid + many * grid.room(), |room| {
                let (laid, c) = room.split_at_mut(laid);
                layout.fill(&x[part * part_of_x..][..part_of_x], laid);
                let plane = grid.outputs();
                let w = packed[group * one..][..one].chunks_exact(many * depth);
                for (i, (a, y)) in w.zip(y.chunks_mut(many * plane)).enumerate() {
                    let sums = Sums { grid: &grid, a, channel: layout.channel(), taps: &taps, b: laid, c: &mut *c };
                    sums.compute(outer);
                    for (r, (y, c)) in y.chunks_exact_mut(plane).zip(c.chunks_exact(grid.room())).enumerate() {
                        let bias = bias.map_or(T::ZERO, |bias| bias[group * outer + i * many + r]);
                        for (line, y) in y.chunks_exact_mut(grid.run).enumerate() {
                            let c = &c[grid.line(line / grid.lines, line % grid.lines)..];
                            y.iter_mut().zip(c).for_each(|(y, c)| *y = *c + bias);
                        }
                    }
                }
            });
        });
    });
    true
}
