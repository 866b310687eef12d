//! The states of a sequence.

use super::gates::{Gru, Lstm, Plain};
use super::parts::{Blocks, Part, split};
use super::{Cell, Kept, Sequence, runs};
use crate::kernels::conv::with_room;
use crate::kernels::gemm::{Matrix, Packed, gemm};
use crate::kernels::real::Real;
use crate::kernels::simd::{Each, vectorize};
use std::ops::Range;

/// The operands of a sequence, each contiguous.
#[derive(Clone, Copy)]
pub struct Given<'a, T> {
    /// `[steps, rows, inputs]`
    pub x: &'a [T],
    /// `[gates, inputs]`
    pub w_ih: &'a [T],
    /// `[gates, outputs]`
    pub w_hh: &'a [T],
    /// `[gates]` each
    pub biases: Option<[&'a [T]; 2]>,
    /// The first state, `[rows, outputs]`; else 0.
    pub h: Option<&'a [T]>,
    /// The first cell, `[rows, hidden]`; else 0.
    pub c: Option<&'a [T]>,
    /// The projection, `[outputs, hidden]`.
    pub w_hr: Option<&'a [T]>,
    /// The length of each row.
    pub lengths: Option<&'a [i64]>,
}

/// The weights of a step, packed.
#[derive(Clone, Copy)]
struct Weights<'a, T> {
    state: Packed<'a, T>,
    projection: Option<Packed<'a, T>>,
}

/// What some rows write.
struct Rows<'a, T> {
    gates: Part<'a, T>,
    beside: Part<'a, T>,
    unprojected: Part<'a, T>,
    h: Part<'a, T>,
}

/// Fills the parts of [`Kept`].
pub fn forward<T: Real>(s: &Sequence, given: &Given<'_, T>, out: &mut [T]) {
    let Sequence { steps, rows, inputs, hidden, outputs, .. } = *s;
    let Kept { gates, beside, unprojected, h, cell, y } = s.kept();
    let [gates, beside, unprojected, h, cell, y] = split(out, [gates, beside, unprojected, h, cell, y]);
    start(h, outputs * rows * s.first(), outputs * rows, given.h);
    if s.cell == Cell::Lstm {
        start(beside, hidden * rows * s.first(), hidden * rows, given.c);
    }
    if rows > 0 && hidden > 0 {
        let product = (steps * rows, inputs, s.gates());
        let x = Matrix { data: given.x, row: inputs, column: 1 };
        let w_ih = Matrix { data: given.w_ih, row: 1, column: inputs };
        with_room(s.gates(), |room| {
            let bias = given.biases.map(|biases| first_bias(s, biases, room));
            let shown = s.shown() * rows * outputs;
            let of_x = if gates.is_empty() { &mut h[shown..shown + steps * rows * outputs] } else { &mut *gates };
            gemm(usize::MAX, product, x, w_ih, bias, of_x);
        });
    }
    // A projection of nothing has outputs, too.
    if rows > 0 && (hidden > 0 || outputs > 0) {
        let widths = [s.gates(), hidden, hidden, outputs];
        let [gates, beside, unprojected, h] =
            [(&mut *gates, widths[0]), (&mut *beside, widths[1]), (&mut *unprojected, widths[2]), (&mut *h, widths[3])]
                .map(|(memory, width)| Blocks::new(memory, rows, width));
        with_weights(s, given, |weights| {
            s.for_rows(|rows| {
                // SAFETY: no two threads have the same rows.
                let mut part = unsafe {
                    Rows {
                        gates: gates.part(&rows),
                        beside: beside.part(&rows),
                        unprojected: unprojected.part(&rows),
                        h: h.part(&rows),
                    }
                };
                part.run(s, given, weights, &rows);
            });
        });
    }
    if s.cell == Cell::Lstm {
        let last = hidden * rows * s.last();
        cell.copy_from_slice(&beside[last..last + hidden * rows]);
    }
    if let (Some(lengths), false) = (given.lengths, y.is_empty()) {
        let states = h[s.shown() * rows * outputs..].chunks_exact(outputs);
        for (i, (y, state)) in y.chunks_exact_mut(outputs).zip(states).enumerate() {
            if runs(Some(lengths), i % rows, i / rows) {
                y.copy_from_slice(state);
            } else {
                y.fill(T::ZERO);
            }
        }
    }
}

/// Writes the state to begin with.
fn start<T: Real>(states: &mut [T], at: usize, len: usize, given: Option<&[T]>) {
    let block = &mut states[at..at + len];
    match given {
        Some(given) => block.copy_from_slice(given),
        None => block.fill(T::ZERO),
    }
}

/// The bias that goes with the product of x: both, or the first one where the second is a part of something.
fn first_bias<'a, T: Real>(s: &Sequence, [b_ih, b_hh]: [&'a [T]; 2], room: &'a mut [T]) -> &'a [T] {
    if s.cell == Cell::Gru {
        return b_ih;
    }
    for (sum, (a, b)) in room.iter_mut().zip(b_ih.iter().zip(b_hh)) {
        *sum = *a + *b;
    }
    room
}

fn with_weights<T: Real>(s: &Sequence, given: &Given<'_, T>, work: impl FnOnce(Weights<'_, T>)) {
    let (state, projection) = ((s.outputs, s.gates()), (s.hidden, s.outputs));
    let sizes = [state, if given.w_hr.is_some() { projection } else { (0, 0) }].each(|(k, n)| Packed::<T>::room(k, n));
    with_room(sizes[0] + sizes[1], |room| {
        let (first, second) = room.split_at_mut(sizes[0]);
        // Each is the transpose of the weight.
        let b = Matrix { data: given.w_hh, row: 1, column: s.outputs };
        let projection =
            given.w_hr.map(|w_hr| Packed::new(projection, Matrix { data: w_hr, row: 1, column: s.hidden }, second));
        work(Weights { state: Packed::new(state, b, first), projection });
    });
}

impl<T: Real> Rows<'_, T> {
    fn run(&mut self, s: &Sequence, given: &Given<'_, T>, weights: Weights<'_, T>, rows: &Range<usize>) {
        let lengths = given.lengths.map(|lengths| &lengths[rows.clone()]);
        let room = if s.cell == Cell::Gru { rows.len() * s.gates() } else { 0 };
        with_room(room, |room| {
            for step in (0..s.steps).map(|place| s.step(place)) {
                self.step(s, step, given.biases.map(|[_, b_hh]| b_hh), weights, room);
                if lengths.is_some() {
                    self.pass_on(s, step, lengths);
                }
            }
        });
    }

    fn step(&mut self, s: &Sequence, step: usize, b_hh: Option<&[T]>, weights: Weights<'_, T>, room: &mut [T]) {
        let (before, after) = s.around(step);
        let hidden = s.hidden;
        match s.cell {
            Cell::Tanh | Cell::Relu => {
                let (last, h) = self.h.pair(before, after);
                weights.state.add(last, h);
                vectorize(Plain { h, relu: s.cell == Cell::Relu });
            }
            Cell::Lstm => {
                let gates = self.gates.at_mut(step);
                weights.state.add(self.h.at(before), gates);
                let (last, c) = self.beside.pair(before, after);
                let Some(projection) = weights.projection else {
                    return vectorize(Lstm { hidden, gates, before: last, c, y: self.h.at_mut(after) });
                };
                let y = self.unprojected.at_mut(step);
                if hidden > 0 {
                    vectorize(Lstm { hidden, gates, before: last, c, y: &mut *y });
                }
                let h = self.h.at_mut(after);
                h.fill(T::ZERO);
                projection.add(y, h);
            }
            Cell::Gru => {
                match b_hh {
                    Some(b_hh) => room.chunks_exact_mut(3 * hidden).for_each(|room| room.copy_from_slice(b_hh)),
                    None => room.fill(T::ZERO),
                }
                let (last, h) = self.h.pair(before, after);
                weights.state.add(last, room);
                let (gates, s) = (self.gates.at_mut(step), self.beside.at_mut(step));
                vectorize(Gru { hidden, gates, state: room, before: last, s, h });
            }
        }
    }

    /// Rows that do not have the step keep their states; what they have before the projection is in a product of all
    /// rows.
    fn pass_on(&mut self, s: &Sequence, step: usize, lengths: Option<&[i64]>) {
        let (before, after) = s.around(step);
        let keep = |states: &mut Part<'_, T>, width: usize| {
            let (last, new) = states.pair(before, after);
            for (row, (last, new)) in last.chunks_exact(width).zip(new.chunks_exact_mut(width)).enumerate() {
                if !runs(lengths, row, step) {
                    new.copy_from_slice(last);
                }
            }
        };
        if s.outputs > 0 {
            keep(&mut self.h, s.outputs);
        }
        if s.cell == Cell::Lstm && s.hidden > 0 {
            keep(&mut self.beside, s.hidden);
        }
        if s.projected && s.hidden > 0 {
            for (row, y) in self.unprojected.at_mut(step).chunks_exact_mut(s.hidden).enumerate() {
                if !runs(lengths, row, step) {
                    y.fill(T::ZERO);
                }
            }
        }
    }
}
