//! Panels: the elements that a tile of outputs reads, a row for each channel and tap, a column for each output.

use super::Conv;
use super::window::Window;
use crate::kernels::gemm::Matrix;
use crate::kernels::real::Real;
use crate::kernels::short::{add_to_every_second, copy_every_second, copy_short, fill_short};
use crate::kernels::simd::{Kernel, Vectorized, move_with, vectorize};
use crate::storage::block::Plain;
use pulp::Simd;
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

/// What is done with every line of a panel. A closure may be a function of its own, compiled for the baseline.
trait EachLine {
    /// Mark it `#[inline(always)]`.
    fn each(&mut self, line: Line);
}

#[inline(always)]
fn lines(window: &Window, tile: &Tile, to: &mut impl EachLine) {
    let [_, height, width] = window.input;
    let [depth, rows, run] = window.output;
    let (positions, columns) = (window.outputs(), tile.columns.clone());
    let mut at = 0;
    for plane in tile.of.clone() {
        for tap in 0..window.taps() {
            let kw = tap % window.kernel[2];
            let kh = tap / window.kernel[2] % window.kernel[1];
            let kd = tap / window.kernel[2] / window.kernel[1];
            let reach = window.reach(2, kw);
            let (mut column, end) = (columns.start, columns.end);
            // One depth of one image after the other.
            while column < end {
                let (image, d) = (column / positions, column % positions / (rows * run));
                let (mut h, mut o) = (column % (rows * run) / run, column % run);
                let start = window.place(0, kd, d);
                let start = start.map(|d| ((image * tile.planes + plane) * window.input[0] + d) * height * width);
                let next = end.min((image * depth + d + 1) * rows * run);
                while column < next {
                    let len = (run - o).min(next - column);
                    let first = reach.start.clamp(o, o + len);
                    let inside = first - o..reach.end.clamp(first, o + len) - o;
                    match (start, window.place(1, kh, h)) {
                        (Some(start), Some(h)) if !inside.is_empty() => {
                            let w = first * window.stride[2] + kw * window.dilation[2] - window.before[2];
                            to.each(Line { at, len, inside, from: start + h * width + w });
                        }
                        _ => to.each(Line { at, len, inside: 0..0, from: 0 }),
                    }
                    (at, column) = (at + len, column + len);
                    (o, h) = (0, h + 1);
                }
            }
        }
    }
}

struct FillPanel<'a, T> {
    window: &'a Window,
    tile: &'a Tile,
    x: &'a [T],
    panel: &'a mut [T],
}

impl<T: Plain + Default> EachLine for FillPanel<'_, T> {
    #[inline(always)]
    fn each(&mut self, line: Line) {
        let to = &mut self.panel[line.at..line.at + line.len];
        let Range { start, end } = line.inside;
        fill_short(T::default(), &mut to[..start]);
        fill_short(T::default(), &mut to[end..]);
        let (to, x) = (&mut to[start..end], &self.x[line.from..]);
        match self.window.stride[2] {
            1 => copy_short(&x[..to.len()], to),
            2 => copy_every_second(x, to),
            stride => to.iter_mut().zip(x.iter().step_by(stride)).for_each(|(to, x)| *to = *x),
        }
    }
}

impl<T: Plain + Default> Vectorized for FillPanel<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        lines(self.window, self.tile, &mut self);
    }
}

/// `panel[(channel, tap), output] = x[channel, place]`, or 0 outside of the input.
pub fn fill_panel<T: Plain + Default>(window: &Window, tile: &Tile, x: &[T], panel: &mut [T]) {
    move_with(FillPanel { window, tile, x, panel });
}

struct AddPanel<'a, T> {
    window: &'a Window,
    tile: &'a Tile,
    panel: &'a [T],
    x: &'a mut [T],
}

impl<T: Real> EachLine for AddPanel<'_, T> {
    #[inline(always)]
    fn each(&mut self, line: Line) {
        let from = &self.panel[line.at + line.inside.start..line.at + line.inside.end];
        let x = &mut self.x[line.from..];
        match self.window.stride[2] {
            1 => x[..from.len()].iter_mut().zip(from).for_each(|(x, p)| *x += *p),
            2 => add_to_every_second(from, x),
            stride => x.iter_mut().step_by(stride).zip(from).for_each(|(x, p)| *x += *p),
        }
    }
}

impl<T: Real> Kernel for AddPanel<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(mut self) {
        lines(self.window, self.tile, &mut self);
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
