//! Panels: the elements that a tile of outputs reads, a row for each channel and tap, a column for each output.

use super::Conv;
use super::short::copy_short;
use super::window::Window;
use crate::kernels::gemm::Matrix;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::storage::block::Plain;
use std::ops::Range;

/// The channels and outputs of a panel.
#[derive(Clone)]
pub struct Tile {
    /// Channels of an image.
    pub planes: usize,
    /// The channels of the panel's rows.
    pub of: Range<usize>,
    /// The outputs of its columns, counted through all images.
    pub columns: Range<usize>,
}

/// A part of a row of a panel whose elements are neighbours in a row of the input.
struct Line {
    /// The place of its first element in the panel.
    at: usize,
    len: usize,
    /// Its elements that are inside the input.
    inside: Range<usize>,
    /// The place of the first of these in the input.
    from: usize,
}

#[inline(always)]
fn lines(window: &Window, tile: &Tile, mut line: impl FnMut(Line)) {
    let [_, height, width] = window.input;
    let [depth, rows, run] = window.output;
    let (positions, first) = (window.outputs(), tile.columns.start);
    let mut at = 0;
    for plane in tile.of.clone() {
        for tap in 0..window.taps() {
            let kw = tap % window.kernel[2];
            let kh = tap / window.kernel[2] % window.kernel[1];
            let kd = tap / window.kernel[2] / window.kernel[1];
            let reach = window.reach(2, kw);
            let (mut image, mut o) = (first / positions, first % run);
            let (mut d, mut h) = (first % positions / run / rows, first % positions / run % rows);
            let mut left = tile.columns.len();
            while left > 0 {
                let len = (run - o).min(left);
                let start = reach.start.clamp(o, o + len);
                let end = reach.end.clamp(start, o + len);
                let (mut inside, mut from) = (0..0, 0);
                if let (Some(d), Some(h), Some(w)) =
                    (window.place(0, kd, d), window.place(1, kh, h), window.place(2, kw, start))
                    && start < end
                {
                    inside = start - o..end - o;
                    from = (((image * tile.planes + plane) * window.input[0] + d) * height + h) * width + w;
                }
                line(Line { at, len, inside, from });
                at += len;
                left -= len;
                (o, h) = (0, h + 1);
                if h == rows {
                    (h, d) = (0, d + 1);
                }
                if d == depth {
                    (d, image) = (0, image + 1);
                }
            }
        }
    }
}

/// `panel[(channel, tap), output] = x[channel, place]`, or 0 outside of the input.
pub fn fill_panel<T: Plain + Default>(window: &Window, tile: &Tile, x: &[T], panel: &mut [T]) {
    let stride = window.stride[2];
    lines(window, tile, |line| {
        let to = &mut panel[line.at..line.at + line.len];
        let Range { start, end } = line.inside;
        to[..start].fill(T::default());
        to[end..].fill(T::default());
        if stride == 1 {
            copy_short(&x[line.from..line.from + end - start], &mut to[start..end]);
        } else if start < end {
            let x = x[line.from..].iter().step_by(stride);
            to[start..end].iter_mut().zip(x).for_each(|(to, x)| *to = *x);
        }
    });
}

struct AddPanel<'a, T> {
    window: &'a Window,
    tile: &'a Tile,
    panel: &'a [T],
    x: &'a mut [T],
}

impl<T: Real> Kernel for AddPanel<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let AddPanel { window, tile, panel, x } = self;
        let stride = window.stride[2];
        lines(window, tile, |line| {
            let from = &panel[line.at + line.inside.start..line.at + line.inside.end];
            if stride == 1 {
                x[line.from..line.from + from.len()].iter_mut().zip(from).for_each(|(x, p)| *x += *p);
            } else if !from.is_empty() {
                x[line.from..].iter_mut().step_by(stride).zip(from).for_each(|(x, p)| *x += *p);
            }
        });
    }
}

/// `x[channel, place] += panel[(channel, tap), output]` wherever the place is inside: the adjoint of [`fill_panel`].
pub fn add_panel<T: Real>(window: &Window, tile: &Tile, panel: &[T], x: &mut [T]) {
    vectorize(AddPanel { window, tile, panel, x });
}

impl Conv {
    /// A panel of x as a matrix: in `room`, or x itself.
    pub(super) fn panel<'a, T: Real>(&self, tile: &Tile, x: &'a [T], room: &'a mut [T]) -> Matrix<'a, T> {
        let len = tile.columns.len();
        if let (true, Some(at)) = (self.is_pointwise(), self.in_one_image(tile)) {
            return Matrix { data: &x[at..], row: self.window.outputs(), column: 1 };
        }
        fill_panel(&self.window, tile, x, room);
        Matrix { data: room, row: len, column: 1 }
    }

    /// Channels of y at some columns as a matrix: in `room`, or y itself.
    pub(super) fn columns<'a, T: Real>(&self, tile: &Tile, y: &'a [T], room: &'a mut [T]) -> Matrix<'a, T> {
        let positions = self.window.outputs();
        if let Some(at) = self.in_one_image(tile) {
            return Matrix { data: &y[at..], row: positions, column: 1 };
        }
        let images = tile.columns.start / positions..tile.columns.end / positions;
        let mut parts = room.chunks_exact_mut(positions);
        for plane in tile.of.clone() {
            for (image, part) in images.clone().zip(&mut parts) {
                copy_short(&y[(image * tile.planes + plane) * positions..][..positions], part);
            }
        }
        Matrix { data: room, row: tile.columns.len(), column: 1 }
    }

    /// The reverse of [`Conv::columns`]: a matrix of whole images, put where its elements belong.
    pub(super) fn put_columns<T: Real>(&self, tile: &Tile, c: &[T], y: &mut [T]) {
        let positions = self.window.outputs();
        let mut rest = c;
        for plane in tile.of.clone() {
            let mut column = tile.columns.start;
            while column < tile.columns.end {
                let (image, at) = (column / positions, column % positions);
                let len = (positions - at).min(tile.columns.end - column);
                let (part, more) = rest.split_at(len);
                y[(image * tile.planes + plane) * positions + at..][..len].copy_from_slice(part);
                (rest, column) = (more, column + len);
            }
        }
    }

    /// The place of a tile's first element in a tensor of planes of outputs, if all its columns are of one image.
    pub(super) fn in_one_image(&self, tile: &Tile) -> Option<usize> {
        let positions = self.window.outputs();
        let (image, at) = (tile.columns.start / positions, tile.columns.start % positions);
        let one = at + tile.columns.len() <= positions;
        one.then(|| (image * tile.planes + tile.of.start) * positions + at)
    }
}
