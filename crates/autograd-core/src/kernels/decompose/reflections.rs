//! Householder's reflections: one that leaves a single number of a vector, and the product of many.

use super::super::gemm::{Matrix, gemm, gemm_add};
use super::super::real::Real;
use super::super::sums::sums_of;

/// So many reflections go over vectors as one product.
pub const BLOCK: usize = 32;

/// `I − f v vᵀ`, with 1 at the beginning of v.
pub struct Reflection<T> {
    /// f.
    pub factor: T,
    /// What it makes of the first number; the others become 0.
    pub left: T,
}

impl<T: Real> Reflection<T> {
    /// That of x, in the place of which v is; none of nothing. It is called inside a vectorised kernel.
    #[inline(always)]
    pub fn of(x: &mut [T]) -> Option<Reflection<T>> {
        let (head, rest) = x.split_first_mut()?;
        let size = rest.iter().fold(T::ZERO, |most, x| most.larger(x.abs()));
        let first = std::mem::replace(head, T::ONE);
        if size == T::ZERO {
            return Some(Reflection { factor: T::ZERO, left: first });
        }
        // Squares of the smallest numbers have no digits: all are taken at a size near 1.
        let size = size.larger(first.abs());
        let start = first / size;
        rest.iter_mut().for_each(|x| *x = *x / size);
        let norm = start.mul_add(start, dot(rest, rest)).sqrt();
        let top = norm + start.abs();
        let below = T::ONE / top.copysign(start);
        rest.iter_mut().for_each(|x| *x = *x * below);
        Some(Reflection { factor: top / norm, left: -(norm * size).copysign(first) })
    }
}

/// The sum of products; it is called inside a vectorised kernel.
#[inline(always)]
pub fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    sums_of([a, b], |[a, b]| [a * b])[0]
}

/// The product of some reflections as `I − V S Vᵀ` (Schreiber & Van Loan 1989).
pub struct Block<T> {
    /// How many there are.
    count: usize,
    /// Vᵀ, in rows.
    v: Vec<T>,
    /// −S, an upper triangle.
    s: Vec<T>,
}

impl<T: Real> Block<T> {
    /// Of the v of reflections, in rows, and their factors.
    pub fn new(v: Vec<T>, factors: &[T]) -> Block<T> {
        let count = factors.len();
        let rows = Matrix::rows(&v, v.len() / count);
        let mut inner = vec![T::ZERO; count * count];
        gemm(1, (count, v.len() / count, count), rows, rows.transposed(), None, &mut inner);
        let mut s = vec![T::ZERO; count * count];
        for (j, factor) in factors.iter().enumerate() {
            for i in 0..j {
                let sum = (i..j).fold(T::ZERO, |sum, l| sum + s[i * count + l] * inner[l * count + j]);
                s[i * count + j] = -sum * *factor;
            }
            s[j * count + j] = -*factor;
        }
        Block { count, v, s }
    }

    /// The product, or the transposed one, with Z in the place of Z, in rows of so many columns.
    pub fn turn(&self, threads: usize, transposed: bool, columns: usize, z: &mut [T]) {
        let Block { count, ref v, ref s } = *self;
        let m = v.len() / count;
        let (rows, s) = (Matrix::rows(v, m), Matrix::rows(s, count));
        let (mut along, mut step) = (vec![T::ZERO; count * columns], vec![T::ZERO; count * columns]);
        gemm(threads, (count, m, columns), rows, Matrix::rows(z, columns), None, &mut along);
        let s = if transposed { s.transposed() } else { s };
        gemm(threads, (count, count, columns), s, Matrix::rows(&along, columns), None, &mut step);
        gemm_add(threads, (m, count, columns), rows.transposed(), Matrix::rows(&step, columns), z);
    }
}

/// `Q Z` in the place of `Z`, `[n, columns]` in rows, where Q is the product of reflections: the v of the k-th one,
/// `vector(k)`, is from place `k + start` on.
pub fn turn_back<'a, T: Real>(
    threads: usize,
    (start, factors): (usize, &[T]),
    vector: impl Fn(usize) -> &'a [T],
    columns: usize,
    z: &mut [T],
) {
    let n = z.len() / columns.max(1);
    for first in (0..factors.len()).step_by(BLOCK).rev() {
        let factors = &factors[first..factors.len().min(first + BLOCK)];
        let m = n - first - start;
        let mut v = vec![T::ZERO; factors.len() * m];
        v.chunks_exact_mut(m).enumerate().for_each(|(i, v)| v[i..].copy_from_slice(vector(first + i)));
        Block::new(v, factors).turn(threads, false, columns, &mut z[(first + start) * columns..]);
    }
}
