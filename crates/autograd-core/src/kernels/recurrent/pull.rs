//! One step of the cells backward, in passes over a row that each read few numbers.

use super::runs;
use crate::kernels::real::Real;
use crate::kernels::simd::Kernel;

/// Which rows have a step: those of `lengths` above it.
#[derive(Clone, Copy)]
pub(super) struct Running<'a> {
    pub(super) lengths: Option<&'a [i64]>,
    pub(super) step: usize,
}

impl Running<'_> {
    #[inline(always)]
    fn has(self, row: usize) -> bool {
        runs(self.lengths, row, self.step)
    }
}

/// The gradient of the state after a step: what comes from the steps after it, `carry`, and from outside. It stays in
/// `dh` where the row has the step, and goes on to the state before where not: into `carry`, which else becomes 0.
pub(super) struct Arrive<'a, T> {
    pub(super) width: usize,
    pub(super) running: Running<'a>,
    pub(super) outside: &'a [T],
    /// That of the output, if it is not the state itself.
    pub(super) shown: Option<&'a [T]>,
    pub(super) carry: &'a mut [T],
    pub(super) dh: &'a mut [T],
}

impl<T: Real> Kernel for Arrive<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Arrive { width, running, outside, shown, carry, dh } = self;
        for ((dh, carry), outside) in dh.iter_mut().zip(&*carry).zip(outside) {
            *dh = *carry + *outside;
        }
        let Some(shown) = shown else { return carry.fill(T::ZERO) };
        let rows = dh.chunks_exact_mut(width).zip(carry.chunks_exact_mut(width)).zip(shown.chunks_exact(width));
        for (row, ((dh, carry), shown)) in rows.enumerate() {
            if running.has(row) {
                dh.iter_mut().zip(shown).for_each(|(dh, shown)| *dh += *shown);
                carry.fill(T::ZERO);
            } else {
                carry.copy_from_slice(dh);
                dh.fill(T::ZERO);
            }
        }
    }
}

/// `d = dh (1 − h²)`, or `dh` where the rectified h is above 0.
pub(super) struct Plain<'a, T> {
    pub(super) relu: bool,
    pub(super) h: &'a [T],
    pub(super) dh: &'a [T],
    pub(super) d: &'a mut [T],
}

impl<T: Real> Kernel for Plain<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let all = self.d.iter_mut().zip(self.dh.iter().zip(self.h));
        if self.relu {
            for (d, (dh, h)) in all {
                *d = if *h <= T::ZERO { T::ZERO } else { *dh };
            }
        } else {
            for (d, (dh, h)) in all {
                *d = *dh * (T::ONE - *h * *h);
            }
        }
    }
}

/// The gradients of the gates of an LSTM; `dc` becomes that of the cell before.
pub(super) struct Lstm<'a, T> {
    pub(super) hidden: usize,
    pub(super) running: Running<'a>,
    pub(super) gates: &'a [T],
    pub(super) before: &'a [T],
    pub(super) c: &'a [T],
    pub(super) dy: &'a [T],
    pub(super) dc: &'a mut [T],
    pub(super) d: &'a mut [T],
    /// Room for one row.
    pub(super) room: &'a mut [T],
}

impl<T: Real> Kernel for Lstm<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Lstm { hidden, running, gates, before, c, dy, dc, d, room } = self;
        let rows = gates.chunks_exact(4 * hidden).zip(before.chunks_exact(hidden)).zip(c.chunks_exact(hidden));
        let made = d.chunks_exact_mut(4 * hidden).zip(dc.chunks_exact_mut(hidden)).zip(dy.chunks_exact(hidden));
        for (row, (((gates, before), c), ((d, dc), dy))) in rows.zip(made).enumerate() {
            if !running.has(row) {
                d.fill(T::ZERO);
                continue;
            }
            let (kept, rest) = gates.split_at(2 * hidden);
            let ((i, f), (g, o)) = (kept.split_at(hidden), rest.split_at(hidden));
            let (d_kept, d_rest) = d.split_at_mut(2 * hidden);
            let ((di, df), (dg, d_o)) = (d_kept.split_at_mut(hidden), d_rest.split_at_mut(hidden));
            let tanh = &mut room[..hidden];
            for (tanh, c) in tanh.iter_mut().zip(c) {
                *tanh = c.tanh();
            }
            for ((dc, dy), (o, tanh)) in dc.iter_mut().zip(dy).zip(o.iter().zip(&*tanh)) {
                *dc += *dy * *o * (T::ONE - *tanh * *tanh);
            }
            for ((d, dy), (o, tanh)) in d_o.iter_mut().zip(dy).zip(o.iter().zip(&*tanh)) {
                *d = *dy * *tanh * (*o * (T::ONE - *o));
            }
            for ((d, dc), (i, g)) in di.iter_mut().zip(&*dc).zip(i.iter().zip(g)) {
                *d = *dc * *g * (*i * (T::ONE - *i));
            }
            for ((d, dc), (i, g)) in dg.iter_mut().zip(&*dc).zip(i.iter().zip(g)) {
                *d = *dc * *i * (T::ONE - *g * *g);
            }
            for ((d, dc), (f, before)) in df.iter_mut().zip(&*dc).zip(f.iter().zip(before)) {
                *d = *dc * *before * (*f * (T::ONE - *f));
            }
            for (dc, f) in dc.iter_mut().zip(f) {
                *dc = *dc * *f;
            }
        }
    }
}

/// The gradients of the gates of a GRU: `d` of their input's part, `state` of their state's part; `carry` becomes what
/// goes straight to the state before.
pub(super) struct Gru<'a, T> {
    pub(super) hidden: usize,
    pub(super) running: Running<'a>,
    pub(super) gates: &'a [T],
    pub(super) before: &'a [T],
    pub(super) s: &'a [T],
    pub(super) dh: &'a [T],
    pub(super) carry: &'a mut [T],
    pub(super) d: &'a mut [T],
    pub(super) state: &'a mut [T],
}

impl<T: Real> Kernel for Gru<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Gru { hidden, running, gates, before, s, dh, carry, d, state } = self;
        let rows = gates.chunks_exact(3 * hidden).zip(before.chunks_exact(hidden)).zip(s.chunks_exact(hidden));
        let made = d.chunks_exact_mut(3 * hidden).zip(state.chunks_exact_mut(3 * hidden));
        let more = dh.chunks_exact(hidden).zip(carry.chunks_exact_mut(hidden));
        for (row, (((gates, before), s), ((d, state), (dh, carry)))) in rows.zip(made.zip(more)).enumerate() {
            if !running.has(row) {
                d.fill(T::ZERO);
                state.fill(T::ZERO);
                continue;
            }
            let (both, n) = gates.split_at(2 * hidden);
            let (r, z) = both.split_at(hidden);
            let (d_both, dn) = d.split_at_mut(2 * hidden);
            let (dr, dz) = d_both.split_at_mut(hidden);
            for ((dz, dh), (z, (before, n))) in dz.iter_mut().zip(dh).zip(z.iter().zip(before.iter().zip(n))) {
                *dz = *dh * (*before - *n) * (*z * (T::ONE - *z));
            }
            for ((dn, dh), (z, n)) in dn.iter_mut().zip(dh).zip(z.iter().zip(n)) {
                *dn = *dh * (T::ONE - *z) * (T::ONE - *n * *n);
            }
            for ((dr, dn), (r, s)) in dr.iter_mut().zip(&*dn).zip(r.iter().zip(s)) {
                *dr = *dn * *s * (*r * (T::ONE - *r));
            }
            let (state_both, state_n) = state.split_at_mut(2 * hidden);
            state_both.copy_from_slice(d_both);
            for ((state, dn), r) in state_n.iter_mut().zip(&*dn).zip(r) {
                *state = *dn * *r;
            }
            for ((carry, dh), z) in carry.iter_mut().zip(dh).zip(z) {
                *carry = *dh * *z;
            }
        }
    }
}
