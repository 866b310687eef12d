//! A recurrence step by step, made of differentiable operations: what its derivatives of higher order are of.

use super::sequence::Operands;
use crate::error::Result;
use crate::kernels::recurrent::{Cell, Sequence};
use crate::tensor::Tensor;

/// x with zeros behind the end of each row: what stands there takes no part, not even if it is NaN.
pub(super) fn shown_only(s: &Sequence, x: &Tensor, lengths: Option<&Tensor>) -> Result<Tensor> {
    let Some(lengths) = lengths else { return Ok(x.clone()) };
    let runs = Tensor::moved::<u8, 1>("lengths", &[s.steps, s.rows, 1], [lengths], |[lengths], y| {
        let lengths = lengths.flat::<i64>();
        for (step, y) in y.chunks_exact_mut(lengths.len().max(1)).enumerate() {
            y.iter_mut().zip(lengths).for_each(|(y, length)| *y = u8::from((step as i64) < *length));
        }
    })?;
    runs.where_cond(x, &Tensor::zeros(&[], x.dtype())?)
}

/// The part of the result that the caller sees, in the same order.
pub(super) fn twin(s: &Sequence, operands: &Operands<Tensor>, lengths: Option<&Tensor>) -> Result<Tensor> {
    let Operands { x, w_ih, w_hh, biases, h, c, w_hr } = operands;
    let [b_ih, b_hh] = biases.as_ref().map_or([None, None], |[b_ih, b_hh]| [Some(b_ih), Some(b_hh)]);
    let zeros = |width: usize| Tensor::zeros(&[s.rows, width], x.dtype());
    let mut h = h.clone().map_or_else(|| zeros(s.outputs), Ok)?;
    let mut c = c.clone().map_or_else(|| zeros(s.hidden), Ok)?;
    let of_x = shown_only(s, x, lengths)?.linear(w_ih, b_ih)?;
    let (mut states, mut shown) = (vec![h.clone()], Vec::new());
    for place in 0..s.steps {
        let step = if s.reverse { s.steps - 1 - place } else { place };
        let runs = match lengths {
            None => None,
            Some(lengths) => Some(lengths.gt(&lengths.full_like(step as f64))?.unsqueeze(1)?),
        };
        // A row that has ended computes nothing: no NaN comes back from what is not chosen, either.
        let running = |x: &Tensor| match &runs {
            None => Ok(x.clone()),
            Some(runs) => runs.where_cond(x, &Tensor::zeros(&[], x.dtype())?),
        };
        let (of_h, before) = (running(&running(&h)?.linear(w_hh, b_hh)?)?, [running(&h)?, running(&c)?]);
        let (mut new, new_c) = after(s, &running(&of_x.select(0, step)?)?, &of_h, &before)?;
        if let Some(w_hr) = w_hr {
            new = new.linear(w_hr, None)?;
        }
        match &runs {
            None => (h, c) = (new, new_c),
            Some(runs) => {
                shown.push(running(&new)?);
                (h, c) = (runs.where_cond(&new, &h)?, runs.where_cond(&new_c, &c)?);
            }
        }
        states.push(h.clone());
    }
    if s.reverse {
        states.reverse();
        shown.reverse();
    }
    if s.cell == Cell::Lstm {
        states.push(c);
    }
    let all = states.iter().chain(&shown).map(|x| x.reshape(&[-1])).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&all.iter().collect::<Vec<_>>(), 0)
}

/// The state and the cell after a step, of the input's and the state's part of the gates.
fn after(s: &Sequence, of_x: &Tensor, of_h: &Tensor, [h, c]: &[Tensor; 2]) -> Result<(Tensor, Tensor)> {
    let gate = |x: &Tensor, number: usize| x.narrow(1, number * s.hidden, s.hidden);
    let both = |number: usize| gate(of_x, number)?.try_add(&gate(of_h, number)?);
    match s.cell {
        Cell::Tanh => Ok((both(0)?.tanh(), c.clone())),
        Cell::Relu => Ok((both(0)?.relu(), c.clone())),
        Cell::Gru => {
            let (r, z) = (both(0)?.sigmoid(), both(1)?.sigmoid());
            let n = gate(of_x, 2)?.try_add(&r.try_mul(&gate(of_h, 2)?)?)?.tanh();
            Ok((n.try_add(&z.try_mul(&h.try_sub(&n)?)?)?, c.clone()))
        }
        Cell::Lstm => {
            let [i, f, o] = [0, 1, 3].map(|number| both(number).map(|gate| gate.sigmoid()));
            let c = f?.try_mul(c)?.try_add(&i?.try_mul(&both(2)?.tanh())?)?;
            Ok((o?.try_mul(&c.tanh())?, c))
        }
    }
}
