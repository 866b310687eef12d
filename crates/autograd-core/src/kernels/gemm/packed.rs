//! A right operand that is packed once for many products.

use super::super::decompose::copy;
use super::super::real::Real;
use super::super::simd::{Vectorized, has_vectors, vectorize_with};
use super::plain::plain;
use super::product::Product;
use super::tiles::DEPTH;
use super::{Matrix, pack};
use pulp::Simd;

/// Columns of the widest strip of tiles.
const WIDEST: usize = 32;

/// The right operand `b: [k, n]` of products that follow each other, in the order in which their tiles read it.
#[derive(Clone, Copy)]
pub struct Packed<'a, T> {
    k: usize,
    n: usize,
    b: Matrix<'a, T>,
    /// b as tiles read it; in rows, where products do not go by tiles.
    panels: &'a [T],
}

impl<'a, T: Real> Packed<'a, T> {
    /// Elements of memory that it needs.
    pub fn room(k: usize, n: usize) -> usize {
        if has_vectors() { k * n.next_multiple_of(WIDEST) } else { k * n }
    }

    /// Packs `b: [k, n]` into `room`.
    ///
    /// # Panics
    /// If the matrix does not hold its elements, or the room is too small.
    pub fn new(size: (usize, usize), b: Matrix<'a, T>, room: &'a mut [T]) -> Packed<'a, T> {
        Packed::pack(size, b, room);
        Packed::of(size, b, room)
    }

    /// Writes what [`Packed::of`] takes.
    ///
    /// # Panics
    /// As `new`.
    pub fn pack((k, n): (usize, usize), b: Matrix<'_, T>, room: &mut [T]) {
        assert!(b.holds(k, n) && room.len() >= Packed::<T>::room(k, n), "a packed operand leaves its memory");
        if has_vectors() && k > 0 && n > 0 {
            vectorize_with(Panels { k, n, b, room });
        } else {
            copy(b, n, &mut room[..k * n]);
        }
    }

    /// `b: [k, n]`, of which [`Packed::pack`] has written the panels.
    ///
    /// # Panics
    /// As `new`.
    pub fn of((k, n): (usize, usize), b: Matrix<'a, T>, panels: &'a [T]) -> Packed<'a, T> {
        assert!(b.holds(k, n) && panels.len() >= Packed::<T>::room(k, n), "a packed operand leaves its memory");
        Packed { k, n, b, panels }
    }

    /// `c += a b` on this thread; `a: [m, k]` and `c: [m, n]` are contiguous. A row has the same bits whatever rows are
    /// multiplied with it.
    ///
    /// # Panics
    /// If the two do not have as many rows.
    pub fn add(&self, a: &[T], c: &mut [T]) {
        let Packed { k, n, b, panels } = *self;
        if k == 0 || n == 0 || c.is_empty() {
            return;
        }
        let m = c.len() / n;
        assert!(m * n == c.len() && m * k == a.len(), "a product of other sizes than its packed operand");
        let a = Matrix { data: a, row: k, column: 1 };
        if has_vectors() {
            // SAFETY: a and c have just been looked at, b and its panels by `of`.
            vectorize_with(unsafe { Product::with_panels((m, k, n), a, b, panels, c) });
        } else {
            plain(false, (k, n), a, Matrix::rows(panels, n), c);
        }
    }
}

/// The packing of all strips of columns, in blocks of depth.
struct Panels<'a, 'b, T> {
    k: usize,
    n: usize,
    b: Matrix<'a, T>,
    room: &'b mut [T],
}

impl<T: Real> Vectorized for Panels<'_, '_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Panels { k, n, b, room } = self;
        let (vector, most) = (T::count::<S>(), k.div_ceil(k.div_ceil(DEPTH)));
        let width = n.next_multiple_of(2 * vector);
        assert!(k * width <= room.len(), "strips leave their room");
        for start in (0..k).step_by(most) {
            let depth = most.min(k - start);
            for j in (0..n).step_by(2 * vector) {
                // SAFETY: `holds` vouches for b. The strips before have j columns of this depth, the blocks before
                // `start` steps of the whole width, and this strip has room for its columns rounded up to vectors.
                unsafe {
                    let from = b.data.as_ptr().add(start * b.row + j * b.column);
                    let to = room.as_mut_ptr().add(start * width + j * depth);
                    pack::strip::<T, S>(simd, depth, n - j, from, b.row, b.column, to);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_add_up_and_rows_do_not_depend_on_each_other() {
        let numbers = |n: usize, seed| -> Vec<f64> {
            (0..n).map(|i| (crate::kernels::random::bits_at(seed, i as u64) >> 40) as f64 / 1e7 - 0.8).collect()
        };
        for (m, k, n) in [(1, 1, 1), (3, 5, 7), (13, 33, 40), (4, 8, 32), (5, 1100, 35), (32, 128, 512), (2, 0, 3)] {
            let (a, b, start) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m * n, 3));
            let across: Vec<f64> = (0..n * k).map(|i| b[i % k * n + i / k]).collect();
            for b_lying in [Matrix { data: &b, row: n, column: 1 }, Matrix { data: &across, row: 1, column: k }] {
                let mut room = vec![0.0; Packed::<f64>::room(k, n)];
                let packed = Packed::new((k, n), b_lying, &mut room);
                let mut c = start.clone();
                packed.add(&a, &mut c);
                for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                    let exact = start[i * n + j] + (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum::<f64>();
                    assert!((c[i * n + j] - exact).abs() < 1e-12 * (k as f64 + 1.0), "{m} {k} {n}: ({i}, {j})");
                }
                let mut alone = start.clone();
                let rows = alone.chunks_exact_mut(n).enumerate();
                rows.for_each(|(i, c)| packed.add(&a[i * k..(i + 1) * k], c));
                assert!(alone.iter().zip(&c).all(|(a, b)| a.to_bits() == b.to_bits()), "{m} {k} {n}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "leaves its memory")]
    fn a_short_operand_is_refused() {
        let b = Matrix { data: &[1.0f32; 3], row: 2, column: 1 };
        Packed::new((2, 2), b, &mut [0.0; 128]);
    }
}
