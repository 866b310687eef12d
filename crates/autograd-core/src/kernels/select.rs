//! Rows picked and added by index. The caller has checked the indices, and none is negative.

use super::copy::gather;
use super::many::{Terms, add, add_terms, is_many};
use super::nest::Nest;
use super::real::Real;
use super::simd::{Kernel, look, vectorize};
use crate::storage::block::Plain;
use crate::threads::parallel::{WOKEN_FROM, for_rows, share, threads, worth_sharing};
use std::ops::Range;

/// `y[o, k, :] = x[o, index[k], :]` for x of any shape and strides, of which those of dimension `dim` are picked. No
/// other elements of x are read: a copy of an expanded x may be larger than memory.
pub fn take_rows<T: Plain>(x: &[T], shape: &[usize], strides: &[usize], dim: usize, index: &[i64], y: &mut [T]) {
    let outer = Nest::new(&shape[..dim], [&strides[..dim]]);
    let inner = Nest::new(&shape[dim + 1..], [&strides[dim + 1..]]);
    let width: usize = inner.dims.iter().product();
    if y.is_empty() {
        return;
    }
    if width == 1 {
        return for_rows(y, 1, 1, |places, y| take_elements(x, &outer, strides[dim], index, places.start, y));
    }
    let runs = inner.is_flat();
    for_rows(y, width, width, |rows, y| {
        let (mut block, mut k) = (rows.start / index.len(), rows.start % index.len());
        let mut first = outer.offset(block);
        for y in y.chunks_exact_mut(width) {
            let x = &x[first + index[k] as usize * strides[dim]..];
            if runs {
                y.copy_from_slice(&x[..width])
            } else {
                gather(&inner, x, y)
            }
            k += 1;
            if k == index.len() {
                (block, k) = (block + 1, 0);
                first = outer.offset(block);
            }
        }
    });
}

/// The same of rows of one element, from this place of the result on: a copy of each would be a call.
fn take_elements<T: Plain>(x: &[T], outer: &Nest<1>, stride: usize, index: &[i64], place: usize, mut y: &mut [T]) {
    let (mut block, mut done) = (place / index.len(), place % index.len());
    while !y.is_empty() {
        let picked = &index[done..index.len().min(done + y.len())];
        let (here, rest) = y.split_at_mut(picked.len());
        let x = &x[outer.offset(block)..];
        here.iter_mut().zip(picked).for_each(|(y, i)| *y = x[*i as usize * stride]);
        (y, block, done) = (rest, block + 1, 0);
    }
}

/// Rows that are added by index to those from `first` on.
struct Rows<'a, T> {
    x: &'a [T],
    size: usize,
    inner: usize,
    index: &'a [i64],
    first: usize,
}

impl<T: Real> Terms for Rows<'_, T> {
    #[inline(always)]
    fn add<A: Real>(&self, y: &mut [A]) {
        let Rows { x, size, inner, index, first } = self;
        let rows = y.len() / inner;
        if *inner == 1 {
            // Such rows are not shared but by blocks, so that the index is the place.
            for (x, y) in x.chunks_exact(index.len()).zip(y.chunks_exact_mut(*size)) {
                x.iter().zip(*index).for_each(|(x, k)| add(&mut y[*k as usize], *x));
            }
            return;
        }
        for (block, x) in x.chunks_exact(inner * index.len()).enumerate() {
            for (k, x) in index.iter().zip(x.chunks_exact(*inner)) {
                let to = (block * size + *k as usize).wrapping_sub(*first);
                if to < rows {
                    y[to * inner..(to + 1) * inner].iter_mut().zip(x).for_each(|(y, x)| add(y, *x));
                }
            }
        }
    }
}

/// Which indices name a row, in their order, for each of the rows.
struct Order {
    starts: Vec<usize>,
    places: Vec<usize>,
}

impl Order {
    fn new(size: usize, index: &[i64]) -> Order {
        let mut starts = vec![0; size + 1];
        index.iter().for_each(|k| starts[*k as usize + 1] += 1);
        (0..size).for_each(|k| starts[k + 1] += starts[k]);
        let (mut next, mut places) = (starts.clone(), vec![0; index.len()]);
        for (place, k) in index.iter().enumerate() {
            places[next[*k as usize]] = place;
            next[*k as usize] += 1;
        }
        Order { starts, places }
    }

    fn of(&self, row: usize) -> &[usize] {
        &self.places[self.starts[row]..self.starts[row + 1]]
    }
}

/// The same sums as of [`Rows`] in double precision, one row after the other: what is added up stays in registers.
struct RowByRow<'a, T> {
    x: &'a [T],
    size: usize,
    inner: usize,
    order: &'a Order,
    first: usize,
    base: Option<&'a [T]>,
    y: &'a mut [T],
}

/// So many sums are in registers, in vectors of [`PART`].
const STRIP: usize = 4 * PART;

const PART: usize = 16;

/// A part of a row, in double precision.
#[inline(always)]
fn wide<T: Real>(x: &[T; PART]) -> [f64; PART] {
    let mut sums = [0.0; PART];
    sums.iter_mut().zip(x).for_each(|(sum, x)| *sum = x.as_f64());
    sums
}

/// Adds a part of a row. By value: what the compiler sees as memory it keeps there.
#[inline(always)]
fn more<T: Real>(mut sums: [f64; PART], x: &[T; PART]) -> [f64; PART] {
    for (sum, x) in sums.iter_mut().zip(x) {
        add(sum, *x);
    }
    sums
}

impl<T: Real> Kernel for RowByRow<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let RowByRow { x, size, inner, order, first, base, y } = self;
        for (row, y) in (first..).zip(y.chunks_exact_mut(inner)) {
            let held = match base {
                Some(base) => &base[row * inner..][..inner],
                None => &[][..],
            };
            let (block, places) = (row / size * order.places.len(), order.of(row % size));
            let (strips, rest) = y.as_chunks_mut::<STRIP>();
            let behind = strips.len() * STRIP;
            for (strip, y) in strips.iter_mut().enumerate() {
                let held = if held.is_empty() { &y[..] } else { &held[strip * STRIP..][..STRIP] };
                let parts = held.as_chunks::<PART>().0;
                // One by one: `map` would be a call of its own.
                let (mut a, mut b) = (wide(&parts[0]), wide(&parts[1]));
                let (mut c, mut d) = (wide(&parts[2]), wide(&parts[3]));
                for place in places {
                    let x = x[(block + place) * inner + strip * STRIP..][..STRIP].as_chunks::<PART>().0;
                    (a, b) = (more(a, &x[0]), more(b, &x[1]));
                    (c, d) = (more(c, &x[2]), more(d, &x[3]));
                }
                for (y, sums) in y.as_chunks_mut::<PART>().0.iter_mut().zip([a, b, c, d]) {
                    y.iter_mut().zip(sums).for_each(|(y, sum)| *y = T::of(sum));
                }
            }
            let mut sums = [0.0; STRIP];
            let sums = &mut sums[..rest.len()];
            let held = if held.is_empty() { &*rest } else { &held[behind..] };
            sums.iter_mut().zip(held).for_each(|(sum, y)| *sum = y.as_f64());
            for place in places {
                let x = &x[(block + place) * inner + behind..][..rest.len()];
                sums.iter_mut().zip(x).for_each(|(sum, x)| add(sum, *x));
            }
            rest.iter_mut().zip(sums).for_each(|(y, sum)| *y = T::of(*sum));
        }
    }
}

/// Threads share rows of so many elements: each of them looks at all indices.
const SHARED_ROW: usize = 16;

/// `y[o, index[k], :] += x[o, k, :]`, in the order of `k`, for `y: [outer, size, inner]`; with a `base`, that is put
/// into y first.
pub fn add_rows<T: Real>(base: Option<&[T]>, x: &[T], size: usize, inner: usize, index: &[i64], y: &mut [T]) {
    let many = is_many::<T>(x.len(), y.len());
    let (of_y, of_x) = (size * inner, index.len() * inner);
    if of_y == 0 || of_x == 0 || y.len() == of_y {
        return add_blocks(many, base, x, size, inner, index, y);
    }
    // What is added to a block is all that its threads look at.
    for_rows(y, of_y, of_x, |blocks, y| {
        let (base, x) = (base.map(|base| &base[blocks.start * of_y..][..y.len()]), &x[blocks.start * of_x..]);
        add_blocks(many, base, &x[..blocks.len() * of_x], size, inner, index, y);
    });
}

/// The same; many terms for each element are added up in double precision.
fn add_blocks<T: Real>(many: bool, base: Option<&[T]>, x: &[T], size: usize, inner: usize, index: &[i64], y: &mut [T]) {
    let by_row = many && inner >= SHARED_ROW;
    if let Some(base) = base.filter(|_| !by_row) {
        y.copy_from_slice(base);
    }
    if inner == 0 || index.is_empty() || y.is_empty() {
        return;
    }
    let rows = y.len() / inner;
    let pieces = if inner >= SHARED_ROW && worth_sharing(x.len()) { threads() } else { 1 };
    // Each row gets what is its own, in the same order.
    let piece = rows.div_ceil(pieces);
    if by_row {
        let order = &Order::new(size, index);
        return share(y, piece * inner, &|i, y| {
            vectorize(RowByRow { x, size, inner, order, first: i * piece, base, y });
        });
    }
    share(y, piece * inner, &|i, y| add_terms(many, &Rows { x, size, inner, index, first: i * piece }, y));
}

/// Whether any index is not in the range. It looks at all of them: a loop that may end early is not vectorised.
pub fn any_outside(index: &[i64], range: Range<i64>) -> bool {
    struct Any<'a>(&'a [i64], Range<i64>);
    impl Kernel for Any<'_> {
        type Output = bool;
        #[inline(always)]
        fn run(self) -> bool {
            let Any(index, Range { start, end }) = self;
            index.iter().fold(false, |any, i| any | (*i < start) | (*i >= end))
        }
    }
    look(Any(index, range))
}

/// The first index that is not in the range.
pub fn first_outside(index: &[i64], range: Range<i64>) -> Option<usize> {
    let first_of = |index: &[i64]| {
        let at = index.chunks(BLOCK).position(|block| any_outside(block, range.clone()))? * BLOCK;
        index[at..].iter().position(|i| !range.contains(i)).map(|i| at + i)
    };
    // Said by hand: the look is no part of what an operation computes.
    if index.len() < WOKEN_FROM || threads() == 1 {
        return first_of(index);
    }
    let piece = index.len().div_ceil(threads());
    let mut found = vec![None; index.len().div_ceil(piece)];
    share(&mut found, 1, &|i, found| {
        let start = i * piece;
        found[0] = first_of(&index[start..index.len().min(start + piece)]).map(|at| start + at);
    });
    found.into_iter().flatten().next()
}

/// Indices that are looked at together, 32 KiB.
const BLOCK: usize = 4096;

/// Where `gather` reads for a line of an index tensor: its own place in a tensor with some strides, with the coordinate
/// along one dimension replaced by the index.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    start: usize,
    step: usize,
    stride: usize,
}

impl Line {
    /// The place for element j of the line, whose index is k.
    #[inline(always)]
    pub fn place(self, j: usize, k: i64) -> usize {
        self.start + j * self.step + k as usize * self.stride
    }

    /// Picks the elements of the line: `y[j] = elements[place(j, index[j])]`, out of `size` along the dimension.
    #[inline(always)]
    pub fn pick<T: Copy>(self, elements: &[T], size: usize, index: &[i64], y: &mut [T]) {
        /// So many elements have one check for the end of the loop.
        const TOGETHER: usize = 8;
        if self.step != 0 || self.stride != 1 {
            let y = y.iter_mut().zip(index).enumerate();
            return y.for_each(|(j, (y, k))| *y = elements[self.place(j, *k)]);
        }
        // All of one row: a place is the index.
        let row = &elements[self.start..][..size];
        let ((ys, y), (ks, k)) = (y.as_chunks_mut::<TOGETHER>(), index.as_chunks::<TOGETHER>());
        for (y, k) in ys.iter_mut().zip(ks) {
            (0..TOGETHER).for_each(|l| y[l] = row[k[l] as usize]);
        }
        y.iter_mut().zip(k).for_each(|(y, k)| *y = row[*k as usize]);
    }
}

/// Calls `f` with each line of the last dimension of a row-major index tensor of `shape`: the elements that it has, the
/// line, and its indices. `index` has whole lines, from line `first` on.
pub fn gather_lines(
    index: &[i64],
    shape: &[usize],
    strides: &[usize],
    dim: usize,
    first: usize,
    mut f: impl FnMut(Range<usize>, Line, &[i64]),
) {
    let stride = strides.get(dim).copied().unwrap_or(0);
    let Some(last) = shape.len().checked_sub(1) else {
        return f(0..index.len(), Line { start: 0, step: 0, stride: 0 }, index);
    };
    let step = if dim == last { 0 } else { strides[last] };
    for (line, index) in index.chunks(shape[last].max(1)).enumerate() {
        let (mut rest, mut start) = (first + line, 0);
        for d in (0..last).rev() {
            start += if d == dim { 0 } else { rest % shape[d] * strides[d] };
            rest /= shape[d];
        }
        let from = line * shape[last];
        f(from..from + index.len(), Line { start, step, stride }, index);
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, WOKEN_FROM, first_outside};

    #[test]
    fn the_first_index_outside_is_found_wherever_it_is() {
        for len in [0, 1, 7, BLOCK, BLOCK + 1, 3 * BLOCK + 5, WOKEN_FROM + 3] {
            let inside: Vec<i64> = (0..len as i64).map(|i| i % 11 - 4).collect();
            assert_eq!(first_outside(&inside, -4..7), None, "{len}");
            for at in [0, 3, BLOCK - 1, BLOCK, 2 * BLOCK + 1, len.wrapping_sub(1)].into_iter().filter(|at| *at < len) {
                for other in [-5, 7, i64::MIN, i64::MAX] {
                    let mut index = inside.clone();
                    (index[at], index[len - 1]) = (other, if at == len - 1 { other } else { 99 });
                    assert_eq!(first_outside(&index, -4..7), Some(at), "{other} at {at} of {len}");
                }
            }
        }
        assert_eq!(first_outside(&[0], 0..0), Some(0));
    }
}
