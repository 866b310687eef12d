//! The packing of operands into the order in which tiles read them.

use super::super::real::Real;
use crate::kernels::transpose::{Avx, side, transpose};
use crate::storage::block::Block;
use pulp::Simd;
use std::cell::Cell;

thread_local! {
    /// The block into which this thread packs. It grows to the largest packing so far, at most 4 MiB.
    static ROOM: Cell<Option<Block>> = const { Cell::new(None) };
}

/// A block of at least this many bytes, with any content; give it back with [`keep`]. It is not lent to a closure, for
/// a closure would not be compiled for the CPU that its caller is compiled for.
pub(super) fn room(bytes: usize) -> Block {
    let kept = ROOM.try_with(Cell::take).ok().flatten().filter(|block| block.bytes() >= bytes);
    kept.or_else(|| Block::zeroed(bytes.next_power_of_two())).expect("memory for packing a product")
}

/// Keeps a block for the next product; at the end of a thread there is nowhere to keep it.
pub(super) fn keep(block: Block) {
    let _ = ROOM.try_with(|room| room.set(Some(block)));
}

/// Gives the block this thread keeps back to the system.
pub fn forget() {
    let kept = ROOM.try_with(Cell::take);
    drop(kept);
}

/// Rows of a in panels of R: element `(i, p)` goes to `out[i / R · R · depth + p · R + i % R]`.
///
/// # Safety
/// The matrix at `a` has m rows and `depth` columns; `out` has room for m, rounded up to R, times `depth`.
#[inline(always)]
pub(super) unsafe fn rows<T: Real, S: Simd, const R: usize>(
    simd: S,
    m: usize,
    depth: usize,
    a: *const T,
    row: usize,
    column: usize,
    out: *mut T,
) {
    // SAFETY: rows from i on, as many as there are, and steps before `depth`.
    unsafe {
        if row == 1 {
            // Neighbours in rows are read in one go, whichever panel they go to.
            for p in 0..depth {
                for i in (0..m).step_by(R) {
                    let (a, out) = (a.add(i + p * column), out.add(i * depth + p * R));
                    if m - i >= R {
                        *out.cast::<[T; R]>() = a.cast::<[T; R]>().read_unaligned();
                    } else {
                        (0..m - i).for_each(|x| *out.add(x) = *a.add(x));
                    }
                }
            }
            return;
        }
        let avx = Avx::of(simd);
        let side = side::<T>(avx);
        for i in (0..m).step_by(R) {
            let (a, out, rows) = (a.add(i * row), out.add(i * depth), R.min(m - i));
            // Blocks of neighbours in depth, and what is beside them and below.
            let (turned, steps) = match column {
                1 => (rows - rows % side, depth - depth % side),
                _ => (0, 0),
            };
            for p in (0..steps).step_by(side) {
                for x in (0..turned).step_by(side) {
                    transpose(avx, a.add(x * row + p), row, out.add(p * R + x), R);
                }
            }
            for p in 0..depth {
                for x in if p < steps { turned..rows } else { 0..rows } {
                    *out.add(p * R + x) = *a.add(x * row + p * column);
                }
            }
        }
    }
}

/// Columns of b, W vectors of them: element `(p, j)` goes to `out[p · width + j]`, and zeros go to columns that b does
/// not have.
///
/// # Safety
/// The matrix at `b` has `depth` rows and `columns` columns, no more than W vectors; `out` has room for `depth` times W
/// vectors.
#[inline(always)]
pub(super) unsafe fn columns<T: Real, S: Simd, const W: usize>(
    simd: S,
    depth: usize,
    columns: usize,
    b: *const T,
    row: usize,
    column: usize,
    out: *mut T,
) {
    let (vector, width) = (T::count::<S>(), W * T::count::<S>());
    // SAFETY: elements of the matrix and places in `out`, as the caller promises; columns are runs where `row` is 1.
    unsafe {
        if columns < width {
            for p in 0..depth {
                for j in 0..width {
                    *out.add(p * width + j) = if j < columns { *b.add(p * row + j * column) } else { T::ZERO };
                }
            }
        } else if column == 1 {
            for p in 0..depth {
                for j in 0..W {
                    store::<T, S>(load::<T, S>(b.add(p * row + j * vector)), out.add(p * width + j * vector));
                }
            }
        } else {
            let avx = Avx::of(simd);
            let side = side::<T>(avx);
            let runs = if row == 1 && width.is_multiple_of(side) { depth / side * side } else { 0 };
            for p in (0..runs).step_by(side) {
                for j in (0..width).step_by(side) {
                    transpose(avx, b.add(p + j * column), column, out.add(p * width + j), width);
                }
            }
            for p in runs..depth {
                for j in 0..width {
                    *out.add(p * width + j) = *b.add(p * row + j * column);
                }
            }
        }
    }
}

/// Packs columns of b, up to two vectors of them.
///
/// # Safety
/// As for [`columns`](self::columns), with so many of them.
#[inline(always)]
pub(super) unsafe fn strip<T: Real, S: Simd>(
    simd: S,
    depth: usize,
    columns: usize,
    b: *const T,
    row: usize,
    column: usize,
    out: *mut T,
) {
    let vector = T::count::<S>();
    // SAFETY: the caller's promise.
    unsafe {
        if columns > vector {
            self::columns::<T, S, 2>(simd, depth, columns.min(2 * vector), b, row, column, out);
        } else {
            self::columns::<T, S, 1>(simd, depth, columns, b, row, column, out);
        }
    }
}

/// The vector that starts at `from`, whatever its alignment.
///
/// # Safety
/// As many elements as a vector has start at `from`.
#[inline(always)]
pub(super) unsafe fn load<T: Real, S: Simd>(from: *const T) -> T::Vector<S> {
    // SAFETY: a vector is its elements in order, and may be of any value.
    unsafe { from.cast::<T::Vector<S>>().read_unaligned() }
}

/// Writes the vector to where `to` points, whatever its alignment.
///
/// # Safety
/// There is room at `to` for as many elements as a vector has.
#[inline(always)]
pub(super) unsafe fn store<T: Real, S: Simd>(vector: T::Vector<S>, to: *mut T) {
    // SAFETY: as above.
    unsafe { to.cast::<T::Vector<S>>().write_unaligned(vector) }
}
