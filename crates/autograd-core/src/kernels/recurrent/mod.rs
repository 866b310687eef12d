//! Recurrent layers over whole sequences: the states forward, and the gradients of the gates backward.
//!
//! ```text
//! forward:   gates = x W_ihᵀ + b of all steps in one product, then in each step
//!            gates[t] += h[t − 1] W_hhᵀ, and the cell makes h[t] of them
//! backward:  in each step, from the last on, the cell makes d[t] of dh and what was saved, and
//!            dh[t − 1] += d[t] W_hh
//! ```
//!
//! The weights are packed once for all steps. Samples do not depend on each other, so each thread takes some of them
//! through the whole sequence: threads meet once, not in each step.

mod backward;
mod forward;
mod gates;
mod parts;
mod pull;

pub use backward::{Upstream, backward};
pub use forward::{Given, forward};

use crate::threads::parallel::{share, threads, worth_sharing_products};
use std::ops::Range;

/// The kind of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// `h = tanh(a)`
    Tanh,
    /// `h = relu(a)`
    Relu,
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru,
}

/// The sizes of a sequence: x: `[steps, rows, inputs]`, h: `[steps, rows, outputs]`.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    /// The kind of layer.
    pub cell: Cell,
    /// Steps in time.
    pub steps: usize,
    /// Samples.
    pub rows: usize,
    /// Features of x.
    pub inputs: usize,
    /// Size of a gate.
    pub hidden: usize,
    /// Features of h: `hidden`, or less for a projection.
    pub outputs: usize,
    /// Whether an `Lstm` has a projection.
    pub projected: bool,
    /// Whether it goes from the last step to the first.
    pub reverse: bool,
    /// Whether rows have lengths of their own.
    pub masked: bool,
}

/// Elements of each part of what a run leaves behind, in the order of memory.
///
/// From `h` on they are what its caller sees.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The gates of each step, which are the states themselves where there is one gate.
    pub gates: usize,
    /// The cells around each step (`Lstm`), or the hidden part of the third gate (`Gru`).
    pub beside: usize,
    /// The outputs before the projection.
    pub unprojected: usize,
    /// The states around each step: the first one comes first, or last in a reverse run.
    pub h: usize,
    /// The last cell.
    pub cell: usize,
    /// The states with zeros behind the end of each row, if rows have lengths.
    pub y: usize,
}

/// Elements of each part of the gradients, in the order of memory.
#[derive(Clone, Copy, Debug)]
pub struct Pulled {
    /// Those of the gates, with respect to the input's part of them.
    pub input: usize,
    /// The same with respect to the state's part of them, if it is another (`Gru`).
    pub state: usize,
    /// Those of the first state.
    pub h: usize,
    /// Those of the first cell.
    pub cell: usize,
    /// Those of the outputs of the projection.
    pub projected: usize,
}

impl Sequence {
    /// Elements of the gates of one sample and step.
    pub fn gates(&self) -> usize {
        let count = match self.cell {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Gru => 3,
            Cell::Lstm => 4,
        };
        self.hidden.saturating_mul(count)
    }

    /// Elements of so many blocks, each with `width` numbers for each sample. What is too large stays so: no tensor has
    /// that many elements.
    fn blocks(&self, blocks: usize, width: usize) -> usize {
        blocks.saturating_mul(self.rows).saturating_mul(width)
    }

    /// The parts of what a run leaves behind.
    pub fn kept(&self) -> Kept {
        let Sequence { steps, hidden, outputs, .. } = *self;
        let lstm = self.cell == Cell::Lstm;
        let several = lstm || self.cell == Cell::Gru;
        let when = |holds: bool, blocks: usize, width: usize| if holds { self.blocks(blocks, width) } else { 0 };
        Kept {
            gates: when(several, steps, self.gates()),
            beside: when(several, if lstm { steps.saturating_add(1) } else { steps }, hidden),
            unprojected: when(self.projected, steps, hidden),
            h: self.blocks(steps.saturating_add(1), outputs),
            cell: when(lstm, 1, hidden),
            y: when(self.masked, steps, outputs),
        }
    }

    /// The parts of the gradients.
    pub fn pulled(&self) -> Pulled {
        let Sequence { steps, hidden, outputs, .. } = *self;
        Pulled {
            input: self.blocks(steps, self.gates()),
            state: if self.cell == Cell::Gru { self.blocks(steps, self.gates()) } else { 0 },
            h: self.blocks(1, outputs),
            cell: if self.cell == Cell::Lstm { self.blocks(1, hidden) } else { 0 },
            projected: if self.projected { self.blocks(steps, outputs) } else { 0 },
        }
    }

    /// The step that comes in this place.
    fn step(&self, place: usize) -> usize {
        if self.reverse { self.steps - 1 - place } else { place }
    }

    /// The blocks of states before and after a step.
    fn around(&self, step: usize) -> (usize, usize) {
        if self.reverse { (step + 1, step) } else { (step, step + 1) }
    }

    /// The block of the first state.
    pub fn first(&self) -> usize {
        if self.reverse { self.steps } else { 0 }
    }

    /// The block of the last state.
    pub fn last(&self) -> usize {
        if self.reverse { 0 } else { self.steps }
    }

    /// The block of the state after step 0.
    pub fn shown(&self) -> usize {
        usize::from(!self.reverse)
    }

    /// Calls `work` for consecutive samples, on several threads if there is work for them.
    fn for_rows(&self, work: impl Fn(Range<usize>) + Sync) {
        let products = self.blocks(self.steps, self.gates()).saturating_mul(self.outputs);
        let parts = if worth_sharing_products(products) { threads().min(MOST) } else { 1 };
        let each = self.rows.div_ceil(parts).max(FEWEST);
        let mut marks = [(); MOST];
        share(&mut marks[..self.rows.div_ceil(each)], 1, &|part, _| {
            work(part * each..((part + 1) * each).min(self.rows));
        });
    }
}

/// More threads than this do not share one sequence.
const MOST: usize = 64;

/// Fewer samples than this do not keep a thread busy.
const FEWEST: usize = 4;

impl Kept {
    /// All elements.
    pub fn total(&self) -> usize {
        self.hidden().saturating_add(self.shown())
    }

    /// Elements in front of those that the caller sees.
    pub fn hidden(&self) -> usize {
        self.gates.saturating_add(self.beside).saturating_add(self.unprojected)
    }

    /// Elements that the caller sees.
    pub fn shown(&self) -> usize {
        self.h.saturating_add(self.cell).saturating_add(self.y)
    }
}

impl Pulled {
    /// All elements.
    pub fn total(&self) -> usize {
        let Pulled { input, state, h, cell, projected } = *self;
        [input, state, h, cell, projected].into_iter().fold(0, usize::saturating_add)
    }
}

/// Whether a row is not over in a step.
#[inline(always)]
fn runs(lengths: Option<&[i64]>, row: usize, step: usize) -> bool {
    lengths.is_none_or(|lengths| (step as i64) < lengths[row])
}
