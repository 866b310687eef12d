//! A product of two matrices, the way it is computed, and its parts for several threads.

use super::super::real::Real;
use super::super::simd::{Vectorized, vectorize_with};
use super::{Base, Matrix};
use crate::threads::parallel::{join, worth_sharing_products};
use pulp::Simd;
use std::ptr::null;

/// Operands with fewer rows or columns than this leave most of a tile empty.
pub(super) const NARROW: usize = 4;

/// Columns of so many bytes leave half of the widest vector empty.
const HALF_VECTOR: usize = 32;

/// Parts for other threads have a multiple of this many columns: one cache line of f32.
const LINE: usize = 16;

/// Multiply-adds that take as long as an element of a large matrix is read or written.
pub const MOVED: usize = 8;

/// Whether so many products of one size are worth a second thread, and there is one. Of few rows, columns or terms they
/// take as long as their largest matrix is moved.
pub fn is_worth_sharing((m, k, n): (usize, usize, usize), products: usize) -> bool {
    let [mk, kn, mn] = [m.saturating_mul(k), k.saturating_mul(n), m.saturating_mul(n)];
    let work = mn.saturating_mul(k).max(MOVED.saturating_mul(mk.max(kn).max(mn)));
    worth_sharing_products(work.saturating_mul(products))
}

/// Whether the transposed product is computed in the place of this one: it has fewer than [`NARROW`] columns; or its
/// vectors are full where those of this one, which has few columns, are not, and both operands are read in order.
pub(super) fn suit_turned<T: Real>((m, k, n): (usize, usize, usize), a: Matrix<'_, T>, b: Matrix<'_, T>) -> bool {
    let fuller = NARROW <= n && n * size_of::<T>() <= HALF_VECTOR && m >= 2 * n && k >= m;
    n < NARROW && m >= n || fuller && a.row == 1 && b.column == 1
}

/// A product, or the part of one that a thread computes.
pub(super) struct Product<T> {
    pub(super) size: (usize, usize, usize),
    pub(super) a: *const T,
    pub(super) a_row: usize,
    pub(super) a_column: usize,
    pub(super) b: *const T,
    pub(super) b_row: usize,
    pub(super) b_column: usize,
    /// The columns of b as tiles read them ([`super::packed`]), or null.
    pub(super) panels: *const T,
    /// The row that every row of c starts from, or null.
    pub(super) bias: *const T,
    /// Whether c starts from what it holds.
    pub(super) held: bool,
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    pub(super) c_column: usize,
    /// Whether its parts go the way of few rows ([`super::narrow`]): by the size of the whole, so that no cut changes a
    /// bit.
    narrow: bool,
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
        let (panels, c_column) = (null(), 1);
        Product { size, a, a_row, a_column, b, b_row, b_column, panels, bias, held, c, c_row, c_column, narrow: false }
            .measured()
    }

    fn measured(self) -> Product<T> {
        Product { narrow: self.is_narrow(), ..self }
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
        Product { panels: panels.as_ptr(), ..unsafe { Product::new(size, a, b, Base::Held, c) } }.measured()
    }

    /// The same product as `cᵀ = bᵀ aᵀ`; it has no bias and no panels.
    pub(super) fn turned(self) -> Product<T> {
        assert!(self.bias.is_null() && self.panels.is_null(), "it lies in rows of c");
        let (m, k, n) = self.size;
        let (a, a_row, a_column) = (self.b, self.b_column, self.b_row);
        let (b, b_row, b_column) = (self.a, self.a_column, self.a_row);
        let (c_row, c_column) = (self.c_column, self.c_row);
        Product { size: (n, k, m), a, a_row, a_column, b, b_row, b_column, c_row, c_column, ..self }.measured()
    }

    /// Computes the product on up to `threads` threads. It is cut between columns where rows of a are read as they are,
    /// so that no part packs what another packs, else between rows, so that each packs only b again; of few rows
    /// between columns.
    pub(super) fn compute(self, threads: usize) {
        debug_assert!(self.panels.is_null() || threads < 2, "panels are those of all columns");
        let ((m, k, n), few) = (self.size, threads / 2);
        let (rows, columns) =
            ((m * few / threads).next_multiple_of(NARROW), (n * few / threads).next_multiple_of(LINE));
        // The pointers stay inside the matrices, for every part has rows or columns of its own: none of them wraps.
        let by_rows = rows + NARROW <= m;
        // Rows are the better cut than halves of tiles.
        let least = if by_rows { 2 * LINE } else { LINE };
        let (first, second) =
            if few > 0 && (self.a_column == 1 || !by_rows) && columns.min(n.saturating_sub(columns)) >= least {
                let first = Product { size: (m, k, columns), ..self };
                let (b, c) =
                    (self.b.wrapping_add(columns * self.b_column), self.c.wrapping_add(columns * self.c_column));
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
}

impl<T: Real> Vectorized for Product<T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if self.narrow && self.of_few_rows(simd) {
            return;
        }
        // The registers hold two vectors of columns for every row, two of b and one of a.
        if S::REGISTER_COUNT >= 32 { self.in_tiles::<S, 12>(simd) } else { self.in_tiles::<S, 6>(simd) }
    }
}
