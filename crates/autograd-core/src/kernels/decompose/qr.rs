//! Orthogonal times triangular, by Householder's reflections (Golub & Van Loan 2013, §5.2).

use super::super::real::Real;
use super::super::simd::{Kernel, vectorize};
use super::reflections::{BLOCK, Block, Reflection, dot};
use super::rotations::unit;

/// `A = Q R` of an `m × n` matrix in rows. `into` gets Q and then R, both in rows: with `k = min(m, n)`, or `k = m` if
/// `complete`, `[m, k]` and `[k, n]`. A matrix that is not finite gives NaN. It runs on up to `threads` threads, and has the
/// same bits on any number.
pub fn qr<T: Real>(threads: usize, (m, n): (usize, usize), complete: bool, a: &[T], into: &mut [T]) {
    let least = m.min(n);
    let k = if complete { m } else { least };
    let (q, r) = into.split_at_mut(m * k);
    q.fill(T::ZERO);
    r.fill(T::ZERO);
    (0..k).for_each(|i| q[i * (k + 1)] = T::ONE);
    // Each column in a unit of its own: that leaves Q as it is, and of small columns all digits.
    let units: Option<Vec<T>> =
        (0..n).map(|j| unit(&a.iter().skip(j).step_by(n).copied().collect::<Vec<T>>())).collect();
    let Some(units) = units else {
        return into.fill(T::NAN);
    };
    let mut rest = a.to_vec();
    for row in rest.chunks_exact_mut(n.max(1)) {
        row.iter_mut().zip(&units).for_each(|(x, unit)| *x = *x / *unit);
    }
    let mut blocks = Vec::new();
    for start in (0..least).step_by(BLOCK) {
        let (columns, height) = (BLOCK.min(least - start), m - start);
        let (mut panel, mut factors, mut lefts) = (vec![T::ZERO; columns * height], Vec::new(), Vec::new());
        let width = n - start;
        for (j, column) in panel.chunks_exact_mut(height).enumerate() {
            column.iter_mut().zip(rest.iter().skip(j).step_by(width)).for_each(|(x, a)| *x = *a);
        }
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
    for (i, block) in blocks.iter().enumerate().rev() {
        block.turn(threads, false, k, &mut q[i * BLOCK * k..]);
    }
}

/// Reflects each column of a panel, which has them one after the other, onto its first numbers; the v of the reflections
/// are left in their places, and what they make of the diagonal in `lefts`.
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
