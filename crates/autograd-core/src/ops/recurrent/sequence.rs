//! A recurrent layer over a sequence as one operation: checks, the run, and the parts of its result.

use super::options::Recurrence;
use super::pullback::Recurrent;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::recurrent::{Cell, Given, Sequence, forward};
use crate::ops::check::Check;
use crate::tape::{Saved, record};
use crate::tensor::timer::Count;
use crate::tensor::{DType, Tensor, for_float};
use std::borrow::Cow;

/// What a recurrence returns.
pub(super) struct Ends {
    /// The outputs, `[L, N, P]`.
    pub(super) y: Tensor,
    /// The last state, `[N, P]`.
    pub(super) h: Tensor,
    /// The last cell, `[N, H]`; empty if the layer has none.
    pub(super) c: Tensor,
}

/// The float operands, in the order of the inputs of the operation; those that are missing are left out of it.
pub(super) struct Operands<X> {
    pub(super) x: X,
    pub(super) w_ih: X,
    pub(super) w_hh: X,
    pub(super) biases: Option<[X; 2]>,
    pub(super) h: Option<X>,
    pub(super) c: Option<X>,
    pub(super) w_hr: Option<X>,
}

impl<X> Operands<X> {
    /// The same of something else, made of each operand and its number.
    pub(super) fn map<'s, Y>(&'s self, mut f: impl FnMut(usize, &'s X) -> Y) -> Operands<Y> {
        let mut number = 0;
        let mut f = |x: &'s X| {
            number += 1;
            f(number - 1, x)
        };
        Operands {
            x: f(&self.x),
            w_ih: f(&self.w_ih),
            w_hh: f(&self.w_hh),
            biases: self.biases.as_ref().map(|[b_ih, b_hh]| [f(b_ih), f(b_hh)]),
            h: self.h.as_ref().map(&mut f),
            c: self.c.as_ref().map(&mut f),
            w_hr: self.w_hr.as_ref().map(&mut f),
        }
    }

    /// All that there are.
    pub(super) fn list(&self) -> Vec<&X> {
        let mut all = Vec::with_capacity(8);
        let Operands { x, w_ih, w_hh, biases, h, c, w_hr } = self;
        all.extend([x, w_ih, w_hh]);
        all.extend(biases.iter().flatten());
        all.extend([h, c, w_hr].into_iter().flatten());
        all
    }
}

/// The sizes of a recurrence, and its operands.
fn checked<'a>(
    check: Check,
    cell: Cell,
    x: &'a Tensor,
    [w_ih, w_hh]: [&'a Tensor; 2],
    options: &'a Recurrence,
) -> Result<(Sequence, Operands<&'a Tensor>)> {
    check.float(x)?;
    let [steps, rows, inputs] = check.shape("the input", x, "[L, N, D]")?;
    let gates = match cell {
        Cell::Tanh | Cell::Relu => 1,
        Cell::Gru => 3,
        Cell::Lstm => 4,
    };
    let expected = ["[H, D]", "", "[3 H, D]", "[4 H, D]"][gates - 1];
    let [all, _] = check.shape("weight_ih", w_ih, expected)?;
    if all % gates != 0 {
        return Err(Error::shape(check.0, "weight_ih", w_ih.shape(), expected));
    }
    check.is("weight_ih", w_ih, &[all, inputs])?;
    if cell != Cell::Lstm && (options.cell.is_some() || options.projection.is_some()) {
        let what = if options.cell.is_some() { "a cell" } else { "a projection" };
        return Err(Error::new(ErrorKind::Argument, format!("{}: only lstm has {what}", check.0)));
    }
    let hidden = all / gates;
    let outputs = match &options.projection {
        None => hidden,
        Some(w_hr) => {
            let [outputs, _] = check.shape("weight_hr", w_hr, "[P, H]")?;
            check.is("weight_hr", w_hr, &[outputs, hidden])?;
            outputs
        }
    };
    check.is("weight_hh", w_hh, &[all, outputs])?;
    let biases = options.biases.as_ref().map(|biases| [&biases[0], &biases[1]]);
    for (name, bias) in ["bias_ih", "bias_hh"].into_iter().zip(biases.into_iter().flatten()) {
        check.is(name, bias, &[all])?;
    }
    let [h, c, w_hr] = [&options.state, &options.cell, &options.projection].map(Option::as_ref);
    for (name, state, width) in [("the state", h, outputs), ("the cell", c, hidden)] {
        state.map_or(Ok(()), |state| check.is(name, state, &[rows, width]))?;
    }
    let operands = Operands { x, w_ih, w_hh, biases, h, c, w_hr };
    for operand in operands.list() {
        check.same_dtype(x, operand)?;
    }
    if let Some(lengths) = &options.lengths {
        check.dtype(lengths, DType::I64)?;
        check.is("lengths", lengths, &[rows])?;
    }
    let (projected, reverse, masked) = (w_hr.is_some(), options.reverse, options.lengths.is_some());
    Ok((Sequence { cell, steps, rows, inputs, hidden, outputs, projected, reverse, masked }, operands))
}

/// Lengths must be those of parts of a sequence.
fn check_lengths(op: &'static str, lengths: &Tensor, steps: usize) -> Result<()> {
    Tensor::look(op, [lengths], move |[lengths]| {
        let fits = |length: &i64| usize::try_from(*length).is_ok_and(|length| length <= steps);
        let lengths = lengths.flat::<i64>();
        let Some(at) = lengths.iter().position(|length| !fits(length)) else { return Ok(()) };
        let text = format!("{op}: sample {at} has length {}, which is not from 0 to {steps}", lengths[at]);
        Err(Error::new(ErrorKind::Index, text))
    })
}

/// Runs a layer over a sequence.
pub(super) fn run(
    op: &'static str,
    cell: Cell,
    x: &Tensor,
    weights: [&Tensor; 2],
    options: &Recurrence,
) -> Result<Ends> {
    let (s, operands) = checked(Check(op), cell, x, weights, options)?;
    let lengths = options.lengths.as_ref().map(|lengths| lengths.try_packed(op)).transpose()?;
    if let Some(lengths) = &lengths {
        check_lengths(op, lengths, s.steps)?;
    }
    let kept = kept(op, &s, &operands, lengths.as_deref())?;
    let (hidden, shown) = (s.kept().hidden(), s.kept().shown());
    let out = kept.narrow(0, hidden, shown)?;
    let saved = |_: &Tensor| Recurrent {
        op,
        s,
        operands: operands.map(|number, x| Saved::input(number, x)),
        lengths: lengths.as_deref().map(Saved::constant),
        kept: Saved::constant(&kept),
    };
    let inputs: Vec<&Tensor> = operands.list().into_iter().copied().collect();
    let out = record(op, out, &inputs, saved);
    parts(op, &s, &out)
}

/// Everything that a run computes, in the order of [`Kept`](crate::kernels::recurrent::Kept); not recorded.
fn kept(op: &'static str, s: &Sequence, operands: &Operands<&Tensor>, lengths: Option<&Tensor>) -> Result<Tensor> {
    let mut packed: Vec<Cow<'_, Tensor>> = Vec::with_capacity(8);
    for operand in operands.list() {
        packed.push(operand.try_packed(op)?);
    }
    let mut packed = packed.iter().map(|x| &**x);
    let nothing = Tensor::zeros(&[0], operands.x.dtype())?;
    let mut next = |holds: bool| if holds { packed.next().unwrap_or(&nothing) } else { &nothing };
    let has = [operands.biases.is_some(), operands.h.is_some(), operands.c.is_some(), operands.w_hr.is_some()];
    let all = [true, true, true, has[0], has[0], has[1], has[2], has[3]].map(&mut next);
    let [x, w_ih, w_hh, b_ih, b_hh, h, c, w_hr] = all;
    let all = [x, w_ih, w_hh, b_ih, b_hh, h, c, w_hr, lengths.unwrap_or(&nothing)];
    let (s, count) = (*s, count(s));
    for_float!(Check(op).float(x)?, T => {
        Tensor::counted::<T, 9>(op, count, &[s.kept().total()], all, move |all, out| {
            let [x, w_ih, w_hh, b_ih, b_hh, h, c, w_hr, _] = all.map(|x| x.flat::<T>());
            let when = |holds: bool, x| holds.then_some(x);
            let given = Given {
                x,
                w_ih,
                w_hh,
                biases: when(has[0], b_ih).map(|b_ih| [b_ih, b_hh]),
                h: when(has[1], h),
                c: when(has[2], c),
                w_hr: when(has[3], w_hr),
                lengths: s.masked.then(|| all[8].flat::<i64>()),
            };
            forward(&s, &given, out);
        })
    })
}

/// The multiply-adds of a run.
pub(super) fn count(s: &Sequence) -> Count {
    let projection = if s.projected { s.outputs.saturating_mul(s.hidden) } else { 0 };
    let each = s.gates().saturating_mul(s.inputs.saturating_add(s.outputs)).saturating_add(projection);
    Count::product(&[s.steps, s.rows], each)
}

/// The parts of the result, in which gradients flow back to the whole: one walk for all of them. What is not recorded
/// is copied, and lets all else go.
fn parts(op: &'static str, s: &Sequence, out: &Tensor) -> Result<Ends> {
    let (kept, block) = (s.kept(), s.rows.saturating_mul(s.outputs));
    let y = if s.masked { kept.h + kept.cell } else { s.shown() * block };
    let part = |start: usize, len: usize, shape: &[usize]| {
        let part = out.narrow(0, start, len)?.reshape_to(shape)?;
        if out.is_tracked() { Ok(part) } else { copied(op, &part) }
    };
    let cell = if kept.cell > 0 || s.cell == Cell::Lstm { s.hidden } else { 0 };
    Ok(Ends {
        y: part(y, s.steps.saturating_mul(block), &[s.steps, s.rows, s.outputs])?,
        h: part(s.last() * block, block, &[s.rows, s.outputs])?,
        c: part(kept.h, kept.cell, &[s.rows, cell])?,
    })
}

fn copied(op: &'static str, x: &Tensor) -> Result<Tensor> {
    for_float!(x.float(), T => {
        Tensor::counted::<T, 1>(op, Count::Moved, x.shape(), [x], |[x], y| y.copy_from_slice(x.flat()))
    })
}
