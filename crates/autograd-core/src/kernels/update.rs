//! An optimizer's pass over memory: parameter, gradient and state read once, parameter and state written once.

use super::nest::Nest;
use super::real::Real;
use super::simd::{Kernel, vectorize};
use crate::threads::parallel::{self, PIECE, for_pieces, for_rows, join, worth_sharing};

/// One element of an update rule with `S` numbers of state an element.
pub trait ElementRule<const S: usize>: Copy + Sync {
    /// The new parameter and state from the old parameter `p`, its gradient `g` and the old state; mark it
    /// `#[inline(always)]`.
    fn element<T: Real>(self, p: T, g: T, state: [T; S]) -> (T, [T; S]);
}

struct Update<'a, T, R, const S: usize> {
    rule: R,
    p: &'a mut [T],
    g: &'a [T],
    state: [&'a mut [T]; S],
}

impl<T: Real, R: ElementRule<S>, const S: usize> Kernel for Update<'_, T, R, S> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Update { rule, p, g, mut state } = self;
        let len = p.len();
        let g = &g[..len];
        for s in &mut state {
            *s = &mut std::mem::take(s)[..len];
        }
        for i in 0..len {
            let old = std::array::from_fn(|k| state[k][i]);
            let (new, kept) = rule.element(p[i], g[i], old);
            p[i] = new;
            for k in 0..S {
                state[k][i] = kept[k];
            }
        }
    }
}

/// Applies the rule to every element, in place. All slices have one length.
pub fn update<T: Real, R: ElementRule<S>, const S: usize>(rule: R, p: &mut [T], g: &[T], state: [&mut [T]; S]) {
    let len = p.len();
    assert!(g.len() == len && state.iter().all(|s| s.len() == len), "an update's slices differ in length");
    let threads = if worth_sharing(len) { parallel::threads() } else { 1 };
    update_on(threads, rule, p, g, state);
}

/// [`update`] on so many threads, an equal share on each.
fn update_on<T: Real, R: ElementRule<S>, const S: usize>(
    threads: usize,
    rule: R,
    p: &mut [T],
    g: &[T],
    state: [&mut [T]; S],
) {
    if threads < 2 || p.len() <= PIECE {
        vectorize(Update { rule, p, g, state });
    } else {
        let few = threads / 2;
        let half = (p.len() / threads * few).next_multiple_of(64);
        let (p0, p1) = p.split_at_mut(half);
        let (g0, g1) = g.split_at(half);
        let mut second: [&mut [T]; S] = std::array::from_fn(|_| Default::default());
        let mut first: [&mut [T]; S] = std::array::from_fn(|_| Default::default());
        for (k, s) in state.into_iter().enumerate() {
            (first[k], second[k]) = s.split_at_mut(half);
        }
        join(|| update_on(few, rule, p0, g0, first), || update_on(threads - few, rule, p1, g1, second));
    }
}

struct Accumulate<'a, T> {
    nest: &'a Nest<1>,
    x: &'a [T],
    sum: &'a mut [T],
    first: usize,
}

impl<T: Real> Kernel for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Accumulate { nest, x, sum, first } = self;
        let inner = nest.inner();
        let [stride] = nest.inner_strides();
        let mut walk = nest.rows(first);
        for sum in sum.chunks_exact_mut(inner) {
            let [i] = walk.step();
            if stride == 1 {
                for (sum, x) in sum.iter_mut().zip(&x[i..i + inner]) {
                    *sum += *x;
                }
            } else {
                for (k, sum) in sum.iter_mut().enumerate() {
                    *sum += x[i + k * stride];
                }
            }
        }
    }
}

/// `sum += x`, where `x` is walked by the nest and `sum` is contiguous.
pub fn accumulate<T: Real>(nest: &Nest<1>, x: &[T], sum: &mut [T]) {
    if sum.is_empty() {
        return;
    }
    if nest.is_flat() {
        for_pieces(sum, PIECE, |start, sum| {
            let nest = Nest::new(&[sum.len()], [&[1]]);
            vectorize(Accumulate { nest: &nest, x: &x[start..start + sum.len()], sum, first: 0 });
        });
    } else {
        let inner = nest.inner();
        for_rows(sum, inner, inner, |rows, sum| vectorize(Accumulate { nest, x, sum, first: rows.start }));
    }
}
