//! Elements in other places: dimensions reversed, rotated, extended beyond their ends.
//!
//! Each dimension of the result is a list of a few segments, which say where their elements come from. No table of
//! places is made: a vector of a million elements is reversed by one segment.

use super::real::Real;
use super::short::{copy_short, fill_short};
use super::simd::{Kernel, Vectorized, move_with, vectorize};
use crate::storage::block::Plain;
use crate::threads::parallel::for_rows;
use pulp::Simd;
use smallvec::SmallVec;

/// The place that a segment's elements come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// From this coordinate on.
    Forward(usize),
    /// From this coordinate back.
    Backward(usize),
    /// All from this coordinate.
    Same(usize),
    /// A value that is no element.
    Fill,
}

/// A run of coordinates of the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// The number of coordinates.
    pub len: usize,
    /// The coordinates of the source.
    pub from: Source,
}

/// The segments of one dimension of the result, in order.
pub type Segments = SmallVec<[Segment; 3]>;

impl Segment {
    /// All of a dimension as it is.
    pub fn whole(len: usize) -> Segments {
        SmallVec::from_slice(&[Segment { len, from: Source::Forward(0) }])
    }

    /// The coordinate in the source of a coordinate in this segment.
    #[inline(always)]
    fn source(self, at: usize) -> Option<usize> {
        match self.from {
            Source::Forward(from) => Some(from + at),
            Source::Backward(from) => Some(from - at),
            Source::Same(from) => Some(from),
            Source::Fill => None,
        }
    }
}

/// The number of coordinates of a dimension.
pub fn length(segments: &[Segment]) -> usize {
    segments.iter().map(|segment| segment.len).sum()
}

struct Line {
    segments: Segments,
    len: usize,
    stride: usize,
}

impl Line {
    /// The distance of a coordinate's source from the first element; none where there is none.
    #[inline(always)]
    fn source(&self, mut at: usize) -> Option<usize> {
        for segment in &self.segments {
            if at < segment.len {
                return segment.source(at).map(|at| at * self.stride);
            }
            at -= segment.len;
        }
        None
    }
}

/// The walk over a result in row-major order, whose dimensions are lists of segments over a strided source.
pub struct Remap {
    /// The dimensions, outermost first; at least one.
    lines: SmallVec<[Line; 4]>,
}

impl Remap {
    /// The walk for these dimensions, over a source with these strides.
    pub fn new(dims: &[Segments], strides: &[usize]) -> Remap {
        let mut lines: SmallVec<[Line; 4]> = SmallVec::new();
        for (segments, stride) in dims.iter().zip(strides) {
            let len = length(segments);
            let whole = segments[..] == Segment::whole(len)[..];
            if whole && len == 1 {
                continue;
            }
            // A run of whole rows is a run of elements.
            let grows = |segment: &Segment| matches!(segment.from, Source::Forward(_) | Source::Fill);
            match lines.last_mut() {
                Some(last) if whole && last.stride == stride * len && last.segments.iter().all(grows) => {
                    for segment in &mut last.segments {
                        segment.len *= len;
                        if let Source::Forward(from) = &mut segment.from {
                            *from *= len;
                        }
                    }
                    (last.len, last.stride) = (last.len * len, *stride);
                }
                _ => lines.push(Line { segments: segments.clone(), len, stride: *stride }),
            }
        }
        if lines.is_empty() {
            lines.push(Line { segments: Segment::whole(1), len: 1, stride: 1 });
        }
        Remap { lines }
    }

    fn inner(&self) -> &Line {
        &self.lines[self.lines.len() - 1]
    }

    /// The rows from this one on.
    fn rows(&self, first: usize) -> Rows<'_> {
        let Some((line, outer)) = self.lines[..self.lines.len() - 1].split_last() else {
            return Rows { outer: &[], line: None, at: 0, around: 0, start: Some(0) };
        };
        let (around, at) = (first / line.len, first % line.len);
        Rows { outer, line: Some(line), at, around, start: source(outer, around) }
    }

    /// `y`, contiguous, from the elements of `x`, with `fill` where there is none.
    pub fn gather<T: Plain>(&self, x: &[T], fill: T, y: &mut [T]) {
        let len = self.inner().len;
        for_rows(y, len, len, |rows, y| move_with(Gather { remap: self, first: rows.start, x, fill, y }));
    }

    /// The adjoint: every element of `y`, contiguous, is added to the element of `x` that it came from.
    pub fn scatter_add<T: Real>(&self, y: &[T], x: &mut [T]) {
        let (inner, outer) = (self.inner().len, &self.lines[0]);
        if inner == 0 || y.is_empty() {
            return;
        }
        // Blocks that stay where they are go to elements of their own.
        let stay = outer.segments[..] == Segment::whole(outer.len)[..] && outer.len * outer.stride == x.len();
        if self.lines.len() == 1 || !stay {
            return vectorize(Add { remap: self, first: 0, from: 0, y, x });
        }
        let of_y = y.len() / outer.len;
        for_rows(x, outer.stride, of_y, |blocks, x| {
            let (first, from) = (blocks.start * of_y / inner, blocks.start * outer.stride);
            let y = &y[blocks.start * of_y..blocks.end * of_y];
            vectorize(Add { remap: self, first, from, y, x });
        });
    }
}

/// The rows of the result, one after the other.
struct Rows<'a> {
    outer: &'a [Line],
    /// The innermost dimension that a row has a coordinate in, and the coordinate.
    line: Option<&'a Line>,
    at: usize,
    /// The number of the coordinates in the outer ones, and the distance of their source from the first element.
    around: usize,
    start: Option<usize>,
}

/// The distance of the source of these coordinates, by their number in row-major order, from the first element.
fn source(lines: &[Line], number: usize) -> Option<usize> {
    let (mut rest, mut start) = (number, 0);
    for line in lines.iter().rev() {
        start += line.source(rest % line.len)?;
        rest /= line.len;
    }
    Some(start)
}

impl Rows<'_> {
    /// The distance of the next row's source from the first element; none if the row has none.
    #[inline(always)]
    fn step(&mut self) -> Option<usize> {
        let Some(line) = self.line else { return self.start };
        if self.at == line.len {
            (self.at, self.around) = (0, self.around + 1);
            self.start = source(self.outer, self.around);
        }
        self.at += 1;
        Some(self.start? + line.source(self.at - 1)?)
    }
}

struct Gather<'a, T> {
    remap: &'a Remap,
    first: usize,
    x: &'a [T],
    fill: T,
    y: &'a mut [T],
}

impl<T: Plain> Vectorized for Gather<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        use Source::{Fill, Forward};
        let Gather { remap, first, x, fill, y } = self;
        let Line { segments, len, stride } = remap.inner();
        let (stride, mut rows) = (*stride, remap.rows(first));
        if let [
            Segment { len: before, from: Fill },
            Segment { len: inside, from: Forward(from) },
            Segment { from: Fill, .. },
        ] = segments[..]
            && stride == 1
        {
            // Margins on both sides are so common that the walk over segments, which takes as long as the copy of a
            // short row, is left out.
            for y in y.chunks_exact_mut(*len) {
                let Some(start) = rows.step() else {
                    y.fill(fill);
                    continue;
                };
                let (left, rest) = y.split_at_mut(before);
                let (y, right) = rest.split_at_mut(inside);
                fill_short(fill, left);
                copy_short(&x[start + from..][..inside], y);
                fill_short(fill, right);
            }
            return;
        }
        for y in y.chunks_exact_mut(*len) {
            let Some(start) = rows.step() else {
                y.fill(fill);
                continue;
            };
            let mut rest = y;
            for segment in segments {
                let (y, after) = rest.split_at_mut(segment.len);
                rest = after;
                match segment.from {
                    _ if segment.len == 0 => {}
                    Source::Fill => fill_short(fill, y),
                    Source::Same(from) => y.fill(x[start + from * stride]),
                    Source::Forward(from) if stride == 1 => copy_short(&x[start + from..][..segment.len], y),
                    Source::Backward(from) if stride == 1 => {
                        let x = &x[start + from + 1 - segment.len..=start + from];
                        y.iter_mut().zip(x.iter().rev()).for_each(|(y, x)| *y = *x);
                    }
                    Source::Forward(from) => {
                        y.iter_mut().enumerate().for_each(|(i, y)| *y = x[start + (from + i) * stride]);
                    }
                    Source::Backward(from) => {
                        y.iter_mut().enumerate().for_each(|(i, y)| *y = x[start + (from - i) * stride]);
                    }
                }
            }
        }
    }
}

/// The rows from `first` on, whose elements of x are those from `from` on.
struct Add<'a, T> {
    remap: &'a Remap,
    first: usize,
    from: usize,
    y: &'a [T],
    x: &'a mut [T],
}

impl<T: Real> Kernel for Add<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Add { remap, first, from: before, y, x } = self;
        let Line { segments, len, stride } = remap.inner();
        let mut rows = remap.rows(first);
        for y in y.chunks_exact(*len) {
            let Some(start) = rows.step() else { continue };
            let start = start - before;
            let mut rest = y;
            for segment in segments {
                let (y, after) = rest.split_at(segment.len);
                rest = after;
                match segment.from {
                    Source::Fill => {}
                    Source::Forward(from) if *stride == 1 && segment.len > 0 => {
                        let x = &mut x[start + from..start + from + segment.len];
                        x.iter_mut().zip(y).for_each(|(x, y)| *x += *y);
                    }
                    _ => y.iter().enumerate().for_each(|(i, y)| {
                        if let Some(at) = segment.source(i) {
                            x[start + at * stride] += *y;
                        }
                    }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to put a dimension of three elements together.
    fn all() -> Vec<Segments> {
        let list = |segments: &[(usize, Source)]| -> Segments {
            segments.iter().map(|(len, from)| Segment { len: *len, from: *from }).collect()
        };
        vec![
            Segment::whole(3),
            list(&[(3, Source::Backward(2))]),
            list(&[(1, Source::Forward(2)), (2, Source::Forward(0))]),
            list(&[(2, Source::Fill), (2, Source::Forward(1))]),
            list(&[(2, Source::Backward(2)), (3, Source::Forward(0)), (2, Source::Same(2))]),
            list(&[(0, Source::Same(0)), (1, Source::Forward(1))]),
        ]
    }

    #[test]
    fn every_element_comes_from_where_its_segments_say() {
        // A matrix of three rows and three columns, row-major and transposed.
        for strides in [[3, 1], [1, 3]] {
            let x: Vec<f64> = (0..9).map(f64::from).collect();
            for (rows, columns) in all().iter().flat_map(|a| all().into_iter().map(move |b| (a.clone(), b))) {
                let places = |segments: &Segments| -> Vec<Option<usize>> {
                    segments.iter().flat_map(|s| (0..s.len).map(|i| s.source(i))).collect()
                };
                let (down, along) = (places(&rows), places(&columns));
                let place = |r: usize, c: usize| Some(down[r]? * strides[0] + along[c]? * strides[1]);
                let cells = || (0..down.len()).flat_map(|r| (0..along.len()).map(move |c| (r, c)));
                let want: Vec<f64> = cells().map(|(r, c)| place(r, c).map_or(-1.0, |at| x[at])).collect();
                let remap = Remap::new(&[rows.clone(), columns.clone()], &strides);
                let mut got = vec![0.0; want.len()];
                remap.gather(&x, -1.0, &mut got);
                assert_eq!(got, want, "{rows:?} {columns:?}");
                let (mut sum, mut plain) = (vec![0.0; 9], vec![0.0; 9]);
                remap.scatter_add(&want, &mut sum);
                cells().zip(&want).for_each(|((r, c), y)| place(r, c).into_iter().for_each(|at| plain[at] += y));
                assert_eq!(sum, plain, "{rows:?} {columns:?}");
            }
        }
    }
}
