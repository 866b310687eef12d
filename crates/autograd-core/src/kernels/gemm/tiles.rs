//! Products tile by tile.
//!
//! c is computed in tiles of R rows by two vectors of columns, which stay in registers over the whole depth:
//!
//! ```text
//! tile[i][..] += a[i][p] · b[p][..]        for p in 0..k
//! ```
//!
//! Of b, the columns of one tile are packed so that each step in depth is one read of two vectors; they stay in the
//! first- and second-level cache while all rows of a pass by. Where these do not stay in the second-level cache, blocks
//! of them pass by a block of columns that is packed as a whole. Every element of c is summed up in the order of depth,
//! in blocks whose size depends on k alone: neither how c is cut nor which tile an element is in changes its bits.
//!
//! Method: Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34 (2008).

use super::super::real::Real;
use super::pack::{self, load, store};
use super::product::Product;
use crate::kernels::simd::from_fn;
use pulp::Simd;
use std::mem::MaybeUninit;
use std::ptr::null;

/// The most bytes that all rows of the left operand may take, to the depth to which b is packed at once: about the
/// second-level cache of a current server CPU. Of more rows, blocks pass by.
const LEFT: usize = 1 << 20;

/// The most bytes of such a block.
const BLOCK: usize = 1 << 19;

/// The most bytes of b that are packed for blocks of rows to pass by.
const RIGHT: usize = 3 << 20;

/// Steps in depth for which the columns of b are packed at once.
pub(super) const DEPTH: usize = 1024;

/// The most bytes that the rows of b in one block of depth, with all columns, may take to be read where they are.
const NEAR: usize = 1 << 18;

/// From this many rows of a on, it is worth packing a b that is read in order as it is, but not from near by.
const MANY: usize = 48;

/// For more strips of columns than this, it is worth packing a left operand that could be read as it lies.
const OFTEN: usize = 8;

/// Up to so many strips of columns wait in the cache for rows that are read once.
const STRIPS_IN_CACHE: usize = 4;

/// Rows of so many tiles are packed at once for them: those of 12 `f32` then are whole cache lines.
const WHOLE_LINES: usize = 4;

/// How a product is computed, by its size and by how its operands lie. Only of `depth`, which is by k alone, is the
/// order in which an element is summed up.
struct Way {
    /// Steps in depth at once.
    depth: usize,
    /// Whether blocks of rows pass by blocks of columns of b, which are packed as a whole.
    blocks: bool,
    /// The rows of a block, or all.
    rows: usize,
    /// The columns of a block, or all.
    columns: usize,
    /// Whether rows of a are packed.
    a_packed: bool,
}

impl Way {
    /// That of a product in tiles of R rows and `width` columns.
    fn of<T, const R: usize>(product: &Product<T>, width: usize) -> Way {
        let Product { size: (m, k, n), a_row, a_column, .. } = *product;
        let depth = k.div_ceil(k.div_ceil(DEPTH));
        let bytes = depth * size_of::<T>();
        let seldom = n <= OFTEN * width;
        // One strip of columns needs no rows twice.
        let blocks = m * bytes > LEFT && product.panels.is_null() && (n > width || a_column != 1);
        let (rows, columns) = match (blocks, n <= STRIPS_IN_CACHE * width && a_column != 1) {
            // Steps in depth that lie far apart are made once for a few tiles: few strips wait in the cache meanwhile.
            (true, true) => (WHOLE_LINES * R, n),
            (true, false) => ((BLOCK / bytes / R).max(1) * R, (RIGHT / bytes / width).max(1) * width),
            (false, _) => (m, n),
        };
        // Neighbours in depth or in rows are read as they are, unless that has to be repeated often and they lie far
        // apart.
        let a_packed = !seldom && (blocks || a_column != 1) || a_column != 1 && a_row != 1;
        Way { depth, blocks, rows, columns, a_packed }
    }
}

impl<T: Real> Product<T> {
    /// Computes the product in tiles of up to R rows.
    #[inline(always)]
    pub(super) fn in_tiles<S: Simd, const R: usize>(self, simd: S) {
        let ((m, k, n), width) = (self.size, 2 * T::count::<S>());
        let Way { depth, blocks, rows, columns, a_packed } = Way::of::<T, R>(&self, width);
        // The room for b comes first, so that its vectors are aligned.
        let b_room = depth * if blocks { columns.min(n).next_multiple_of(width) } else { width };
        let len = b_room + if a_packed { rows.min(m).next_multiple_of(R) * depth } else { 0 };
        let mut room = pack::room(len * size_of::<T>());
        let (b_room, a_room) = room.slice_mut::<T>(len).split_at_mut(b_room);
        for start in (0..k).step_by(depth) {
            let depth = depth.min(k - start);
            for left in (0..n).step_by(columns) {
                let right = n.min(left + columns);
                // SAFETY: `new`'s caller vouches for the operands; `a_room` has a column for each of `rows` rows,
                // rounded up, and `b_room` two vectors for each step in depth, of a block that of each of its strips.
                unsafe {
                    let b_at = |j: usize| self.b.add(start * self.b_row + j * self.b_column);
                    if blocks {
                        for j in (left..right).step_by(width) {
                            let to = b_room.as_mut_ptr().add((j - left) * depth);
                            pack::strip::<T, S>(simd, depth, right - j, b_at(j), self.b_row, self.b_column, to);
                        }
                    }
                    for top in (0..m).step_by(rows) {
                        let m = rows.min(m - top);
                        let mut a = Left {
                            start: self.a.add(top * self.a_row + start * self.a_column),
                            row: self.a_row,
                            column: self.a_column,
                            panel: R.wrapping_mul(self.a_row),
                        };
                        if a_packed {
                            pack::rows::<T, S, R>(simd, m, depth, a.start, a.row, a.column, a_room.as_mut_ptr());
                            a = Left { start: a_room.as_ptr(), row: 1, column: R, panel: R * depth };
                        }
                        for j in (left..right).step_by(width) {
                            let columns = (right - j).min(width);
                            let vectors = columns.next_multiple_of(width / 2);
                            let c = self.c.add(top * self.c_row + j * self.c_column);
                            let (b, b_row, b_column) = if blocks {
                                (b_room.as_ptr().add((j - left) * depth), vectors, 1)
                            } else if self.panels.is_null() {
                                (b_at(j), self.b_row, self.b_column)
                            } else {
                                (self.panels.add(start * n.next_multiple_of(width) + j * depth), vectors, 1)
                            };
                            let base = match (start > 0 || self.held, self.bias.is_null()) {
                                (true, _) => (c.cast_const(), self.c_row),
                                (false, true) => (null(), 0),
                                (false, false) => (self.bias.add(j), 0),
                            };
                            let packed = blocks || !self.panels.is_null();
                            let (c_row, c_column) = (self.c_row, self.c_column);
                            let strip = Strip { simd, m, depth, a, columns, packed, base, c, c_row, c_column };
                            // What is packed is not packed again.
                            let room = if packed { &mut [][..] } else { &mut *b_room };
                            if columns > width / 2 {
                                strip.compute::<R, 2>(b, b_row, b_column, room);
                            } else {
                                strip.compute::<R, 1>(b, b_row, b_column, room);
                            }
                        }
                    }
                }
            }
        }
        pack::keep(room);
    }
}

/// The left operand: element `(i, p)` of panel `i / R` is `start[i / R · panel + i % R · row + p · column]`.
#[derive(Clone, Copy)]
struct Left<T> {
    start: *const T,
    row: usize,
    column: usize,
    panel: usize,
}

/// Rows of c, in up to two vectors of columns.
#[derive(Clone, Copy)]
struct Strip<T, S> {
    simd: S,
    m: usize,
    depth: usize,
    a: Left<T>,
    columns: usize,
    /// Whether b lies as tiles read it.
    packed: bool,
    /// The values that the sums are added to, and the distance between their rows; null for none.
    base: (*const T, usize),
    c: *mut T,
    c_row: usize,
    c_column: usize,
}

impl<T: Real, S: Simd> Strip<T, S> {
    /// Computes it in tiles of R rows by W vectors, and the rest at the end in smaller ones.
    #[inline(always)]
    unsafe fn compute<const R: usize, const W: usize>(
        self,
        b: *const T,
        b_row: usize,
        b_column: usize,
        room: &mut [T],
    ) {
        // SAFETY: the caller's promise: `room` has W vectors for each step, unless b is packed; all else is of the
        // product's own matrices.
        unsafe {
            let width = W * T::count::<S>();
            let (mut b, mut b_row) = (b, b_row);
            let near = self.depth.saturating_mul(b_row).saturating_mul(size_of::<T>()) <= NEAR || self.m < MANY;
            let as_it_lies = b_column == 1 && near && self.columns == width;
            if !self.packed && !as_it_lies {
                pack::columns::<T, S, W>(self.simd, self.depth, self.columns, b, b_row, b_column, room.as_mut_ptr());
                (b, b_row) = (room.as_ptr(), width);
            }
            let mut i = 0;
            while i < self.m {
                let a = self.a.start.add(i / R * self.a.panel + i % R * self.a.row);
                let rows = self.m - i;
                // Of a whole tile and four rows more, two middle ones, unless a is packed for whole tiles.
                let halves = R > 8 && rows == R + 4 && self.a.panel == R.wrapping_mul(self.a.row);
                i += match rows {
                    _ if rows >= R && !halves => self.tile::<R, W>(i, a, b, b_row),
                    8.. if R > 8 => self.tile::<8, W>(i, a, b, b_row),
                    4.. => self.tile::<4, W>(i, a, b, b_row),
                    2.. => self.tile::<2, W>(i, a, b, b_row),
                    _ => self.tile::<1, W>(i, a, b, b_row),
                };
            }
        }
    }

    /// Computes one tile, from row i on; returns the number of its rows.
    #[inline(always)]
    unsafe fn tile<const R: usize, const W: usize>(self, i: usize, a: *const T, b: *const T, b_row: usize) -> usize {
        let Strip { simd, columns, base, c_row, c_column, .. } = self;
        let vector = T::count::<S>();
        // SAFETY: the caller's promise: R rows of a from `a` on, W vectors of b for each step, R rows of c from i on.
        unsafe {
            let mut tile = [[T::splat(simd, T::ZERO); W]; R];
            for p in 0..self.depth {
                let (a, b) = (a.add(p * self.a.column), b.add(p * b_row));
                let b: [T::Vector<S>; W] = from_fn(|j| load::<T, S>(b.add(j * vector)));
                for (i, tile) in tile.iter_mut().enumerate() {
                    let a = T::splat(simd, *a.add(i * self.a.row));
                    for (tile, b) in tile.iter_mut().zip(b) {
                        *tile = T::mul_add_all(simd, a, b, *tile);
                    }
                }
            }
            let (c, base) = (self.c.add(i * c_row), base.0.wrapping_add(i * base.1));
            if columns == W * vector && c_column == 1 {
                for (row, tile) in tile.iter().enumerate() {
                    for (j, sum) in tile.iter().enumerate() {
                        let at = row * self.base.1 + j * vector;
                        let sum = if self.base.0.is_null() {
                            *sum
                        } else {
                            T::add_all(simd, load::<T, S>(base.add(at)), *sum)
                        };
                        store::<T, S>(sum, c.add(row * c_row + j * vector));
                    }
                }
                return R;
            }
            // Whole vectors into a room of their own, and from there what there is of them, a few at a time.
            let mut room = MaybeUninit::<[[T; 32]; R]>::uninit();
            let sums = room.as_mut_ptr().cast::<T>();
            for (row, tile) in tile.iter().enumerate() {
                for (j, sum) in tile.iter().enumerate() {
                    store::<T, S>(*sum, sums.add(row * 32 + j * vector));
                }
            }
            if c_column != 1 {
                // What they are added to is c itself, for there is no bias.
                for (row, j) in (0..R).flat_map(|row| (0..columns).map(move |j| (row, j))) {
                    let at = row * c_row + j * c_column;
                    let base = (!self.base.0.is_null()).then(|| base.wrapping_add(at));
                    add_to::<T, 1>(base, sums.add(row * 32 + j), c.add(at), 0);
                }
                return R;
            }
            let whole = columns - columns % 4;
            for row in 0..R {
                let base = (!self.base.0.is_null()).then(|| base.wrapping_add(row * self.base.1));
                let (sums, c) = (sums.add(row * 32).cast_const(), c.add(row * c_row));
                (0..whole).step_by(4).for_each(|j| add_to::<T, 4>(base, sums, c, j));
                (whole..columns).for_each(|j| add_to::<T, 1>(base, sums, c, j));
            }
        }
        R
    }
}

/// Writes N sums from place j on, added to what there is to add them to.
///
/// # Safety
/// There are so many numbers at each of the places.
#[inline(always)]
unsafe fn add_to<T: Real, const N: usize>(base: Option<*const T>, sums: *const T, c: *mut T, j: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = sums.add(j).cast::<[T; N]>().read();
        // Not 0 + sum where there is nothing to add to: that would turn −0 into 0.
        if let Some(base) = base {
            let base = base.add(j).cast::<[T; N]>().read();
            sums = from_fn(|i| base[i] + sums[i]);
        }
        c.add(j).cast::<[T; N]>().write(sums);
    }
}
