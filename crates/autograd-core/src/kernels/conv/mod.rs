//! Convolutions of 1 to 3 spatial dims: the output, the gradient of the input and the gradient of the weight.
//!
//! Most read runs of an input that is laid out once ([`direct`]). What does not use all of an image's channels
//! ([`depthwise`]) has no use for products of matrices; kernels of 3 × 3 need fewer products ([`winograd`]); of few
//! channels, images lie side by side ([`few`]). All others, as those of small images, are products with a panel, the
//! part of the input that a tile of outputs reads, with a row for each channel and tap: it stays in the second-level
//! cache, and that of a whole batch is never made.

mod depthwise;
mod direct;
mod few;
mod input;
mod output;
mod panel;
mod room;
mod weight;
mod window;
mod winograd;

use crate::kernels::real::Real;
use crate::threads::parallel::{share, threads, worth_sharing_products};
pub use input::input;
pub use output::output;
pub use panel::{Tile, add_panel, fill_panel};
pub use room::{forget, with_room};
pub use weight::weight;
pub use window::{Space, Window};

/// Bytes of a panel.
const PANEL: usize = 1 << 20;

/// Columns that a product should have at least: images of fewer positions are put side by side.
const COLUMNS: usize = 64;

/// The sizes of a convolution: x: `[images, groups · inner, ..]`, w: `[groups · outer, inner, ..]`,
/// y: `[images, groups · outer, ..]`.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    /// Samples.
    pub images: usize,
    /// Groups of channels, each of which is a convolution by itself.
    pub groups: usize,
    /// Channels of x in a group.
    pub inner: usize,
    /// Channels of y in a group.
    pub outer: usize,
    /// What an element of y reads.
    pub window: Window,
}

impl Conv {
    /// Products that an element of y is the sum of.
    fn depth(&self) -> usize {
        self.inner * self.window.taps()
    }

    /// Elements of one sample of x.
    fn input_image(&self) -> usize {
        self.groups * self.inner * self.window.inputs()
    }

    /// Elements of one sample of y.
    fn output_image(&self) -> usize {
        self.groups * self.outer * self.window.outputs()
    }

    /// All multiply-adds.
    fn work(&self) -> usize {
        (self.images * self.output_image()).saturating_mul(self.depth())
    }

    /// Whether a channel of y reads one channel of x, few channels of y read the same, and its plane with the zeros
    /// around it is not much larger than it is.
    fn is_depthwise(&self) -> bool {
        self.inner == 1 && self.groups > 1 && self.outer < 8 && depthwise::has_room(&self.window)
    }

    /// Whether the panel of an image is the image.
    fn is_pointwise(&self) -> bool {
        let Window { kernel, stride, before, input, output, .. } = self.window;
        kernel == [1; 3] && stride == [1; 3] && before == [0; 3] && input == output
    }

    /// Images whose columns are one tile's, where a single one has too few.
    fn images_at_once(&self) -> usize {
        COLUMNS.div_ceil(self.window.outputs().max(1)).clamp(1, self.images.max(1))
    }

    /// Columns of a tile whose panel has `rows` rows.
    fn tile<T>(&self, rows: usize) -> usize {
        let fits = (PANEL / (rows * size_of::<T>()).max(1)).max(2 * COLUMNS);
        if self.is_pointwise() { fits.max(self.window.outputs()) } else { fits }
    }
}

/// Consecutive columns of `images` images, of at most `width` columns: whole images, or equal parts of one.
fn tiles(images: usize, positions: usize, width: usize, mut tile: impl FnMut(std::ops::Range<usize>)) {
    if width >= positions {
        let many = width / positions;
        for first in (0..images).step_by(many) {
            tile(first * positions..(first + many).min(images) * positions);
        }
        return;
    }
    let part = positions.div_ceil(positions.div_ceil(width)).next_multiple_of(16);
    for image in 0..images {
        for start in (0..positions).step_by(part) {
            tile(image * positions + start..image * positions + (start + part).min(positions));
        }
    }
}

/// Calls `part(i, piece, threads)` for consecutive pieces of `out`, on several threads if there is work for them; a
/// piece may be computed by that many threads. What a piece is depends on sizes alone.
fn for_parts<T: Send>(work: usize, out: &mut [T], piece: usize, part: &(dyn Fn(usize, &mut [T], usize) + Sync)) {
    let parts = out.len().div_ceil(piece);
    if parts > 1 && worth_sharing_products(work) {
        let each = (threads() / parts).max(1);
        share(out, piece, &|i, out| part(i, out, each));
    } else {
        out.chunks_mut(piece).enumerate().for_each(|(i, out)| part(i, out, usize::MAX));
    }
}

/// Every plane of `positions` elements becomes its channel's bias, or 0.
fn start_with<T: Real>(bias: Option<&[T]>, positions: usize, y: &mut [T]) {
    match bias {
        None => y.fill(T::ZERO),
        Some(bias) => {
            let planes = y.chunks_exact_mut(positions.max(1)).zip(bias.iter().cycle());
            planes.for_each(|(y, bias)| y.fill(*bias));
        }
    }
}

/// Adds its channel's bias to every plane.
fn add_bias<T: Real>(bias: Option<&[T]>, positions: usize, y: &mut [T]) {
    let Some(bias) = bias else { return };
    for (y, bias) in y.chunks_exact_mut(positions.max(1)).zip(bias.iter().cycle()) {
        y.iter_mut().for_each(|y| *y += *bias);
    }
}
