//! The arithmetic of a training step, as it runs or as it was captured.

use super::objective::{Terms, is_sum};
use crate::number::one_float;
use autograd_core::{Capture, Error, ErrorKind, Gradients, Outputs, Result, Tensor};
use wengert_nn::{Layer, LossParts};

/// What a step computes, before any number of it is looked at.
#[derive(Clone)]
pub(super) struct Computed {
    pub(super) output: Tensor,
    pub(super) loss: LossParts,
    /// Whether the loss is a sum, so that of several batches is their sum.
    pub(super) is_sum: bool,
    pub(super) penalties: Vec<Tensor>,
    /// Loss and penalties together, and their gradients.
    pub(super) objective: Tensor,
    pub(super) grads: Gradients,
}

impl Outputs for Computed {
    fn tensors<'a>(&'a mut self, see: &mut dyn FnMut(&'a mut Tensor)) {
        see(&mut self.output);
        see(&mut self.loss.value);
        see(&mut self.loss.numerator);
        see(&mut self.loss.denominator);
        self.penalties.iter_mut().for_each(&mut *see);
        see(&mut self.objective);
        self.grads.tensors(see);
    }
}

impl Terms<'_, '_> {
    /// Forward pass, loss, penalties and backward pass.
    fn compute(&self, model: &dyn Layer, x: &[Tensor], y: &Tensor) -> Result<Computed> {
        let output = model.forward_all(x)?;
        let mut loss = self.loss.parts(&output, y)?;
        one_float("loss", &loss.value)?;
        let is_sum = is_sum(&loss);
        let mut objective = loss.value.clone();
        let mut penalties = Vec::with_capacity(self.penalties.len());
        for penalty in self.penalties {
            let penalty = penalty.of(model)?;
            one_float("penalty", &penalty)?;
            objective = objective.try_add(&penalty)?;
            penalties.push(penalty.detach());
        }
        let grads = objective.backward()?;
        (loss.value, loss.numerator) = (loss.value.detach(), loss.numerator.detach());
        Ok(Computed { output: output.detach(), loss, is_sum, penalties, objective: objective.detach(), grads })
    }
}

/// The steps of a run.
pub(super) enum Steps<'s, 'r: 's> {
    Run,
    /// Captured, from the first batch on, which says how many inputs there are; each replay number
    /// `check_every`, twice it and so on is checked, or none.
    Captured {
        replay: Option<Box<dyn Replay<'r> + 's>>,
        check_every: usize,
    },
}

impl<'s, 'r: 's> Steps<'s, 'r> {
    pub(super) fn new(capture: bool, check_every: usize) -> Steps<'s, 'r> {
        if capture { Steps::Captured { replay: None, check_every } } else { Steps::Run }
    }

    /// Whether steps are captured, so that parameters have to be apart from what others keep of them.
    pub(super) fn are_captured(&self) -> bool {
        matches!(self, Steps::Captured { .. })
    }

    pub(super) fn compute(
        &mut self,
        terms: Terms<'s, 's>,
        model: &(dyn Layer + 'r),
        x: &[Tensor],
        y: &Tensor,
    ) -> Result<Computed> {
        let captured = match self {
            Steps::Run => return terms.compute(model, x, y),
            Steps::Captured { replay: Some(captured), .. } => captured,
            Steps::Captured { replay, check_every } => replay.insert(of_inputs(terms, x.len(), *check_every)?),
        };
        captured.run(model, x, y).map_err(|error| {
            // What cannot be captured may run.
            let refused = error.kind() == ErrorKind::Capture;
            if refused { Error::new(error.kind(), format!("{error}; capture(false) runs it")) } else { error }
        })
    }
}

/// A captured step of a model with some number of inputs.
pub(super) trait Replay<'r> {
    fn run(&mut self, model: &(dyn Layer + 'r), x: &[Tensor], y: &Tensor) -> Result<Computed>;
}

/// The captured step of `N − 1` inputs and a target.
struct Of<F, const N: usize, M: ?Sized>(Capture<M, F, Computed, N>);

impl<'r, F, const N: usize> Replay<'r> for Of<F, N, dyn Layer + 'r>
where
    F: FnMut(&(dyn Layer + 'r), [&Tensor; N]) -> Result<Computed>,
{
    fn run(&mut self, model: &(dyn Layer + 'r), x: &[Tensor], y: &Tensor) -> Result<Computed> {
        let mut given = [y; N];
        for (given, x) in given.iter_mut().zip(x) {
            *given = x;
        }
        self.0.run(model, given).cloned()
    }
}

fn of_inputs<'s, 'r: 's>(terms: Terms<'s, 's>, inputs: usize, check_every: usize) -> Result<Box<dyn Replay<'r> + 's>> {
    fn of<'s, 'r: 's, const N: usize>(terms: Terms<'s, 's>, check_every: usize) -> Box<dyn Replay<'r> + 's> {
        let step = move |model: &(dyn Layer + 'r), given: [&Tensor; N]| {
            let (y, x) = given.split_last().unwrap_or_else(|| unreachable!("a target is one of them"));
            let x: Vec<Tensor> = x.iter().copied().cloned().collect();
            terms.compute(model, &x, y)
        };
        Box::new(Of(Capture::new(step).check_every(check_every)))
    }
    let of = match inputs {
        1 => of::<2>,
        2 => of::<3>,
        3 => of::<4>,
        4 => of::<5>,
        5 => of::<6>,
        6 => of::<7>,
        7 => of::<8>,
        8 => of::<9>,
        _ => {
            let text = format!("capture: steps of 1 to 8 inputs are captured, the train set has {inputs}");
            return Err(Error::new(ErrorKind::Capture, format!("{text}; capture(false) runs it")));
        }
    };
    Ok(of(terms, check_every))
}
