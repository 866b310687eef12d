//! Products tile by tile, where a block of the left operand with all its rows fits in the second-level cache.
//!
//! c is computed in tiles of R rows by two vectors of columns, which stay in registers over the whole depth:
//!
//! ```text
//! tile[i][..] += a[i][p] · b[p][..]        for p in 0..k
//! ```
//!
//! Of b, the columns of one tile are packed so that each step in depth is one read of two vectors; they stay in the
//! first- and second-level cache while all rows of a pass by. Every element of c is summed up in the order of depth, in
//! blocks whose size depends on k alone: neither how c is cut nor which tile an element is in changes its bits.
//!
//! Method: Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34 (2008).

use super::super::real::Real;
use super::super::simd::{Vectorized, has_vectors, vectorize_with};
use super::pack::{self, load, store};
use super::{Base, Matrix};
use crate::threads::parallel::join;
use pulp::Simd;
use std::mem::MaybeUninit;
use std::ptr::null;

/// The most bytes that all rows of the left operand may take, to the depth to which b is packed at once: about the
/// second-level cache of a current server CPU.
const LEFT: usize = 1 << 20;

/// Operands with fewer rows or columns than this leave most of a tile empty.
const NARROW: usize = 4;

/// Steps in depth for which the columns of b are packed at once.
pub(super) const DEPTH: usize = 1024;

/// The most bytes that the rows of b in one block of depth, with all columns, may take to be read where they are.
const NEAR: usize = 1 << 18;

/// From this many rows of a on, it is worth packing even a b that is read in order as it is.
const MANY: usize = 48;

/// From this many strips of columns on, it is worth packing a left operand whose rows are neighbours.
const OFTEN: usize = 8;

/// Columns of so many bytes leave half of the widest vector empty.
const FEW: usize = 32;

/// Parts for other threads have a multiple of this many columns: one cache line of f32.
const LINE: usize = 16;

/// Whether this file computes a product of this size on this CPU.
pub(super) fn suit<T: Real>((m, k, n): (usize, usize, usize), a: Matrix<'_, T>, b: Matrix<'_, T>) -> bool {
    let bytes = |elements: usize| elements.saturating_mul(k.min(DEPTH) * size_of::<T>());
    // All rows pass by once for each strip of columns: where there is one, and they are read in order, as they are, they need
    // not stay in the cache.
    let one = n <= 2 * LINE && n % LINE == 0 && a.column == 1;
    let left = m >= NARROW && (bytes(m) <= LEFT || one);
    let right = n >= NARROW && (b.column != 1 || bytes(b.row) <= NEAR || m >= MANY);
    left && right && has_vectors()
}

/// Whether this file computes the transposed product: its vectors are full where those of this one, which has few columns,
/// are not, and both operands are read in order.
pub(super) fn suit_turned<T: Real>((m, k, n): (usize, usize, usize), a: Matrix<'_, T>, b: Matrix<'_, T>) -> bool {
    let fuller = n * size_of::<T>() <= FEW && m >= 2 * n && k >= m;
    fuller && a.row == 1 && b.column == 1 && suit((n, k, m), b.transposed(), a.transposed())
}

/// A product, or the part of one that a thread computes.
pub(super) struct Product<T> {
    size: (usize, usize, usize),
    a: *const T,
    a_row: usize,
    a_column: usize,
    b: *const T,
    b_row: usize,
    b_column: usize,
    /// The columns of b as tiles read them ([`super::packed`]), or null.
    panels: *const T,
    /// The row that every row of c starts from, or null.
    bias: *const T,
    /// Whether c starts from what it holds.
    held: bool,
    c: *mut T,
    c_row: usize,
    c_column: usize,
}

// SAFETY: a part has its elements of c for itself, and the operands are only read.
unsafe impl<T: Send + Sync> Send for Product<T> {}

impl<T: Real> Product<T> {
    /// `c = a b + base`.
    ///
    /// # Safety
    /// The matrices hold their elements, c has m · n and the bias n, and all of them are borrowed as long as the
    /// product is used.
    pub(super) unsafe fn new(
        size: (usize, usize, usize),
        a: Matrix<'_, T>,
        b: Matrix<'_, T>,
        base: Base<'_, T>,
        c: &mut [T],
    ) -> Product<T> {
        let (a_row, a_column, b_row, b_column) = (a.row, a.column, b.row, b.column);
        let (bias, held) = match base {
            Base::Nothing => (null(), false),
            Base::Row(bias) => (bias.as_ptr(), false),
            Base::Held => (null(), true),
        };
        let (a, b, c, c_row) = (a.data.as_ptr(), b.data.as_ptr(), c.as_mut_ptr(), size.2);
        Product { size, a, a_row, a_column, b, b_row, b_column, panels: null(), bias, held, c, c_row, c_column: 1 }
    }

    /// `c += a b`, where the columns of b lie in `panels` as [`super::packed`] has put them there.
    ///
    /// # Safety
    /// As for `new`; the panels are those of b on this CPU.
    pub(super) unsafe fn with_panels(
        size: (usize, usize, usize),
        a: Matrix<'_, T>,
        b: Matrix<'_, T>,
        panels: &[T],
        c: &mut [T],
    ) -> Product<T> {
        // SAFETY: the caller's promise.
        Product { panels: panels.as_ptr(), ..unsafe { Product::new(size, a, b, Base::Held, c) } }
    }

    /// The same product as `cᵀ = bᵀ aᵀ`; it has no bias and no panels.
    pub(super) fn turned(self) -> Product<T> {
        assert!(self.bias.is_null() && self.panels.is_null(), "it lies in rows of c");
        let (m, k, n) = self.size;
        let (a, a_row, a_column) = (self.b, self.b_column, self.b_row);
        let (b, b_row, b_column) = (self.a, self.a_column, self.a_row);
        let (c_row, c_column) = (self.c_column, self.c_row);
        Product { size: (n, k, m), a, a_row, a_column, b, b_row, b_column, c_row, c_column, ..self }
    }

    /// Computes the product on up to `threads` threads. It is cut between columns where rows of a are read as they are,
    /// so that no part packs what another packs, else between rows, so that each packs only b again; of few rows between
    /// columns.
    pub(super) fn compute(self, threads: usize) {
        debug_assert!(self.panels.is_null() || threads < 2, "panels are those of all columns");
        let ((m, k, n), few) = (self.size, threads / 2);
        let (rows, columns) =
            ((m * few / threads).next_multiple_of(NARROW), (n * few / threads).next_multiple_of(LINE));
        // The pointers stay inside the matrices, for every part has rows or columns of its own: none of them wraps.
        let by_rows = rows + NARROW <= m;
        let (first, second) = if few > 0 && (self.a_column == 1 || !by_rows) && columns + LINE <= n {
            let first = Product { size: (m, k, columns), ..self };
            let (b, c) = (self.b.wrapping_add(columns * self.b_column), self.c.wrapping_add(columns * self.c_column));
            let bias = if self.bias.is_null() { null() } else { self.bias.wrapping_add(columns) };
            (first, Product { size: (m, k, n - columns), b, bias, c, ..self })
        } else if few > 0 && by_rows {
            let first = Product { size: (rows, k, n), ..self };
            let (a, c) = (self.a.wrapping_add(rows * self.a_row), self.c.wrapping_add(rows * self.c_row));
            (first, Product { size: (m - rows, k, n), a, c, ..self })
        } else {
            return vectorize_with(self);
        };
        join(move || first.compute(few), move || second.compute(threads - few));
    }

    /// Computes the product in tiles of up to R rows.
    #[inline(always)]
    fn in_tiles<S: Simd, const R: usize>(self, simd: S) {
        let Product { size: (m, k, n), .. } = self;
        let (vector, depth) = (T::count::<S>(), k.div_ceil(k.div_ceil(DEPTH)));
        // Neighbours in depth or in rows are read as they are, the latter unless that has to be repeated often.
        let packed = self.a_column != 1 && (self.a_row != 1 || n > OFTEN * 2 * vector);
        // The room for b comes first, so that its vectors are aligned.
        let b_room = 2 * vector * depth;
        let len = b_room + if packed { m.next_multiple_of(R) * depth } else { 0 };
        let mut block = pack::room(len * size_of::<T>());
        let (b_room, a_room) = block.slice_mut(len).split_at_mut(b_room);
        for start in (0..k).step_by(depth) {
            let depth = depth.min(k - start);
            // SAFETY: `new`'s caller vouches for the operands; `a_room` has a column for each of m rows, rounded up,
            // and `b_room` two vectors for each step in depth.
            unsafe {
                let mut a = Left {
                    start: self.a.add(start * self.a_column),
                    row: self.a_row,
                    column: self.a_column,
                    panel: R * self.a_row,
                };
                if packed {
                    pack::rows::<T, R>(m, depth, a.start, a.row, a.column, a_room.as_mut_ptr());
                    a = Left { start: a_room.as_ptr(), row: 1, column: R, panel: R * depth };
                }
                for j in (0..n).step_by(2 * vector) {
                    let columns = (n - j).min(2 * vector);
                    let c = self.c.add(j * self.c_column);
                    let (b, b_row, b_column) = if self.panels.is_null() {
                        (self.b.add(start * self.b_row + j * self.b_column), self.b_row, self.b_column)
                    } else {
                        let panel = start * n.next_multiple_of(2 * vector) + j * depth;
                        (self.panels.add(panel), columns.div_ceil(vector) * vector, 1)
                    };
                    let base = match (start > 0 || self.held, self.bias.is_null()) {
                        (true, _) => (c.cast_const(), self.c_row),
                        (false, true) => (null(), 0),
                        (false, false) => (self.bias.add(j), 0),
                    };
                    let packed = !self.panels.is_null();
                    let strip = Strip {
                        simd,
                        m,
                        depth,
                        a,
                        columns,
                        packed,
                        base,
                        c,
                        c_row: self.c_row,
                        c_column: self.c_column,
                    };
                    if columns > vector {
                        strip.compute::<R, 2>(b, b_row, b_column, b_room);
                    } else {
                        strip.compute::<R, 1>(b, b_row, b_column, b_room);
                    }
                }
            }
        }
        pack::keep(block);
    }
}

impl<T: Real> Vectorized for Product<T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // The registers hold two vectors of columns for every row, two of b and one of a.
        if S::REGISTER_COUNT >= 32 { self.in_tiles::<S, 12>(simd) } else { self.in_tiles::<S, 6>(simd) }
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

/// All rows of c, in up to two vectors of columns.
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
        // SAFETY: the caller's promise: `room` has W vectors for each step, all else is of the product's own matrices.
        unsafe {
            let width = W * T::count::<S>();
            let (mut b, mut b_row) = (b, b_row);
            let near = b_column == 1 && self.depth.saturating_mul(b_row).saturating_mul(size_of::<T>()) <= NEAR;
            if !self.packed && (!near || self.columns < width) {
                pack::columns::<T, S, W>(self.simd, self.depth, self.columns, b, b_row, b_column, room.as_mut_ptr());
                (b, b_row) = (room.as_ptr(), width);
            }
            let mut i = 0;
            while i < self.m {
                let a = self.a.start.add(i / R * self.a.panel + i % R * self.a.row);
                let rows = self.m - i;
                i += match rows {
                    _ if rows >= R => self.tile::<R, W>(i, a, b, b_row),
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
                let b: [T::Vector<S>; W] = std::array::from_fn(|j| load::<T, S>(b.add(j * vector)));
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
            sums = std::array::from_fn(|i| base[i] + sums[i]);
        }
        c.add(j).cast::<[T; N]>().write(sums);
    }
}
