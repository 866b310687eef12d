//! The passes over the products of one tile.

use super::{Form, Mask, Norm};
use crate::kernels::random::bits_at;
use crate::kernels::real::Real;
use crate::kernels::reduce::{Fold, Largest, Sum, fold_run};
use crate::kernels::simd::Kernel;
use std::ops::Range;

/// The place of a tile.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) head: usize,
    pub(super) query: usize,
    pub(super) keys: Range<usize>,
}

/// Adds the mask to the products of query `i` of the tile, and takes out the keys that it does not see.
#[inline(always)]
fn masked<T: Real>(form: &Form, mask: Mask<'_, T>, place: &Place, i: usize, mut x: &mut [T]) {
    let query = place.query + i;
    if form.causal {
        let seen = (query + 1).saturating_sub(place.keys.start).min(x.len());
        // What is added is not read there: it may be NaN.
        let (before, after) = x.split_at_mut(seen);
        after.fill(T::NEG_INFINITY);
        x = before;
    }
    let Some(heads) = &form.mask else { return };
    let (at, step) = (heads.starts[place.head] + query * heads.row + place.keys.start * heads.column, heads.column);
    match mask {
        Mask::None => (),
        Mask::Added(mask) if step == 1 => x.iter_mut().zip(&mask[at..]).for_each(|(x, mask)| *x += *mask),
        Mask::Added(mask) => x.iter_mut().enumerate().for_each(|(j, x)| *x += mask[at + j * step]),
        Mask::Seen(mask) if step == 1 => {
            x.iter_mut().zip(&mask[at..]).for_each(|(x, seen)| *x = T::select(*seen != 0, *x, T::NEG_INFINITY));
        }
        Mask::Seen(mask) => {
            let see = |(j, x): (usize, &mut T)| *x = T::select(mask[at + j * step] != 0, *x, T::NEG_INFINITY);
            x.iter_mut().enumerate().for_each(see);
        }
    }
}

/// The value to subtract before exponentials: the maximum, or 0 where that is −∞, of which nothing can be subtracted.
#[inline(always)]
fn shift<T: Real>(m: T) -> T {
    if m == T::NEG_INFINITY { T::ZERO } else { m }
}

/// Rows that go through a pass together.
const ROWS: usize = 16;

/// Products become `e^(x − m)`, with the maximum m of this tile and those before it; `corrections` are the factors of
/// what was computed with the maximum before.
pub(super) struct Exponentials<'a, T> {
    pub(super) form: &'a Form,
    pub(super) mask: Mask<'a, T>,
    pub(super) place: &'a Place,
    pub(super) x: &'a mut [T],
    pub(super) norms: &'a mut [Norm<T>],
    pub(super) corrections: &'a mut [T],
}

impl<T: Real> Kernel for Exponentials<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Exponentials { form, mask, place, x, norms, corrections } = self;
        let n = place.keys.len();
        // One pass after the other over a few rows: within a row, each would wait for the one before.
        let groups = x.chunks_mut(ROWS * n).zip(norms.chunks_mut(ROWS)).zip(corrections.chunks_mut(ROWS));
        for (group, ((x, norms), corrections)) in groups.enumerate() {
            let mut shifts = [T::ZERO; ROWS];
            for (r, (x, [m, _])) in x.chunks_exact_mut(n).zip(norms.iter_mut()).enumerate() {
                masked(form, mask, place, group * ROWS + r, x);
                corrections[r] = *m;
                *m = Largest.join(*m, fold_run(Largest, x));
                shifts[r] = shift(*m);
            }
            for (correction, shift) in corrections.iter_mut().zip(shifts) {
                *correction = (*correction - shift).exp();
            }
            for (x, shift) in x.chunks_exact_mut(n).zip(shifts) {
                for x in x.iter_mut() {
                    *x = (*x - shift).exp();
                }
            }
            for ((x, [_, sum]), correction) in x.chunks_exact(n).zip(norms).zip(corrections) {
                *sum = *sum * *correction + fold_run(Sum, x);
            }
        }
    }
}

/// Products become weights, by the norms of all keys.
pub(super) struct Weights<'a, T> {
    pub(super) form: &'a Form,
    pub(super) mask: Mask<'a, T>,
    pub(super) place: &'a Place,
    pub(super) x: &'a mut [T],
    pub(super) norms: &'a [Norm<T>],
}

impl<T: Real> Kernel for Weights<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Weights { form, mask, place, x, norms } = self;
        for (i, (x, [m, sum])) in x.chunks_exact_mut(place.keys.len()).zip(norms).enumerate() {
            masked(form, mask, place, i, x);
            let (shift, factor) = (shift(*m), inverse(*sum));
            for x in x.iter_mut() {
                *x = (*x - shift).exp() * factor;
            }
        }
    }
}

/// 1/x, and 0 for a query that sees nothing.
#[inline(always)]
pub(super) fn inverse<T: Real>(sum: T) -> T {
    if sum == T::ZERO { T::ZERO } else { T::ONE / sum }
}

/// Which weights are dropped, and what the others are divided by.
#[derive(Clone, Copy)]
pub(super) struct Dropout<T> {
    seed: u64,
    drop_below: u64,
    kept: T,
}

impl<T: Real> Dropout<T> {
    /// The same as dropout of the tensor of all weights with this seed; none where nothing is dropped.
    pub(super) fn new(seed: u64, p: f64) -> Option<Dropout<T>> {
        let drop_below = (p * (1u64 << 53) as f64).round() as u64;
        (p > 0.0).then(|| Dropout { seed, drop_below, kept: T::of(1.0 - p) })
    }

    /// What a weight becomes, and its gradient.
    #[inline(always)]
    fn of(self, x: T, at: u64) -> T {
        let dropped = (bits_at(self.seed, at) >> 11) < self.drop_below;
        if dropped { x * T::ZERO } else { x / self.kept }
    }

    /// The number of the first weight of query `i` of a tile.
    #[inline(always)]
    fn first(form: &Form, place: &Place, i: usize) -> u64 {
        ((place.head * form.queries + place.query + i) as u64).wrapping_mul(form.keys as u64) + place.keys.start as u64
    }
}

/// Drops weights.
pub(super) struct Drop<'a, T> {
    pub(super) form: &'a Form,
    pub(super) place: &'a Place,
    pub(super) dropout: Dropout<T>,
    pub(super) x: &'a mut [T],
}

impl<T: Real> Kernel for Drop<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Drop { form, place, dropout, x } = self;
        for (i, x) in x.chunks_exact_mut(place.keys.len()).enumerate() {
            let first = Dropout::<T>::first(form, place, i);
            x.iter_mut().zip(first..).for_each(|(x, at)| *x = dropout.of(*x, at));
        }
    }
}

/// The gradients of weights become those of products, `p (gp − Σ gp p)`. Weights become what dropout leaves of them.
pub(super) struct Pull<'a, T> {
    pub(super) form: &'a Form,
    pub(super) place: &'a Place,
    pub(super) dropout: Option<Dropout<T>>,
    pub(super) p: &'a mut [T],
    pub(super) gp: &'a mut [T],
    pub(super) sums: Sums<'a, T>,
}

/// The sums `Σ gp p` over all keys.
pub(super) enum Sums<'a, T> {
    /// One for each query, where there are more keys than those of the tile.
    Of(&'a [T]),
    /// To be made of the tile, in a room for one row: so a query that sees one key has a gradient of exactly 0.
    Open(&'a mut [T]),
}

impl<T: Real> Kernel for Pull<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Pull { form, place, dropout, p, gp, mut sums } = self;
        let width = place.keys.len();
        let rows = p.chunks_exact_mut(width).zip(gp.chunks_exact_mut(width));
        for (i, (p, gp)) in rows.enumerate() {
            let first = Dropout::<T>::first(form, place, i);
            if let Some(dropout) = dropout {
                gp.iter_mut().zip(first..).for_each(|(gp, at)| *gp = dropout.of(*gp, at));
            }
            let sum = match &mut sums {
                Sums::Of(sums) => sums[i],
                Sums::Open(room) => {
                    room.iter_mut().zip(p.iter().zip(gp.iter())).for_each(|(x, (p, gp))| *x = *p * *gp);
                    fold_run(Sum, &room[..width])
                }
            };
            gp.iter_mut().zip(p.iter()).for_each(|(gp, p)| *gp = *p * (*gp - sum));
            if let Some(dropout) = dropout {
                p.iter_mut().zip(first..).for_each(|(p, at)| *p = dropout.of(*p, at));
            }
        }
    }
}

/// `y = y · factor + x`, with one factor for each row.
pub(super) struct Correct<'a, T> {
    pub(super) y: &'a mut [T],
    pub(super) x: &'a [T],
    pub(super) factors: &'a [T],
    pub(super) width: usize,
}

impl<T: Real> Kernel for Correct<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let rows = self.y.chunks_exact_mut(self.width).zip(self.x.chunks_exact(self.width));
        for ((y, x), factor) in rows.zip(self.factors) {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = *y * *factor + *x);
        }
    }
}

/// `y += x`
pub(super) struct Add<'a, T> {
    pub(super) y: &'a mut [T],
    pub(super) x: &'a [T],
}

impl<T: Real> Kernel for Add<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.y.iter_mut().zip(self.x).for_each(|(y, x)| *y += *x);
    }
}

/// `Σ a b` of each row.
pub(super) struct Dots<'a, T> {
    pub(super) a: &'a [T],
    pub(super) b: &'a [T],
    pub(super) width: usize,
    pub(super) room: &'a mut [T],
    pub(super) dots: &'a mut [T],
}

impl<T: Real> Kernel for Dots<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Dots { a, b, width, room, dots } = self;
        for ((a, b), dot) in a.chunks_exact(width).zip(b.chunks_exact(width)).zip(dots) {
            let room = &mut room[..width];
            room.iter_mut().zip(a.iter().zip(b)).for_each(|(x, (a, b))| *x = *a * *b);
            *dot = fold_run(Sum, room);
        }
    }
}
