//! The output of a convolution.

use super::panel::Tile;
use super::room::with_room;
use super::{Conv, add_bias, depthwise, direct, few, for_parts, start_with, tiles, winograd};
use crate::kernels::gemm::{Matrix, gemm};
use crate::kernels::real::Real;

/// `y[n, o, p] = b[o] + Σ w[o, c, k] x[n, c, place(p, k)]` over the channels c of o's group and the taps k.
pub fn output<T: Real>(conv: &Conv, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    if y.is_empty() {
        return;
    }
    if x.is_empty() || w.is_empty() {
        return start_with(bias, conv.window.outputs(), y);
    }
    if conv.is_depthwise() {
        return depthwise::output(conv, x, w, bias, y);
    }
    let done = winograd::output(conv, x, w, bias, y)
        || few::output(conv, x, w, bias, y)
        || direct::output(conv, x, w, bias, y);
    if done {
        return;
    }
    let many = conv.images_at_once();
    for_parts(conv.work(), y, many * conv.output_image(), &|part, y, threads| {
        images(conv, &x[part * many * conv.input_image()..], w, y, threads);
        add_bias(bias, conv.window.outputs(), y);
    });
}

/// The images of y, of which the first is the first one of x.
fn images<T: Real>(conv: &Conv, x: &[T], w: &[T], y: &mut [T], threads: usize) {
    let (depth, outer, inner) = (conv.depth(), conv.outer, conv.inner);
    let images = y.len() / conv.output_image();
    for group in 0..conv.groups {
        let weight = Matrix { data: &w[group * outer * depth..], row: depth, column: 1 };
        tiles(images, conv.window.outputs(), conv.tile::<T>(depth), |columns| {
            let read =
                Tile { planes: conv.groups * inner, of: group * inner..(group + 1) * inner, columns: columns.clone() };
            let written = Tile { planes: conv.groups * outer, of: group * outer..(group + 1) * outer, columns };
            let len = read.columns.len();
            with_room(depth * len, |room| {
                let panel = conv.panel(&read, x, room);
                let size = (outer, depth, len);
                match conv.in_one_image(&written) {
                    Some(at) if len == conv.window.outputs() => {
                        gemm(threads, size, weight, panel, None, &mut y[at..at + outer * len]);
                    }
                    _ => with_room(outer * len, |c| {
                        gemm(threads, size, weight, panel, None, c);
                        conv.put_columns(&written, c, y);
                    }),
                }
            });
        });
    }
}
