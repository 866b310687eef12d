//! The gradients of a recurrence.

use super::sequence::{Operands, count};
use super::twin::{shown_only, twin};
use crate::error::Result;
use crate::kernels::recurrent::{Cell, Kept, Pulled, Sequence, Upstream, backward};
use crate::ops::linalg::product::{View, product};
use crate::tape::{Pull, Pullback, Saved, gradients_of, record_same};
use crate::tensor::{Tensor, for_float};

/// What a recurrence keeps: its operands, and gates and states of all steps.
pub(super) struct Recurrent {
    pub(super) op: &'static str,
    pub(super) s: Sequence,
    pub(super) operands: Operands<Saved>,
    pub(super) lengths: Option<Saved>,
    pub(super) kept: Saved,
}

impl Pullback for Recurrent {
    /// Step by step, as tensor code.
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let own = self.operands.map(|_, saved| record_same(self.op, &saved.get(at)));
        let out = twin(&self.s, &own, self.lengths.as_ref().map(Saved::value))?;
        let inputs = own.list();
        let wanted: Vec<usize> = (0..inputs.len()).filter(|number| at.wants(*number)).collect();
        let targets: Vec<&Tensor> = wanted.iter().map(|number| inputs[*number]).collect();
        // Without a step nothing but a first state takes part in the result.
        let found = match out.is_tracked() {
            true => gradients_of(&[(&out, Some(at.gy()))], &targets, true)?,
            false => vec![None; targets.len()],
        };
        for (number, gradient) in wanted.into_iter().zip(found) {
            at.give(number, || Ok(gradient.unwrap_or_else(|| inputs[number].zeros_like())))?;
        }
        Ok(())
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let Recurrent { op, s, operands, .. } = self;
        let Kept { gates, beside, unprojected, .. } = s.kept();
        let Pulled { input, state, h, cell, projected } = s.pulled();
        let (pulled, kept) = (self.pulled(at.gy())?, self.kept.value());
        let steps = s.steps.saturating_mul(s.rows);
        let matrix = |of: &Tensor, start: usize, width: usize| {
            of.narrow(0, start, steps.saturating_mul(width))?.reshape_to(&[steps, width])
        };
        let d = matrix(&pulled, 0, s.gates())?;
        let d_state = if s.cell == Cell::Gru { matrix(&pulled, input, s.gates())? } else { d.clone() };
        let across = |d: &Tensor, x: &Tensor, weight: &Saved| {
            product(op, View::rows_of(d).t(), View::rows_of(x), None, weight.value().shape())
        };
        let (x, w_ih) = (operands.x.value(), operands.w_ih.value());
        let lengths = self.lengths.as_ref().map(Saved::value);
        at.give(0, || {
            let gx = product(op, View::rows_of(&d), View::rows_of(w_ih), None, x.shape())?;
            shown_only(s, &gx, lengths)
        })?;
        at.give(1, || {
            let x = shown_only(s, x, lengths)?;
            across(&d, &x.try_packed(op)?.reshape_to(&[steps, s.inputs])?, &operands.w_ih)
        })?;
        // The state before each step: all but the last.
        let before = gates + beside + unprojected + if s.reverse { s.rows * s.outputs } else { 0 };
        at.give(2, || across(&d_state, &matrix(kept, before, s.outputs)?, &operands.w_hh))?;
        let mut number = 3;
        if operands.biases.is_some() {
            at.give(3, || d.sum_dim(0))?;
            at.give(4, || d_state.sum_dim(0))?;
            number += 2;
        }
        let first = input + state;
        let sizes = [(operands.h.as_ref(), first, h), (operands.c.as_ref(), first + h, cell)];
        for (saved, start, len) in sizes {
            if let Some(saved) = saved {
                at.give(number, || pulled.narrow(0, start, len)?.reshape_to(saved.value().shape()))?;
                number += 1;
            }
        }
        if let Some(w_hr) = &operands.w_hr {
            debug_assert_eq!(projected, steps * s.outputs);
            let start = first + h + cell;
            let y = || matrix(kept, gates + beside, s.hidden);
            at.give(number, || across(&matrix(&pulled, start, s.outputs)?, &y()?, w_hr))?;
        }
        Ok(())
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        self.operands.list().into_iter().chain(&self.lengths).for_each(&mut *see);
        see(&self.kept);
    }
}

impl Recurrent {
    /// The parts of [`Pulled`].
    fn pulled(&self, gy: &Tensor) -> Result<Tensor> {
        let Recurrent { op, s, operands, lengths, kept } = self;
        let nothing = Tensor::zeros(&[0], gy.dtype())?;
        let [gy, w_hh] = [gy, operands.w_hh.value()].map(|x| x.try_packed(op));
        let (gy, w_hh) = (gy?, w_hh?);
        let w_hr = operands.w_hr.as_ref().map(|w_hr| w_hr.value().try_packed(op)).transpose()?;
        let lengths = lengths.as_ref().map_or(&nothing, Saved::value);
        let all = [kept.value(), &gy, &w_hh, w_hr.as_deref().unwrap_or(&nothing), lengths];
        let (s, count) = (*s, count(s));
        for_float!(gy.float(), T => {
            Tensor::counted::<T, 5>(op, count, &[s.pulled().total()], all, move |all, out| {
                let [kept, gy, w_hh, w_hr, _] = all.map(|x| x.flat::<T>());
                let w_hr = s.projected.then_some(w_hr);
                let lengths = s.masked.then(|| all[4].flat::<i64>());
                backward(&s, &Upstream { kept, gy, w_hh, w_hr, lengths }, out);
            })
        })
    }
}
