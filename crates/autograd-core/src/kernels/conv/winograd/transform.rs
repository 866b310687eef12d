//! Tiles of images, there and back.
//!
//! ```text
//! Bᵀ = 1  0 −1  0      A = 1  0
//!      0  1  1  0          1  1
//!      0 −1  1  0          1 −1
//!      0  1  0 −1          0 −1
//! ```

use super::super::Conv;
use super::PLACES;
use crate::kernels::real::Real;
use crate::kernels::short::copy_short;
use crate::kernels::simd::{Kernel, from_fn, vectorize};
use crate::threads::parallel::{self, join, worth_sharing};
use std::mem::take;
use std::ops::Range;

/// The planes of images, and how tiles lie on them.
#[derive(Clone, Copy)]
pub(super) struct Planes {
    /// Planes of an image.
    count: usize,
    height: usize,
    width: usize,
    /// Rows and columns of zeros before the first tile's.
    before: [usize; 2],
    /// Rows of tiles of a plane, and tiles of a row.
    tiles: [usize; 2],
}

impl Planes {
    pub(super) fn inputs(conv: &Conv) -> Planes {
        let [_, height, width] = conv.window.input;
        let [_, top, left] = conv.window.before;
        Planes { count: conv.groups * conv.inner, height, width, before: [top, left], tiles: conv.tiles() }
    }

    pub(super) fn outputs(conv: &Conv) -> Planes {
        let [_, height, width] = conv.window.output;
        Planes { count: conv.groups * conv.outer, height, width, before: [0, 0], tiles: conv.tiles() }
    }

    /// The first element of line `h` of a plane.
    #[inline(always)]
    fn line(&self, channel: usize, image: usize, h: usize) -> usize {
        ((image * self.count + channel) * self.height + h) * self.width
    }
}

/// What tiles are made of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// 4 × 4 elements that overlap with their neighbours': `Bᵀ d B`.
    Input,
    /// 2 × 2 elements: `A g Aᵀ`.
    Output,
}

/// `tiles[place, channel, tile]`: the transformed tiles of some rows of tiles, on up to `threads` threads.
pub(super) fn to_tiles<T: Real>(
    threads: usize,
    (planes, place): (Planes, Place),
    channels: Range<usize>,
    rows: Range<usize>,
    x: &[T],
    mut tiles: &mut [T],
) {
    let threads = if threads > 1 && worth_sharing(tiles.len()) { threads.min(parallel::threads()) } else { 1 };
    let one = tiles.len() / PLACES;
    let tiles = from_fn(|_| tiles.split_off_mut(..one).unwrap_or_else(|| unreachable!("each place is a part of it")));
    ToTiles { planes, place, channels, rows, x, tiles }.on(threads);
}

struct ToTiles<'a, T> {
    planes: Planes,
    place: Place,
    channels: Range<usize>,
    rows: Range<usize>,
    x: &'a [T],
    /// `[channel, tile]` of each place.
    tiles: [&'a mut [T]; PLACES],
}

impl<T: Real> ToTiles<'_, T> {
    /// On this many threads, each with channels of its own.
    fn on(self, threads: usize) {
        let ToTiles { planes, place, channels, rows, x, mut tiles } = self;
        let threads = threads.min(channels.len());
        let few = threads / 2;
        if few == 0 {
            return vectorize(ToTiles { planes, place, channels, rows, x, tiles });
        }
        let half = channels.len() * few / threads;
        let (start, cut) = (channels.start + half, half * rows.len() * planes.tiles[1]);
        let mut after: [&mut [T]; PLACES] = Default::default();
        let before = from_fn(|place| {
            let (before, rest) = take(&mut tiles[place]).split_at_mut(cut);
            after[place] = rest;
            before
        });
        let first = ToTiles { planes, place, channels: channels.start..start, rows: rows.clone(), x, tiles: before };
        let second = ToTiles { planes, place, channels: start..channels.end, rows, x, tiles: after };
        join(move || first.on(few), move || second.on(threads - few));
    }
}

/// Room for what is between a plane and its transformed tiles, made once for many planes.
struct Between<T> {
    /// Even and odd lines of even and odd columns.
    parts: [[T; ROOM]; 4],
    line: [T; 2 * (WIDE + 1)],
    /// What has been transformed along columns, and then along rows.
    sides: [[T; ROOM]; 2],
    to: [T; ROOM],
}

/// Elements of a part of a plane, of which there are four: of even and of odd lines and columns.
const ROOM: usize = 512;

/// Tiles of a row that are transformed at once.
const WIDE: usize = ROOM / 4;

impl<T: Real> Kernel for ToTiles<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let ToTiles { planes, place, channels, rows, x, mut tiles } = self;
        let [height, width] = planes.tiles;
        let all = rows.len() * width;
        let more = if place == Place::Input { 1 } else { 0 };
        let mut between = Between {
            parts: [[T::ZERO; ROOM]; 4],
            line: [T::ZERO; 2 * (WIDE + 1)],
            sides: [[T::ZERO; ROOM]; 2],
            to: [T::ZERO; ROOM],
        };
        for (c, channel) in channels.enumerate() {
            let mut row = rows.start;
            while row < rows.end {
                let (image, top) = (row / height, row % height);
                let mut many = (rows.end - row).min(height - top);
                let mut images = 1;
                for first in (0..width).step_by(WIDE) {
                    let wide = (width - first).min(WIDE);
                    // The rows of an image that there is room for; where tiles have neighbours, with a line below.
                    many = many.min(ROOM / (wide + more) - more);
                    if many == height && wide == width {
                        // Or several small images, one below the other.
                        images = ((rows.end - row) / height).min(ROOM / ((many + more) * (wide + more)));
                    }
                    for below in 0..images {
                        let lines = Lines { planes, channel, image: image + below, top: 2 * top, left: 2 * first };
                        let at = below * (many + more) * (wide + more);
                        lines.read(x, many + more, wide + more, at, &mut between);
                    }
                    let at = c * all + (row - rows.start) * width + first;
                    let to = Strip { at, images, many, wide, width };
                    match place {
                        Place::Input => to.inputs(&mut between, &mut tiles),
                        Place::Output => to.outputs(&mut between, &mut tiles),
                    }
                }
                row += images * many;
            }
        }
    }
}

/// Lines of a plane, with zeros around it.
struct Lines {
    planes: Planes,
    channel: usize,
    image: usize,
    top: usize,
    left: usize,
}

impl Lines {
    /// Twice as many lines and columns, as parts of even and odd ones, from `at` on: `[line % 2 · 2 + column % 2][..]`.
    #[inline(always)]
    fn read<T: Real>(&self, x: &[T], lines: usize, columns: usize, at: usize, between: &mut Between<T>) {
        let Lines { planes, channel, image, top, left } = *self;
        let Between { parts, line, .. } = between;
        // A strip may end before the zeros do.
        let zeros = planes.before[1].saturating_sub(left).min(2 * columns);
        let from = left.saturating_sub(planes.before[1]).min(planes.width);
        let count = (planes.width - from).min(2 * columns - zeros);
        let line = &mut line[..2 * columns];
        line.fill(T::ZERO);
        for i in 0..2 * lines {
            let (even, odd) = parts.split_at_mut(2);
            let part = if i % 2 == 0 { even } else { odd };
            let (even, odd) = part.split_at_mut(1);
            let place = at + i / 2 * columns..at + (i / 2 + 1) * columns;
            let (even, odd) = (&mut even[0][place.clone()], &mut odd[0][place]);
            match (top + i).checked_sub(planes.before[0]) {
                Some(h) if h < planes.height => {
                    copy_short(&x[planes.line(channel, image, h) + from..][..count], &mut line[zeros..zeros + count]);
                    for ((even, odd), pair) in even.iter_mut().zip(odd).zip(line.as_chunks::<2>().0) {
                        [*even, *odd] = *pair;
                    }
                }
                _ => {
                    even.fill(T::ZERO);
                    odd.fill(T::ZERO);
                }
            }
        }
    }
}

/// `to = f(a, b)`
#[inline(always)]
fn each<T: Real>(a: &[T], b: &[T], to: &mut [T], f: impl Fn(T, T) -> T) {
    let len = to.len();
    let (a, b) = (&a[..len], &b[..len]);
    for i in 0..len {
        to[i] = f(a[i], b[i]);
    }
}

/// Where the tiles of some rows go: from `at` on in all places.
struct Strip {
    at: usize,
    /// Images, and rows of each.
    images: usize,
    many: usize,
    wide: usize,
    /// Tiles of a whole row.
    width: usize,
}

impl Strip {
    /// One place, of rows that are `columns` apart, and of images that are `rows` of them apart.
    #[inline(always)]
    fn put<T: Real>(&self, from: &[T], columns: usize, rows: usize, tiles: &mut [T]) {
        let Strip { at, images, many, wide, width } = *self;
        let tiles = &mut tiles[at..];
        for image in 0..images {
            for row in 0..many {
                let from = &from[(image * rows + row) * columns..][..wide];
                copy_short(from, &mut tiles[(image * many + row) * width..][..wide]);
            }
        }
    }

    /// `Bᵀ d B`. A tile reads its part of all lines and columns, and the part of its neighbours.
    #[inline(always)]
    fn inputs<T: Real>(&self, between: &mut Between<T>, tiles: &mut [&mut [T]; PLACES]) {
        let Between { parts, sides: [even, odd], to, .. } = between;
        let (rows, columns) = (self.many + 1, self.wide + 1);
        let len = (self.images * rows - 1) * columns;
        let to = &mut to[..len - 1];
        for i in 0..4 {
            // Lines i and the one that goes with it, of even and of odd columns.
            for (j, side) in [&mut *even, &mut *odd].into_iter().enumerate() {
                let line = |i: usize| &parts[i % 2 * 2 + j][i / 2 * columns..];
                let side = &mut side[..len];
                match i {
                    0 => each(line(0), line(2), side, |a, b| a - b),
                    1 => each(line(1), line(2), side, |a, b| a + b),
                    2 => each(line(2), line(1), side, |a, b| a - b),
                    _ => each(line(1), line(3), side, |a, b| a - b),
                }
            }
            each(even, &even[1..], to, |a, b| a - b);
            self.put(to, columns, rows, tiles[4 * i]);
            each(odd, &even[1..], to, |a, b| a + b);
            self.put(to, columns, rows, tiles[4 * i + 1]);
            each(&even[1..], odd, to, |a, b| a - b);
            self.put(to, columns, rows, tiles[4 * i + 2]);
            each(odd, &odd[1..], to, |a, b| a - b);
            self.put(to, columns, rows, tiles[4 * i + 3]);
        }
    }

    /// `A g Aᵀ`
    #[inline(always)]
    fn outputs<T: Real>(&self, between: &mut Between<T>, tiles: &mut [&mut [T]; PLACES]) {
        let Between { parts, sides: [left, right], to, .. } = between;
        let len = self.images * self.many * self.wide;
        let to = &mut to[..len];
        for i in 0..4 {
            for (j, side) in [&mut *left, &mut *right].into_iter().enumerate() {
                let side = &mut side[..len];
                match i {
                    0 => each(&parts[j], &parts[j], side, |a, _| a),
                    1 => each(&parts[j], &parts[2 + j], side, |a, b| a + b),
                    2 => each(&parts[j], &parts[2 + j], side, |a, b| a - b),
                    _ => each(&parts[2 + j], &parts[2 + j], side, |b, _| -b),
                }
            }
            self.put(left, self.wide, self.many, tiles[4 * i]);
            each(left, right, to, |a, b| a + b);
            self.put(to, self.wide, self.many, tiles[4 * i + 1]);
            each(left, right, to, |a, b| a - b);
            self.put(to, self.wide, self.many, tiles[4 * i + 2]);
            each(right, right, to, |b, _| -b);
            self.put(to, self.wide, self.many, tiles[4 * i + 3]);
        }
    }
}

/// `y[image, channel, ..] = Aᵀ m A` of `tiles[place, channel, tile]`, plus the channel's bias. The output says whether
/// all of these numbers are finite.
pub(super) struct FromTiles<'a, T> {
    pub(super) planes: Planes,
    pub(super) channels: Range<usize>,
    /// The rows of tiles that there are, and those of them that are written.
    pub(super) rows: Range<usize>,
    pub(super) part: Range<usize>,
    pub(super) tiles: &'a [T],
    pub(super) bias: Option<&'a [T]>,
    /// From this image on.
    pub(super) image: usize,
    pub(super) y: &'a mut [T],
}

impl<T: Real> Kernel for FromTiles<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        let FromTiles { planes, channels, rows, part, tiles, bias, image: before, y } = self;
        let [height, width] = planes.tiles;
        let (all, count) = (rows.len() * width, channels.len());
        let (first, end) = ((part.start - rows.start) * width, (part.end - rows.start) * width);
        let mut sums = [[[T::ZERO; WIDE]; 4]; 2];
        let mut line = [[T::ZERO; 2]; WIDE];
        let mut finite = true;
        for (c, channel) in channels.enumerate() {
            let bias = bias.map_or(T::ZERO, |bias| bias[c]);
            for start in (first..end).step_by(WIDE) {
                let many = (end - start).min(WIDE);
                for i in 0..4 {
                    let at = |place: usize| &tiles[(place * count + c) * all + start..][..many];
                    let [m0, m1, m2, m3] = [at(i), at(4 + i), at(8 + i), at(12 + i)];
                    let [above, below] = &mut sums;
                    let (above, below) = (&mut above[i][..many], &mut below[i][..many]);
                    for t in 0..many {
                        above[t] = m0[t] + m1[t] + m2[t];
                        below[t] = m1[t] - m2[t] - m3[t];
                    }
                }
                for (half, [s0, s1, s2, s3]) in sums.iter().enumerate() {
                    for (t, pair) in line[..many].iter_mut().enumerate() {
                        *pair = [s0[t] + s1[t] + s2[t] + bias, s1[t] - s2[t] - s3[t] + bias];
                    }
                    finite &= all_finite(line[..many].as_flattened());
                    let mut t = 0;
                    while t < many {
                        let (row, first) = (rows.start + (start + t) / width, (start + t) % width);
                        let run = (width - first).min(many - t);
                        let (image, h) = (row / height, row % height * 2 + half);
                        if h < planes.height {
                            let len = (2 * run).min(planes.width - 2 * first);
                            let y = &mut y[planes.line(channel, image - before, h) + 2 * first..][..len];
                            copy_short(&line.as_flattened()[2 * t..][..len], y);
                        }
                        t += run;
                    }
                }
            }
        }
        finite
    }
}

/// Whether all are finite; every one is looked at.
#[inline(always)]
pub(super) fn all_finite<T: Real>(x: &[T]) -> bool {
    x.iter().fold(true, |all, x| all & x.is_finite())
}
