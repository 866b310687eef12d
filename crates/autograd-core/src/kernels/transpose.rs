//! The transposition of small square blocks in registers, to which packing a transposed operand comes down, and of
//! whole matrices by such blocks.

use crate::kernels::simd::{Each, from_fn};
use crate::storage::block::Plain;
use pulp::Simd;

/// The proof that this CPU has AVX: only [`Avx::of`] makes one.
#[derive(Clone, Copy)]
pub struct Avx(());

impl Avx {
    /// The proof, from an instruction set that has AVX and whose value `pulp` makes only where it has found it. The
    /// number of lanes would not do: a set may have eight without AVX.
    #[inline(always)]
    pub fn of<S: Simd>(_found: S) -> Option<Avx> {
        #[cfg(target_arch = "x86_64")]
        {
            use pulp::x86::{V3, V4};
            use std::any::TypeId;
            if TypeId::of::<S>() == TypeId::of::<V3>() || TypeId::of::<S>() == TypeId::of::<V4>() {
                return Some(Avx(()));
            }
        }
        None
    }
}

/// The number of rows and columns of a block, for elements of this size.
pub const fn side<T>(avx: Option<Avx>) -> usize {
    if avx.is_some() && size_of::<T>() == 4 { 8 } else { 4 }
}

/// Element `(i, j)` of the block at `from` goes to `(j, i)` of the block at `to`; rows are `row` and `to_row` elements
/// apart.
///
/// # Safety
/// Both blocks have [`side`] rows and columns.
#[inline(always)]
pub unsafe fn transpose<T: Plain>(avx: Option<Avx>, from: *const T, row: usize, to: *mut T, to_row: usize) {
    // SAFETY: as the caller promises; any four bytes can be moved as an f32.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if let (Some(avx), 8) = (avx, side::<T>(avx)) {
            return eight(avx, from.cast(), row, to.cast(), to_row);
        }
        let rows: [[T; 4]; 4] = from_fn(|i| from.add(i * row).cast::<[T; 4]>().read_unaligned());
        for j in 0..4 {
            to.add(j * to_row).cast::<[T; 4]>().write_unaligned(rows.each(|row| row[j]));
        }
    }
}

/// Eight rows of eight numbers of four bytes, in three rounds that exchange neighbours, pairs and halves. The compiler,
/// left alone, moves one number at a time, which takes twice as long.
///
/// # Safety
/// As for [`transpose`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn eight(_: Avx, from: *const f32, row: usize, to: *mut f32, to_row: usize) {
    use std::arch::x86_64::{
        __m256, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_unpackhi_ps,
        _mm256_unpacklo_ps,
    };
    // SAFETY: as the caller promises; the CPU has AVX.
    unsafe {
        let rows: [__m256; 8] = from_fn(|i| _mm256_loadu_ps(from.add(i * row)));
        // In each half: a0 b0 a1 b1, a2 b2 a3 b3 for rows a and b.
        let pairs: [__m256; 8] = from_fn(|i| {
            let (a, b) = (rows[i / 2 * 2], rows[i / 2 * 2 + 1]);
            if i % 2 == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) }
        });
        // In each half: a0 b0 c0 d0 for rows a, b, c and d; then 1, 2 and 3.
        let fours: [__m256; 8] = from_fn(|i| {
            let (ab, cd) = (pairs[i / 4 * 4 + i % 4 / 2], pairs[i / 4 * 4 + i % 4 / 2 + 2]);
            if i % 2 == 0 { _mm256_shuffle_ps::<0x44>(ab, cd) } else { _mm256_shuffle_ps::<0xee>(ab, cd) }
        });
        for i in 0..4 {
            let (upper, lower) = (fours[i], fours[i + 4]);
            _mm256_storeu_ps(to.add(i * to_row), _mm256_permute2f128_ps::<0x20>(upper, lower));
            _mm256_storeu_ps(to.add((i + 4) * to_row), _mm256_permute2f128_ps::<0x31>(upper, lower));
        }
    }
}

/// `to[j * to_row + i] = from[i * row + j]` for `rows` × `columns` elements, in blocks, of which the last ones overlap
/// those before; one by one if there are too few for a block.
#[inline(always)]
pub fn turn<T: Plain, S: Simd>(
    simd: S,
    [rows, columns]: [usize; 2],
    (from, row): (&[T], usize),
    (to, to_row): (&mut [T], usize),
) {
    let avx = Avx::of(simd);
    let side = side::<T>(avx);
    if rows < side || columns < side {
        for i in 0..rows {
            for j in 0..columns {
                to[j * to_row + i] = from[i * row + j];
            }
        }
        return;
    }
    let end = |lines: usize, line: usize, len: usize| (lines - 1).saturating_mul(line).saturating_add(len);
    assert!(
        end(rows, row, columns) <= from.len() && end(columns, to_row, rows) <= to.len(),
        "a matrix beyond its slice"
    );
    for j in (0..columns).step_by(side) {
        let j = j.min(columns - side);
        for i in (0..rows).step_by(side) {
            let i = i.min(rows - side);
            let (from, to) = (&from[i * row + j..], &mut to[j * to_row + i..]);
            // SAFETY: the block ends within the matrix, which both slices hold.
            unsafe { transpose(avx, from.as_ptr(), row, to.as_mut_ptr(), to_row) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::{Vectorized, vectorize_with};

    struct Turn<'a, T>([usize; 2], (&'a [T], usize), (&'a mut [T], usize));

    impl<T: Plain> Vectorized for Turn<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            turn(simd, self.0, self.1, self.2);
        }
    }

    fn turned<T: Plain + PartialEq + std::fmt::Debug>(of: impl Fn(usize) -> T) {
        for (rows, columns) in [(1, 1), (3, 20), (4, 4), (8, 8), (16, 14), (9, 33), (12, 5), (40, 7)] {
            let (row, to_row) = (columns + 3, rows + 1);
            let from: Vec<T> = (0..rows * row).map(&of).collect();
            let mut to: Vec<T> = (0..columns * to_row).map(|_| of(usize::MAX)).collect();
            vectorize_with(Turn([rows, columns], (&from, row), (&mut to, to_row)));
            for (at, x) in to.iter().enumerate() {
                let (j, i) = (at / to_row, at % to_row);
                let expected = if i < rows { from[i * row + j] } else { of(usize::MAX) };
                assert_eq!(*x, expected, "{rows} {columns} {i} {j}");
            }
        }
    }

    #[test]
    fn matrices_of_any_size_are_turned() {
        turned(|i| i as f32);
        turned(|i| i as f64);
        turned(|i| i as u8);
    }
}
