//! Orthogonal times triangular, by Householder's reflections (Golub & Van Loan 2013, §5.2).

use super::super::gemm::Matrix;
use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::copy;
use super::reflections::{BLOCK, Block, Reflection, dot};
use super::rotations::unit;

/// `A = Q R` of an `m × n` matrix in rows. `into` gets Q and then R, both in rows: with `k = min(m, n)`, or `k = m` if
/// `complete`, `[m, k]` and `[k, n]`. A matrix that is not finite gives NaN. It runs on up to `threads` threads, and
/// has the same bits on any number.
pub fn qr<T: Real>(threads: usize, (m, n): (usize, usize), complete: bool, a: &[T], into: &mut [T]) {
    let least = m.min(n);
    let k = if complete { m } else { least };
    let (q, r) = into.split_at_mut(m * k);
    q.fill(T::ZERO);
    r.fill(T::ZERO);
    (0..k).for_each(|i| q[i * (k + 1)] = T::ONE);
    match Reflections::of(threads, (m, n), a, &mut r[..least * n]) {
        Some(reflections) => reflections.turn(threads, k, q),
        None => into.fill(T::NAN),
    }
}

/// Reflections whose product is Q, [`BLOCK`] at a time.
pub struct Reflections<T>(Vec<Block<T>>);

impl<T: Real> Reflections<T> {
    /// Those of an `m × n` matrix in rows, and the rows of R that are not 0, in the place of zeros. Nothing if the
    /// matrix is not finite.
    pub fn of(threads: usize, (m, n): (usize, usize), a: &[T], r: &mut [T]) -> Option<Reflections<T>> {
        let least = m.min(n);
        // Each column in a unit of its own: that leaves Q as it is, and of small columns all digits.
        let units = units(n, a)?;
        let mut rest = a.to_vec();
        for row in rest.chunks_exact_mut(n.max(1)) {
            row.iter_mut().zip(&units).for_each(|(x, unit)| *x = *x / *unit);
        }
        let mut blocks = Vec::new();
        for start in (0..least).step_by(BLOCK) {
            let (columns, height, width) = (BLOCK.min(least - start), m - start, n - start);
            let (mut panel, mut factors, mut lefts) = (vec![T::ZERO; columns * height], Vec::new(), Vec::new());
            copy(Matrix::rows(&rest, width).transposed(), height, &mut panel);
            vectorize(Panel { height, panel: &mut panel, factors: &mut factors, lefts: &mut lefts });
            let rows = r[start * n..].chunks_exact_mut(n);
            for (i, (row, left)) in rows.zip(lefts).enumerate() {
                row[start + i] = left;
                (i + 1..columns).for_each(|j| row[start + j] = std::mem::replace(&mut panel[j * height + i], T::ZERO));
            }
            let block = Block::new(panel, &factors);
            // What is beside the panel: the block's rows of it are R's, those below go on.
            let beside = width - columns;
            let mut others = Vec::with_capacity(height * beside);
            rest.chunks_exact(width).for_each(|row| others.extend_from_slice(&row[columns..]));
            block.turn(threads, true, beside, &mut others);
            rest = others.split_off(columns * beside);
            for (i, row) in others.chunks_exact(beside.max(1)).enumerate() {
                r[(start + i) * n + start + columns..(start + i + 1) * n].copy_from_slice(row);
            }
            blocks.push(block);
        }
        for row in r.chunks_exact_mut(n.max(1)) {
            row.iter_mut().zip(&units).for_each(|(x, unit)| *x = *x * *unit);
        }
        Some(Reflections(blocks))
    }

    /// `Q Z` in the place of Z, `[m, columns]` in rows.
    pub fn turn(&self, threads: usize, columns: usize, z: &mut [T]) {
        for (i, block) in self.0.iter().enumerate().rev() {
            block.turn(threads, false, columns, &mut z[i * BLOCK * columns..]);
        }
    }
}

/// The unit of each of n columns. Nothing if a number is not finite.
fn units<T: Real>(n: usize, a: &[T]) -> Option<Vec<T>> {
    a.iter().all(|x| x.is_finite()).then_some(())?;
    let mut most = vec![T::ZERO; n];
    for row in a.chunks_exact(n.max(1)) {
        most.iter_mut().zip(row).for_each(|(most, x)| *most = most.larger(x.abs()));
    }
    most.iter().map(|most| unit(std::slice::from_ref(most))).collect()
}

/// Reflects each column of a panel, which has them one after the other, onto its first numbers; the v of the
/// reflections are left in their places, and what they make of the diagonal in `lefts`.
struct Panel<'a, T> {
    height: usize,
    panel: &'a mut [T],
    factors: &'a mut Vec<T>,
    lefts: &'a mut Vec<T>,
}

impl<T: Real> Kernel for Panel<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Panel { height, panel, factors, lefts } = self;
        for c in 0..panel.len() / height {
            let (column, rest) = panel[c * height..].split_at_mut(height);
            let v = &mut column[c..];
            let Some(Reflection { factor, left }) = Reflection::of(v) else { unreachable!("no column is empty") };
            factors.push(factor);
            lefts.push(left);
            for other in rest.chunks_exact_mut(height) {
                let minus = -factor * dot(&other[c..], v);
                for (x, v) in other[c..].iter_mut().zip(&*v) {
                    *x = minus.mul_add(*v, *x);
                }
            }
        }
    }
}
