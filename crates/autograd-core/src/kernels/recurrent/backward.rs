//! The gradients of the gates of a sequence.

use super::parts::{Blocks, Part, split, split_read};
use super::pull::{Arrive, Gru, Lstm, Plain, Running};
use super::{Cell, Kept, Pulled, Sequence};
use crate::kernels::conv::with_room;
use crate::kernels::gemm::{Matrix, Packed};
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, vectorize};
use std::ops::Range;

/// What the gradients are made of, each contiguous.
#[derive(Clone, Copy)]
pub struct Upstream<'a, T> {
    /// What the run has left behind, in the order of [`Kept`].
    pub kept: &'a [T],
    /// The gradient of those parts that the caller sees.
    pub gy: &'a [T],
    /// `[gates, outputs]`
    pub w_hh: &'a [T],
    /// The projection, `[outputs, hidden]`.
    pub w_hr: Option<&'a [T]>,
    /// The length of each row.
    pub lengths: Option<&'a [i64]>,
}

/// The parts of what was left behind, and of its gradient.
#[derive(Clone, Copy)]
struct Read<'a, T> {
    gates: &'a [T],
    beside: &'a [T],
    h: &'a [T],
    gy_h: &'a [T],
    gy_y: &'a [T],
    lengths: Option<&'a [i64]>,
    state: Packed<'a, T>,
    projection: Option<Packed<'a, T>>,
}

/// What some rows write.
struct Rows<'a, T> {
    d: Part<'a, T>,
    state: Part<'a, T>,
    h: Part<'a, T>,
    cell: Part<'a, T>,
    projected: Part<'a, T>,
}

/// Fills the parts of [`Pulled`].
pub fn backward<T: Real>(s: &Sequence, up: &Upstream<'_, T>, out: &mut [T]) {
    let (rows, hidden, outputs) = (s.rows, s.hidden, s.outputs);
    let Kept { gates, beside, unprojected, h, cell, y } = s.kept();
    let [gates, beside, _, h] = split_read(up.kept, [gates, beside, unprojected, h]);
    let [gy_h, gy_cell, gy_y] = split_read(up.gy, [h.len(), cell, y]);
    let Pulled { input, state, h: first, cell: first_cell, projected } = s.pulled();
    let [d, d_state, first, first_cell, projected] = split(out, [input, state, first, first_cell, projected]);
    first.fill(T::ZERO);
    first_cell.copy_from_slice(gy_cell);
    if rows > 0 && (hidden > 0 || outputs > 0) {
        let [d, d_state, carry, carry_cell, projected] =
            [(d, s.gates()), (d_state, s.gates()), (&mut *first, outputs), (first_cell, hidden), (projected, outputs)]
                .map(|(memory, width)| Blocks::new(memory, rows, width));
        with_weights(s, up, |state, projection| {
            let read = Read { gates, beside, h, gy_h, gy_y, lengths: up.lengths, state, projection };
            s.for_rows(|rows| {
                // SAFETY: no two threads have the same rows.
                let mut part = unsafe {
                    Rows {
                        d: d.part(&rows),
                        state: d_state.part(&rows),
                        h: carry.part(&rows),
                        cell: carry_cell.part(&rows),
                        projected: projected.part(&rows),
                    }
                };
                part.run(s, read, &rows);
            });
        });
    }
    // The first state is also the last one, where there is no step.
    let at = outputs * rows * s.first();
    for (first, gy) in first.iter_mut().zip(&gy_h[at..at + outputs * rows]) {
        *first += *gy;
    }
}

fn with_weights<T: Real>(s: &Sequence, up: &Upstream<'_, T>, work: impl FnOnce(Packed<'_, T>, Option<Packed<'_, T>>)) {
    let (state, projection) = ((s.gates(), s.outputs), (s.outputs, s.hidden));
    let sizes = [state, if up.w_hr.is_some() { projection } else { (0, 0) }].each(|(k, n)| Packed::<T>::room(k, n));
    with_room(sizes[0] + sizes[1], |room| {
        let (first, second) = room.split_at_mut(sizes[0]);
        let b = Matrix { data: up.w_hh, row: s.outputs, column: 1 };
        let projection =
            up.w_hr.map(|w_hr| Packed::new(projection, Matrix { data: w_hr, row: s.hidden, column: 1 }, second));
        work(Packed::new(state, b, first), projection);
    });
}

impl<T: Real> Rows<'_, T> {
    fn run(&mut self, s: &Sequence, read: Read<'_, T>, rows: &Range<usize>) {
        let n = rows.len();
        let before_projection = if s.projected { n * s.hidden } else { 0 };
        with_room(n * s.outputs + before_projection + s.hidden, |room| {
            let [dh, dy, row] = split(room, [n * s.outputs, before_projection, s.hidden]);
            for step in (0..s.steps).rev().map(|place| s.step(place)) {
                self.step(s, step, &read, rows, [&mut *dh, &mut *dy, &mut *row]);
            }
        });
    }

    fn step(
        &mut self,
        s: &Sequence,
        step: usize,
        read: &Read<'_, T>,
        rows: &Range<usize>,
        [dh, dy, room]: [&mut [T]; 3],
    ) {
        let (hidden, outputs) = (s.hidden, s.outputs);
        let (last, next) = s.around(step);
        let block = |x: &'_ [T], block: usize, width: usize| {
            let start = (block * s.rows + rows.start) * width;
            start..start + if x.is_empty() { 0 } else { rows.len() * width }
        };
        let running = Running { lengths: read.lengths.map(|lengths| &lengths[rows.clone()]), step };
        let shown = s.masked.then(|| &read.gy_y[block(read.gy_y, step, outputs)]);
        let carry = if outputs > 0 { self.h.at_mut(0) } else { &mut [] };
        if outputs > 0 {
            let outside = &read.gy_h[block(read.gy_h, next, outputs)];
            vectorize(Arrive { width: outputs, running, outside, shown, carry: &mut *carry, dh: &mut *dh });
        }
        let states = |at: usize| &read.h[block(read.h, at, outputs)];
        let d = self.d.at_mut(step);
        let d = match s.cell {
            Cell::Tanh | Cell::Relu => {
                vectorize(Plain { relu: s.cell == Cell::Relu, h: states(next), dh, d: &mut *d });
                d
            }
            Cell::Lstm => {
                let gates = &read.gates[block(read.gates, step, 4 * hidden)];
                let cells = |at: usize| &read.beside[block(read.beside, at, hidden)];
                let dy = match read.projection {
                    None => dh,
                    Some(projection) => {
                        if outputs > 0 {
                            self.projected.at_mut(step).copy_from_slice(dh);
                        }
                        dy.fill(T::ZERO);
                        projection.add(dh, dy);
                        dy
                    }
                };
                let (before, c, dc) = (cells(last), cells(next), self.cell.at_mut(0));
                if hidden > 0 {
                    vectorize(Lstm { hidden, running, gates, before, c, dy, dc, d: &mut *d, room });
                }
                d
            }
            Cell::Gru => {
                let gates = &read.gates[block(read.gates, step, 3 * hidden)];
                let s = &read.beside[block(read.beside, step, hidden)];
                let (before, state) = (states(last), self.state.at_mut(step));
                vectorize(Gru { hidden, running, gates, before, s, dh, carry: &mut *carry, d, state: &mut *state });
                state
            }
        };
        read.state.add(d, carry);
    }
}
