//! The norms for p = 1 and 2 of every row with every row, many at once, in the precision of the operands.
//!
//! Differences are rounded once, and no term of a norm is negative: nothing cancels. Sums are made of sums of [`TERMS`]
//! terms, so that their error stays within (`TERMS` + M / `TERMS`) / 2 units in the last place; the root halves it.

use super::{Distance, Metric};
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, Vectorized, vectorize_with};
use crate::kernels::transpose::turn;
use crate::threads::parallel::for_pieces;
use pulp::Simd;

/// Rows of the first operand that are compared at once.
const ROWS: usize = 4;

/// Vectors of rows of the second one.
const VECTORS: usize = 2;

/// Terms that are summed up one after the other.
const TERMS: usize = 32;

/// So many rows of the first operand share what is turned of the second.
const SHARE: usize = 64;

/// Fewest rows of either operand for which turning pays.
const LEAST: usize = 16;

/// Most elements of a row: with more, the sums would lose digits.
const WIDEST: usize = 4096;

/// Whether this file computes the norms of m rows with n rows.
pub(super) fn is_quick(metric: Metric, m: usize, n: usize, width: usize) -> bool {
    m >= LEAST && n >= LEAST && width <= WIDEST && metric.eps == 0.0 && (metric.p == 1.0 || metric.p == 2.0)
}

/// The norms of the differences of all pairs of rows in each batch.
pub(super) fn distances<T: Real>(of: Distance, sizes: [usize; 2], a: &[T], b: &[T], y: &mut [T]) {
    for_pieces(y, SHARE * sizes[1], |start, y| {
        vectorize_with(Abreast { of, sizes, a, b, first: start / sizes[1], y });
    });
}

/// Whole rows of pairs, those from `first` on: rows of the second operand are turned, and many of them are compared
/// with rows of the first at once, one in each lane.
struct Abreast<'a, T> {
    of: Distance,
    sizes: [usize; 2],
    a: &'a [T],
    b: &'a [T],
    first: usize,
    y: &'a mut [T],
}

impl<T: Real> Vectorized for Abreast<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Abreast { of, sizes: [m, n], a, b, first, y } = self;
        let Distance { width, metric, .. } = of;
        let many = VECTORS * T::count::<S>();
        let mut turned = vec![T::ZERO; width * many];
        let rows = y.len() / n;
        let mut done = 0;
        while done < rows {
            // The rows of one batch.
            let (row, batch) = (first + done, (first + done) / m);
            let count = (rows - done).min((batch + 1) * m - row);
            for column in (0..n).step_by(many) {
                let lanes = many.min(n - column);
                let others = &b[(batch * n + column) * width..][..lanes * width];
                turn(simd, [lanes, width], (others, width), (&mut turned, many));
                // A sum has a unit of its own in the CPU, beside the one that multiplies.
                turned.iter_mut().for_each(|x| *x = -*x);
                for i in (0..count).step_by(ROWS) {
                    // The last row is taken several times rather than left over.
                    let (mut own, mut at) = ([a; ROWS], [0; ROWS]);
                    for r in 0..ROWS {
                        let i = (i + r).min(count - 1);
                        own[r] = &a[(row + i) * width..][..width];
                        at[r] = (done + i) * n + column;
                    }
                    if metric.p == 2.0 {
                        sums::<T, S, true>(simd, own, &turned, (y, at, lanes));
                    } else {
                        sums::<T, S, false>(simd, own, &turned, (y, at, lanes));
                    }
                }
            }
            for i in 0..count {
                let (own, others) = (&a[(row + i) * width..][..width], &b[batch * n * width..][..n * width]);
                norms(of, own, others, &mut y[(done + i) * n..][..n]);
            }
            done += count;
        }
    }
}

/// The sums of squares of differences of some rows and those that are turned, with the other sign, or of magnitudes:
/// those of each row to its place in the numbers given, not more than so many.
#[inline(always)]
fn sums<T: Real, S: Simd, const SQUARES: bool>(
    simd: S,
    own: [&[T]; ROWS],
    turned: &[T],
    (to, at, lanes): (&mut [T], [usize; ROWS], usize),
) {
    let vector = T::count::<S>();
    let zero = T::splat(simd, T::ZERO);
    let mut all = [[zero; VECTORS]; ROWS];
    let mut start = 0;
    for others in turned.chunks(TERMS * VECTORS * vector) {
        let terms = others.len() / (VECTORS * vector);
        let own = own.each(|own| &own[start..start + terms]);
        let mut sums = [[zero; VECTORS]; ROWS];
        for (i, others) in others.chunks_exact(VECTORS * vector).enumerate() {
            let others = T::whole::<S>(others);
            for r in 0..ROWS {
                let a = T::splat(simd, own[r][i]);
                for v in 0..VECTORS {
                    let d = T::add_all(simd, others[v], a);
                    sums[r][v] = if SQUARES {
                        T::mul_add_all(simd, d, d, sums[r][v])
                    } else {
                        T::add_all(simd, T::abs_all(simd, d), sums[r][v])
                    };
                }
            }
        }
        for r in 0..ROWS {
            for v in 0..VECTORS {
                all[r][v] = T::add_all(simd, all[r][v], sums[r][v]);
            }
        }
        start += terms;
    }
    for r in 0..ROWS {
        let to = &mut to[at[r]..][..lanes];
        if lanes == VECTORS * vector {
            T::whole_mut::<S>(to).copy_from_slice(&all[r]);
        } else {
            to.chunks_mut(vector).zip(all[r]).for_each(|(to, sums)| T::store(simd, sums, to));
        }
    }
}

/// The norms of the differences of a row to others, from their sums; anew where a sum leaves the range of the dtype.
#[inline(always)]
fn norms<T: Real>(Distance { width, metric, .. }: Distance, own: &[T], others: &[T], y: &mut [T]) {
    let mut sure = true;
    for y in &mut *y {
        *y = if metric.p == 2.0 { y.sqrt() } else { *y };
        sure &= metric.is_sure_in(*y);
    }
    if sure {
        return;
    }
    for (j, y) in y.iter_mut().enumerate().filter(|(_, y)| !metric.is_sure_in(**y)) {
        *y = T::of(metric.norm(metric.differences(own, &others[j * width..][..width])));
    }
}
