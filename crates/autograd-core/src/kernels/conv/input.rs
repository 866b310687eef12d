//! The gradient of a convolution's input, which is a transposed convolution.

use super::panel::{Tile, add_panel};
use super::room::with_room;
use super::{Conv, add_bias, depthwise, direct, few, for_parts, start_with, tiles, winograd};
use crate::kernels::gemm::{Matrix, gemm};
use crate::kernels::real::Real;

/// `x[n, c, i] = b[c] + Σ w[o, c, k] y[n, o, p]` over the channels o of c's group and all p and k with
/// `place(p, k) = i`.
pub fn input<T: Real>(conv: &Conv, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) {
    if x.is_empty() {
        return;
    }
    if y.is_empty() || w.is_empty() {
        return start_with(bias, conv.window.inputs(), x);
    }
    // Zeros around y times what is not finite would be NaN, and the definition leaves them out.
    let finite = || w.iter().all(|w| w.is_finite());
    if conv.is_depthwise() && finite() {
        return depthwise::input(conv, y, w, bias, x);
    }
    if winograd::input(conv, y, w, bias, x)
        || finite() && (few::input(conv, y, w, bias, x) || direct::input(conv, y, w, bias, x))
    {
        return;
    }
    let many = conv.images_at_once();
    for_parts(conv.work(), x, many * conv.input_image(), &|part, x, threads| {
        let y = &y[part * many * conv.output_image()..];
        if conv.is_pointwise() {
            images(conv, y, w, x, threads);
            return add_bias(bias, conv.window.inputs(), x);
        }
        start_with(bias, conv.window.inputs(), x);
        images(conv, y, w, x, threads);
    });
}

/// The images of x, of which the first is the first one of y.
fn images<T: Real>(conv: &Conv, y: &[T], w: &[T], x: &mut [T], threads: usize) {
    let (depth, outer, inner) = (conv.depth(), conv.outer, conv.inner);
    let images = x.len() / conv.input_image();
    for group in 0..conv.groups {
        let weight = Matrix { data: &w[group * outer * depth..], row: 1, column: depth };
        tiles(images, conv.window.outputs(), conv.tile::<T>(depth), |columns| {
            let read =
                Tile { planes: conv.groups * outer, of: group * outer..(group + 1) * outer, columns: columns.clone() };
            let written = Tile { planes: conv.groups * inner, of: group * inner..(group + 1) * inner, columns };
            let (len, size) = (read.columns.len(), (depth, outer, read.columns.len()));
            with_room(outer * len, |room| {
                let columns = conv.columns(&read, y, room);
                if let (true, Some(at)) = (conv.is_pointwise(), conv.in_one_image(&written)) {
                    return gemm(threads, size, weight, columns, None, &mut x[at..at + depth * len]);
                }
                with_room(depth * len, |panel| {
                    gemm(threads, size, weight, columns, None, panel);
                    if conv.is_pointwise() {
                        return conv.put_columns(&written, panel, x);
                    }
                    add_panel(&conv.window, &written, panel, x);
                });
            });
        });
    }
}
