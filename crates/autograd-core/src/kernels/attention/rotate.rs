//! The rotation of pairs of features by angles that grow with the position.

use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, vectorize};
use crate::threads::parallel::for_rows;

/// Which features are pairs, and the direction.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// Features of a row.
    pub features: usize,
    /// The first features of a row, which are rotated; the others stay.
    pub rotated: usize,
    /// Whether neighbours are a pair, instead of one of the first and one of the second half.
    pub interleaved: bool,
    /// Whether it is the rotation back.
    pub inverse: bool,
}

struct Turns<'a> {
    base: f64,
    offset: f64,
    positions: &'a [i64],
    pairs: usize,
    turns: &'a mut [[f64; 2]],
}

impl Kernel for Turns<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Turns { base, offset, positions, pairs, turns } = self;
        let step = |i: usize| base.powf(-(i as f64) / pairs as f64);
        let steps: Vec<f64> = (0..pairs).map(step).collect();
        for (turns, position) in turns.chunks_exact_mut(pairs).zip(positions) {
            let position = *position as f64 + offset;
            for (turn, step) in turns.iter_mut().zip(&steps) {
                let angle = position * step;
                *turn = [angle.cos_near(), angle.sin_near()];
            }
            let last = turns.len() - 1;
            if position.abs() * steps[0].max(steps[last]) > f64::TRIG_LIMIT {
                for (turn, step) in turns.iter_mut().zip(&steps) {
                    let (sin, cos) = (position * step).sin_cos();
                    *turn = [cos, sin];
                }
            }
        }
    }
}

/// Cosine and sine of the angles `(position + offset) · base^(−i / pairs)`.
pub fn turns(base: f64, offset: f64, positions: &[i64], pairs: usize, turns: &mut [[f64; 2]]) {
    if pairs > 0 {
        vectorize(Turns { base, offset, positions, pairs, turns });
    }
}

struct Rotate<'a, T> {
    rotation: Rotation,
    turns: &'a [[f64; 2]],
    of_row: &'a [usize],
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel for Rotate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Rotate { rotation: Rotation { features, rotated, interleaved, inverse }, turns, of_row, x, y } = self;
        let pairs = rotated / 2;
        let sign = if inverse { -1.0 } else { 1.0 };
        for ((x, y), row) in x.chunks_exact(features).zip(y.chunks_exact_mut(features)).zip(of_row) {
            let turns = &turns[row * pairs..][..pairs];
            let (x, x_rest) = x.split_at(rotated);
            let (y, y_rest) = y.split_at_mut(rotated);
            y_rest.copy_from_slice(x_rest);
            let turn = |[cos, sin]: [f64; 2], a: T, b: T| {
                let (cos, sin) = (T::of(cos), T::of(sin * sign));
                (a * cos - b * sin, b * cos + a * sin)
            };
            if interleaved {
                let (x, y) = (x.as_chunks::<2>().0, y.as_chunks_mut::<2>().0);
                for ((x, y), angle) in x.iter().zip(y).zip(turns) {
                    (y[0], y[1]) = turn(*angle, x[0], x[1]);
                }
            } else {
                let ((a, b), (first, second)) = (x.split_at(pairs), y.split_at_mut(pairs));
                for (((a, b), (first, second)), angle) in a.iter().zip(b).zip(first.iter_mut().zip(second)).zip(turns) {
                    (*first, *second) = turn(*angle, *a, *b);
                }
            }
        }
    }
}

/// Rotates every row; `of_row` says which run of [`turns`] it is rotated by.
pub fn rotate<T: Real>(rotation: Rotation, turns: &[[f64; 2]], of_row: &[usize], x: &[T], y: &mut [T]) {
    let features = rotation.features;
    for_rows(y, features, features, |rows, y| {
        let x = &x[rows.start * features..rows.end * features];
        vectorize(Rotate { rotation, turns, of_row: &of_row[rows], x, y });
    });
}
