//! Products of few rows: there is little to do with a number of b, so b is read where it lies, in the order in which it
//! lies.

use super::super::real::Real;
use super::pack::{self, load, store};
use super::product::{NARROW, Product};
use crate::kernels::reduce::{Sum, fold_run};
use crate::kernels::simd::from_fn;
use pulp::Simd;
use std::ops::RangeInclusive;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// Bytes of sums of a row that stay in the nearest cache while the rows of b pass by.
const PIECE: usize = 1 << 14;

/// Bytes of a page.
const PAGE: usize = 1 << 12;

/// Rows of b that pass by together.
const ROWS: usize = 4;

/// The lanes in which products of neighbours are summed up, whatever the vectors of a CPU are.
const LANES: usize = 16;

/// Columns of b that are read together where they lie in one piece.
const COLUMNS: usize = 4;

/// Up to so many rows, columns of b that lie in one piece are multiplied where they lie: to bring them into order would
/// take as long as the products.
const ROWS_IN_PLACE: usize = 32;

/// So many numbers of a, and no more, are brought into order.
const MOST: usize = 1 << 18;

/// From this many numbers on, the sum of the lanes of a product does not count; up to as many, columns stay in the
/// cache until all rows have passed by.
const LONG: RangeInclusive<usize> = 256..=1 << 14;

impl<T: Real> Product<T> {
    /// Whether there is too little to do with a number of b for tiles.
    pub(super) fn is_narrow(&self) -> bool {
        let (m, k, _) = self.size;
        let lies = self.a_column == 1 && self.is_in_columns();
        self.panels.is_null() && (m < NARROW || lies && m <= ROWS_IN_PLACE && LONG.contains(&k))
    }

    /// Whether columns of b lie in one piece each, and not its rows.
    fn is_in_columns(&self) -> bool {
        self.b_row == 1 && (self.b_column != 1 || self.size.2 == 1)
    }

    /// Computes the product, unless tiles are as good: the numbers of b have neighbours in neither direction, or
    /// columns of a few, or those of a are many and have to be brought into order.
    #[inline(always)]
    pub(super) fn of_few_rows<S: Simd>(&self, simd: S) -> bool {
        let (m, k, _) = self.size;
        // SAFETY: `new`'s caller vouches for the operands.
        unsafe {
            match (self.is_in_columns(), m) {
                (true, _) if k < LANES || self.a_column != 1 && m * k > MOST => return false,
                (true, _) => self.along_columns(simd),
                (false, _) if self.b_column != 1 => return false,
                (false, 1) => self.along_rows::<S, 1>(simd),
                (false, 2) => self.along_rows::<S, 2>(simd),
                (false, _) => self.along_rows::<S, 3>(simd),
            }
        }
        true
    }

    /// `c[i][..] += a[i][p] · b[p][..]` for M rows, with the columns in pieces.
    ///
    /// # Safety
    /// The operands hold their elements.
    #[inline(always)]
    unsafe fn along_rows<S: Simd, const M: usize>(&self, simd: S) {
        let (_, k, n) = self.size;
        let piece = n.min(PIECE / M / size_of::<T>());
        let len = M * piece + PAGE / size_of::<T>();
        let mut room = pack::room(len * size_of::<T>());
        for j in (0..n).step_by(piece) {
            let columns = piece.min(n - j);
            let room = room.slice_mut::<T>(len);
            // Half a page from where the rows of b are, if pages were one: a CPU takes what it reads a little behind
            // what it has just written, one page or several on, for the same.
            let apart = (self.b.addr() + j * size_of::<T>() + PAGE / 2).wrapping_sub(room.as_ptr().addr()) % PAGE;
            let sums = &mut room[apart / size_of::<T>()..][..M * columns];
            sums.fill(T::ZERO);
            // SAFETY: the caller's promise: rows of b from p on, as many as there are, and of each these columns.
            unsafe {
                let row = |p: usize| self.b.add(p * self.b_row + j);
                let factor = |i: usize, p: usize| *self.a.add(i * self.a_row + p * self.a_column);
                let whole = k - k % ROWS;
                for p in (0..whole).step_by(ROWS) {
                    let mut factors = [[T::ZERO; ROWS]; M];
                    for (i, factors) in factors.iter_mut().enumerate() {
                        for (r, x) in factors.iter_mut().enumerate() {
                            *x = factor(i, p + r);
                        }
                    }
                    let rows = [row(p), row(p + 1), row(p + 2), row(p + 3)];
                    add(simd, factors, rows, columns, sums.as_mut_ptr());
                }
                for p in whole..k {
                    let mut factors = [[T::ZERO]; M];
                    for (i, factors) in factors.iter_mut().enumerate() {
                        factors[0] = factor(i, p);
                    }
                    add(simd, factors, [row(p)], columns, sums.as_mut_ptr());
                }
                for (i, sums) in sums.chunks_exact_mut(columns).enumerate() {
                    self.write(i, j, sums);
                }
            }
        }
        pack::keep(room);
    }

    /// `c[i][j] = a[i][..] · b[..][j]`, some rows and columns at a time.
    ///
    /// # Safety
    /// The operands hold their elements.
    #[inline(always)]
    unsafe fn along_columns<S: Simd>(&self, simd: S) {
        let (m, k, n) = self.size;
        // The rows of a in one piece each.
        let lies = self.a_column == 1;
        let mut room = (!lies).then(|| pack::room(m * k * size_of::<T>()));
        let copy = room.as_mut().map_or(&mut [][..], |room| room.slice_mut::<T>(m * k));
        // SAFETY: the caller's promise: columns of b from j on, as many as there are, and rows of a.
        unsafe {
            for (i, row) in copy.chunks_exact_mut(k).enumerate() {
                for (p, x) in row.iter_mut().enumerate() {
                    *x = *self.a.add(i * self.a_row + p * self.a_column);
                }
            }
            let a = if lies { (self.a, self.a_row) } else { (copy.as_ptr(), k) };
            let whole = n - n % COLUMNS;
            for j in (0..whole).step_by(COLUMNS) {
                self.columns::<S, COLUMNS>(simd, a, j);
            }
            for j in whole..n {
                self.columns::<S, 1>(simd, a, j);
            }
        }
        room.into_iter().for_each(pack::keep);
    }

    /// N columns of c.
    ///
    /// # Safety
    /// As for `along_columns`; rows of a from `a.0` on are `a.1` elements apart.
    #[inline(always)]
    unsafe fn columns<S: Simd, const N: usize>(&self, simd: S, a: (*const T, usize), j: usize) {
        let (m, k, _) = self.size;
        // SAFETY: the caller's promise.
        unsafe {
            let row = |i: usize| a.0.add(i * a.1);
            let columns: [*const T; N] = from_fn(|r| self.b.add((j + r) * self.b_column));
            let mut i = 0;
            // The registers of the widest vectors hold the sums of four rows.
            if LANES == T::count::<S>() {
                while i + 4 <= m {
                    let mut sums = dots::<T, S, 4, N>(simd, [row(i), row(i + 1), row(i + 2), row(i + 3)], columns, k);
                    self.write_all(i, j, &mut sums);
                    i += 4;
                }
                while i + 2 <= m {
                    let mut sums = dots::<T, S, 2, N>(simd, [row(i), row(i + 1)], columns, k);
                    self.write_all(i, j, &mut sums);
                    i += 2;
                }
            }
            while i < m {
                self.write_all(i, j, &mut dots::<T, S, 1, N>(simd, [row(i)], columns, k));
                i += 1;
            }
        }
    }

    /// Writes the sums of rows from row i of c on.
    ///
    /// # Safety
    /// c has these places.
    #[inline(always)]
    unsafe fn write_all<const M: usize, const N: usize>(&self, i: usize, j: usize, sums: &mut [[T; N]; M]) {
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { self.write(i + r, j, sums) };
        }
    }

    /// Writes sums to row i of c from column j on, added to what there is to add them to.
    ///
    /// # Safety
    /// c has these places.
    #[inline(always)]
    unsafe fn write(&self, i: usize, j: usize, sums: &mut [T]) {
        // SAFETY: the caller's promise; the bias has a number for each column.
        unsafe {
            let c = self.c.add(i * self.c_row + j * self.c_column);
            if !self.bias.is_null() {
                let bias = from_raw_parts(self.bias.add(j), sums.len());
                sums.iter_mut().zip(bias).for_each(|(sum, bias)| *sum = *bias + *sum);
            }
            if self.c_column == 1 {
                let c = from_raw_parts_mut(c, sums.len());
                match self.held {
                    true => c.iter_mut().zip(sums).for_each(|(c, sum)| *c += *sum),
                    false => c.copy_from_slice(sums),
                }
                return;
            }
            for (j, sum) in sums.iter().enumerate() {
                let c = c.add(j * self.c_column);
                *c = if self.held { *c + *sum } else { *sum };
            }
        }
    }
}

/// Adds N rows of so many columns to each of M sums, which lie one after the other, each times its factor.
///
/// # Safety
/// All of them have as many numbers.
#[inline(always)]
unsafe fn add<T: Real, S: Simd, const N: usize, const M: usize>(
    simd: S,
    factors: [[T; N]; M],
    rows: [*const T; N],
    columns: usize,
    sums: *mut T,
) {
    let vector = T::count::<S>();
    // Loops, not closures, which would not always be compiled with the instructions of this kernel.
    let zero = T::splat(simd, T::ZERO);
    let (mut splats, mut all) = ([[zero; N]; M], [zero; N]);
    for (splats, factors) in splats.iter_mut().zip(factors) {
        for (splat, factor) in splats.iter_mut().zip(factors) {
            *splat = T::splat(simd, factor);
        }
    }
    let (whole, fours) = (columns - columns % vector, columns - columns % 4);
    // SAFETY: places before `columns`, as the caller promises.
    unsafe {
        for j in (0..whole).step_by(vector) {
            for (x, row) in all.iter_mut().zip(rows) {
                *x = load::<T, S>(row.add(j));
            }
            for (m, splats) in splats.iter().enumerate() {
                let at = sums.add(m * columns + j);
                let mut sum = load::<T, S>(at);
                for r in 0..N {
                    sum = T::mul_add_all(simd, splats[r], all[r], sum);
                }
                store::<T, S>(sum, at);
            }
        }
        for j in (whole..fours).step_by(4) {
            for (m, factors) in factors.iter().enumerate() {
                some::<T, N, 4>(factors, rows, j, sums.add(m * columns + j));
            }
        }
        for j in whole.max(fours)..columns {
            for (m, factors) in factors.iter().enumerate() {
                some::<T, N, 1>(factors, rows, j, sums.add(m * columns + j));
            }
        }
    }
}

/// [`add`] for K columns from column j on.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn some<T: Real, const N: usize, const K: usize>(factors: &[T; N], rows: [*const T; N], j: usize, sums: *mut T) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sum = sums.cast::<[T; K]>().read_unaligned();
        for r in 0..N {
            let row = rows[r].add(j).cast::<[T; K]>().read_unaligned();
            for i in 0..K {
                sum[i] = factors[r].mul_add(row[i], sum[i]);
            }
        }
        sums.cast::<[T; K]>().write_unaligned(sum);
    }
}

/// The products of M rows with N columns of k numbers, each summed up in [`LANES`] lanes, and these by halves.
///
/// # Safety
/// All of them have k numbers.
#[inline(always)]
unsafe fn dots<T: Real, S: Simd, const M: usize, const N: usize>(
    simd: S,
    rows: [*const T; M],
    columns: [*const T; N],
    k: usize,
) -> [[T; N]; M] {
    // SAFETY: the caller's promise.
    let mut lanes = unsafe {
        match LANES / T::count::<S>() {
            1 => lanes::<T, S, M, N, 1>(simd, rows, columns, k),
            2 => lanes::<T, S, M, N, 2>(simd, rows, columns, k),
            4 => lanes::<T, S, M, N, 4>(simd, rows, columns, k),
            8 => lanes::<T, S, M, N, 8>(simd, rows, columns, k),
            _ => lanes::<T, S, M, N, LANES>(simd, rows, columns, k),
        }
    };
    let mut totals = [[T::ZERO; N]; M];
    for m in 0..M {
        for r in 0..N {
            let lanes = &mut lanes[m][r];
            for (lane, p) in lanes.iter_mut().zip(k - k % LANES..k) {
                // SAFETY: the caller's promise.
                let (x, y) = unsafe { (*rows[m].add(p), *columns[r].add(p)) };
                *lane = x.mul_add(y, *lane);
            }
            totals[m][r] = fold_run(Sum, lanes);
        }
    }
    totals
}

/// The sums of whole [`LANES`], which are P vectors.
///
/// # Safety
/// As for [`dots`].
#[inline(always)]
unsafe fn lanes<T: Real, S: Simd, const M: usize, const N: usize, const P: usize>(
    simd: S,
    rows: [*const T; M],
    columns: [*const T; N],
    k: usize,
) -> [[[T; LANES]; N]; M] {
    let vector = T::count::<S>();
    let mut parts = [[[T::splat(simd, T::ZERO); N]; M]; P];
    let mut lanes = [[[T::ZERO; LANES]; N]; M];
    // SAFETY: places before k, as the caller promises, and before LANES.
    unsafe {
        for p in (0..k - k % LANES).step_by(LANES) {
            for (part, sums) in parts.iter_mut().enumerate() {
                let at = p + part * vector;
                let mut all = [T::splat(simd, T::ZERO); N];
                for (y, column) in all.iter_mut().zip(columns) {
                    *y = load::<T, S>(column.add(at));
                }
                for (sums, row) in sums.iter_mut().zip(rows) {
                    let x = load::<T, S>(row.add(at));
                    for (sum, y) in sums.iter_mut().zip(all) {
                        *sum = T::mul_add_all(simd, x, y, *sum);
                    }
                }
            }
        }
        for (part, sums) in parts.into_iter().enumerate() {
            for (lanes, sums) in lanes.iter_mut().zip(sums) {
                for (lanes, sum) in lanes.iter_mut().zip(sums) {
                    store::<T, S>(sum, lanes.as_mut_ptr().add(part * vector));
                }
            }
        }
    }
    lanes
}
