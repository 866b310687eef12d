//! One step of the cells: gates to states, in passes over a row that each read few numbers.

use crate::kernels::real::Real;
use crate::kernels::simd::Kernel;

#[inline(always)]
fn sigmoid_all<T: Real>(x: &mut [T]) {
    for x in x {
        *x = x.sigmoid();
    }
}

#[inline(always)]
fn tanh_all<T: Real>(x: &mut [T]) {
    for x in x {
        *x = x.tanh();
    }
}

/// `h = tanh(h)`, or `relu(h)`; NaN passes.
pub(super) struct Plain<'a, T> {
    pub(super) h: &'a mut [T],
    pub(super) relu: bool,
}

impl<T: Real> Kernel for Plain<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        if !self.relu {
            return tanh_all(self.h);
        }
        for h in self.h {
            *h = if *h <= T::ZERO { T::ZERO } else { *h };
        }
    }
}

/// `c = σ(f) before + σ(i) tanh(g)`, `y = σ(o) tanh(c)`; the gates `[i, f, g, o]` become what is multiplied.
pub(super) struct Lstm<'a, T> {
    pub(super) hidden: usize,
    pub(super) gates: &'a mut [T],
    pub(super) before: &'a [T],
    pub(super) c: &'a mut [T],
    pub(super) y: &'a mut [T],
}

impl<T: Real> Kernel for Lstm<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Lstm { hidden, gates, before, c, y } = self;
        let rows = gates.chunks_exact_mut(4 * hidden).zip(before.chunks_exact(hidden));
        for ((gates, before), (c, y)) in rows.zip(c.chunks_exact_mut(hidden).zip(y.chunks_exact_mut(hidden))) {
            let (kept, rest) = gates.split_at_mut(2 * hidden);
            let (new, out) = rest.split_at_mut(hidden);
            sigmoid_all(kept);
            tanh_all(new);
            sigmoid_all(out);
            let (i, f) = kept.split_at(hidden);
            for ((c, before), ((i, f), new)) in c.iter_mut().zip(before).zip(i.iter().zip(f).zip(&*new)) {
                *c = *f * *before + *i * *new;
            }
            for ((y, c), out) in y.iter_mut().zip(&*c).zip(&*out) {
                *y = *out * c.tanh();
            }
        }
    }
}

/// `n = tanh(n + σ(r) s)`, `h = n + σ(z) (before − n)`, where the gates `[r, z, n]` are their input's part, and become
/// what is multiplied, `state` has their state's part, and `s` is the third of that.
pub(super) struct Gru<'a, T> {
    pub(super) hidden: usize,
    pub(super) gates: &'a mut [T],
    pub(super) state: &'a [T],
    pub(super) before: &'a [T],
    pub(super) s: &'a mut [T],
    pub(super) h: &'a mut [T],
}

impl<T: Real> Kernel for Gru<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Gru { hidden, gates, state, before, s, h } = self;
        let rows = gates.chunks_exact_mut(3 * hidden).zip(state.chunks_exact(3 * hidden));
        let others = before.chunks_exact(hidden).zip(s.chunks_exact_mut(hidden)).zip(h.chunks_exact_mut(hidden));
        for ((gates, state), ((before, s), h)) in rows.zip(others) {
            let (both, n) = gates.split_at_mut(2 * hidden);
            s.copy_from_slice(&state[2 * hidden..]);
            for (gate, state) in both.iter_mut().zip(state) {
                *gate += *state;
            }
            sigmoid_all(both);
            let (r, z) = both.split_at(hidden);
            for (n, (r, s)) in n.iter_mut().zip(r.iter().zip(&*s)) {
                *n = (*n + *r * *s).tanh();
            }
            for ((h, before), (n, z)) in h.iter_mut().zip(before).zip(n.iter().zip(z)) {
                *h = *n + *z * (*before - *n);
            }
        }
    }
}
