//! Strided copies, out of a view into row-major order and back into a view's place.

use super::nest::Nest;
use super::real::Real;
use super::short::copy_short;
use super::simd::{Vectorized, move_with};
use super::transpose::turn;
use crate::storage::block::Plain;
use crate::threads::parallel::{PIECE, for_pieces, for_rows, move_pieces, move_rows};
use pulp::Simd;

/// Edge of the square tiles in which a transposed copy goes: a tile's lines of both sides stay in the first-level
/// cache.
const TILE: usize = 32;

/// `y = x` for one number x.
pub fn fill<T: Plain>(x: T, y: &mut [T]) {
    move_pieces(y, PIECE, |_, y| y.fill(x));
}

/// `y = x` where `x` is walked by the nest and `y` is contiguous.
pub fn gather<T: Plain>(nest: &Nest<1>, x: &[T], y: &mut [T]) {
    if y.is_empty() {
        return;
    }
    if nest.is_flat() {
        return move_pieces(y, PIECE, |start, y| y.copy_from_slice(&x[start..start + y.len()]));
    }
    let inner = nest.inner();
    let [stride] = nest.inner_strides();
    let outer = nest.dims.len() - 1;
    if stride != 1 && outer > 0 && nest.strides[0][outer - 1] == 1 {
        return transpose(nest, x, y);
    }
    for_rows(y, inner, inner, |rows, y| {
        let mut walk = nest.rows(rows.start);
        for y in y.chunks_exact_mut(inner) {
            let [i] = walk.step();
            match stride {
                1 => copy_short(&x[i..i + inner], y),
                0 => y.fill(x[i]),
                s => y.iter_mut().enumerate().for_each(|(k, y)| *y = x[i + k * s]),
            }
        }
    });
}

/// The last two dimensions of the nest are a transposed matrix.
fn transpose<T: Plain>(nest: &Nest<1>, x: &[T], y: &mut [T]) {
    let outer = nest.dims.len() - 1;
    let (rows, columns, stride) = (nest.dims[outer - 1], nest.dims[outer], nest.strides[0][outer]);
    // Bands of a matrix, so that threads share one; all of it where no band of about a tile's height divides it.
    let band = (TILE / 2..=TILE).rev().find(|band| rows % band == 0).unwrap_or(rows);
    move_rows(y, band * columns, |bands, y| {
        for (number, y) in bands.zip(y.chunks_exact_mut(band * columns)) {
            let [start] = nest.rows(number * band).step();
            move_with(Transpose { x: &x[start..], stride, size: [band, columns], y });
        }
    });
}

/// The copy of a matrix whose columns are `stride` apart, tile by tile, so that neither side is read or written a whole
/// cache line for one element.
struct Transpose<'a, T> {
    x: &'a [T],
    stride: usize,
    size: [usize; 2],
    y: &'a mut [T],
}

impl<T: Plain> Vectorized for Transpose<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Transpose { x, stride, size: [rows, columns], y } = self;
        for r in (0..rows).step_by(TILE) {
            for c in (0..columns).step_by(TILE) {
                let size = [TILE.min(columns - c), TILE.min(rows - r)];
                turn(simd, size, (&x[c * stride + r..], stride), (&mut y[r * columns + c..], columns));
            }
        }
    }
}

/// `y[nest] = x` where `x` is contiguous: the inverse of [`gather`]. No two elements of the nest may coincide.
pub fn scatter<T: Plain>(nest: &Nest<1>, x: &[T], y: &mut [T]) {
    if x.is_empty() {
        return;
    }
    let inner = nest.inner();
    let [stride] = nest.inner_strides();
    let mut walk = nest.rows(0);
    for x in x.chunks_exact(inner) {
        let [i] = walk.step();
        if stride == 1 {
            y[i..i + inner].copy_from_slice(x);
        } else {
            x.iter().enumerate().for_each(|(k, x)| y[i + k * stride] = *x);
        }
    }
}

/// `y[o, first..first + part] = x[o, ..]` for `x: [outer, part]` and `y: [outer, width]`.
pub fn put_rows<T: Plain>(x: &[T], part: usize, y: &mut [T], width: usize, first: usize) {
    if x.len() == part {
        let y = &mut y[first..first + part];
        return for_pieces(y, PIECE, |start, y| y.copy_from_slice(&x[start..start + y.len()]));
    }
    for_rows(y, width, part, |rows, y| {
        for (y, x) in y.chunks_exact_mut(width).zip(x[rows.start * part..].chunks_exact(part)) {
            copy_short(x, &mut y[first..first + part]);
        }
    });
}

/// `y[second operand] += x[first operand]` for every place of the nest.
pub fn scatter_add<T: Real>(nest: &Nest<2>, x: &[T], y: &mut [T]) {
    let inner = nest.inner();
    let strides = nest.inner_strides();
    let mut walk = nest.rows(0);
    for _ in 0..nest.dims.iter().rev().skip(1).product::<usize>() {
        let [i, j] = walk.step();
        match strides {
            [1, 1] => y[j..j + inner].iter_mut().zip(&x[i..i + inner]).for_each(|(y, x)| *y += *x),
            [s, t] => (0..inner).for_each(|k| y[j + k * t] += x[i + k * s]),
        }
    }
}
