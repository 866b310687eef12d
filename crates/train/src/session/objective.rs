//! The loss of a batch as a function of the weights.

use super::before::Before;
use super::ending::{Failure, held};
use super::group::Group;
use super::steps::{Computed, Steps};
use crate::metrics::denominator_of;
use crate::number::{number, one_float};
use crate::penalty::Penalty;
use autograd_core::module::Module;
use autograd_core::{Error, ErrorKind, Gradients, Result, Tensor};
use wengert_nn::{Layer, Loss, LossParts};
use wengert_optim::{GradientRule, Objective, clip_grad_norm};

/// What a run minimises, of any batch.
#[derive(Clone, Copy)]
pub(super) struct Terms<'s, 't> {
    pub(super) loss: &'s (dyn Loss + 't),
    /// Those of each batch.
    pub(super) penalties: &'s [Box<dyn Penalty + 't>],
    /// Those that are added once for several batches.
    pub(super) once: &'s [Box<dyn Penalty + 't>],
    pub(super) gradients: &'s [Box<dyn GradientRule + 't>],
    pub(super) clip_norm: Option<f64>,
}

/// A batch that has been evaluated.
pub(super) struct Evaluated {
    pub(super) output: Tensor,
    pub(super) loss: LossParts,
    /// Loss and penalties, and their gradients, unless nothing of the batch counts.
    pub(super) descent: Option<Descent>,
}

/// What a batch contributes to a step.
pub(super) struct Descent {
    pub(super) loss: f64,
    pub(super) grads: Gradients,
    /// What a mean has divided by; 1 if the loss is a sum.
    pub(super) weight: f64,
    pub(super) is_sum: bool,
}

/// Whether numbers must be finite: those of weights that a line search only tries need not be.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Weights {
    Present,
    Tried,
}

impl Terms<'_, '_> {
    /// What was computed, by its numbers. `cause` says where a loss that is not finite comes from, by the output.
    pub(super) fn evaluated(
        &self,
        computed: Computed,
        weights: Weights,
        cause: impl FnOnce(&Tensor) -> String,
    ) -> Result<Evaluated> {
        let Computed { output, loss, is_sum, penalties, objective, grads } = computed;
        let (tried, denominator) = (weights == Weights::Tried, denominator_of(&loss)?);
        let value = number("loss", &loss.value)?;
        if !(value.is_finite() || tried || denominator == 0.0) {
            return Err(Error::new(ErrorKind::NotFinite, format!("the loss is {value}: {}", cause(&output))));
        }
        if denominator == 0.0 {
            return Ok(Evaluated { output, loss, descent: None });
        }
        penalties.iter().try_for_each(|penalty| finite_unless("penalty", penalty, tried))?;
        let weight = if is_sum { 1.0 } else { denominator };
        let descent = Some(Descent { loss: number("loss", &objective)?, grads, weight, is_sum });
        Ok(Evaluated { output, loss, descent })
    }

    /// The loss and the gradients of step number t, 1 for the first: with the penalties that count once for several
    /// batches, and changed as the run asks for.
    pub(super) fn finished(
        &self,
        model: &dyn Layer,
        (mut loss, mut grads): (f64, Gradients),
        weights: Weights,
        t: u64,
    ) -> Result<(f64, Gradients)> {
        let tried = weights == Weights::Tried;
        for penalty in self.once {
            let penalty = penalty.of(model)?;
            one_float("penalty", &penalty)?;
            finite_unless("penalty", &penalty, tried)?;
            loss += number("penalty", &penalty)?;
            // Of what is frozen there is no gradient.
            if penalty.is_tracked() {
                grads.accumulate(penalty.backward()?)?;
            }
        }
        if !self.gradients.is_empty() || self.clip_norm.is_some() {
            grads = of_parameters(model, grads)?;
        }
        self.gradients.iter().try_for_each(|rule| rule.apply_at(t, model, &mut grads))?;
        if let Some(max_norm) = self.clip_norm {
            let norm = clip_grad_norm(&mut grads, max_norm)?;
            if !norm.is_finite() && !tried {
                return Err(Error::new(ErrorKind::NotFinite, format!("the norm of the gradients is {norm}")));
            }
        }
        Ok((loss, grads))
    }
}

/// An error if a loss or a penalty is NaN or infinite and that is not allowed.
fn finite_unless(what: &str, value: &Tensor, allowed: bool) -> Result<()> {
    match number(what, value)? {
        value if value.is_finite() || allowed => Ok(()),
        value => Err(Error::new(ErrorKind::NotFinite, format!("the {what} is {value}"))),
    }
}

/// Whether a loss is a sum, so that of several batches is their sum. A view of the sum is one, too: by its memory
/// [`Loss::parts`] knows what a loss is made of.
pub(super) fn is_sum(loss: &LossParts) -> bool {
    loss.value.shares_memory(&loss.numerator)
}

/// The gradients of the model's parameters, without those of other leaves.
pub(super) fn of_parameters(model: &dyn Layer, mut grads: Gradients) -> Result<Gradients> {
    let mut own = Gradients::default();
    for parameter in model.parameters() {
        if let Some(gradient) = grads.take(parameter) {
            own.insert(parameter, gradient)?;
        }
    }
    Ok(own)
}

/// The batches of a step for an optimizer that may evaluate them again.
pub(super) struct Batch<'b, 's, 'r> {
    pub(super) terms: Terms<'s, 's>,
    pub(super) steps: &'b mut Steps<'s, 'r>,
    pub(super) model: &'b mut (dyn Layer + 'r),
    pub(super) batches: &'b [(Vec<Tensor>, Tensor)],
    /// Those of evaluations after the first.
    pub(super) weights: Weights,
    /// The number of the step, 1 for the first.
    pub(super) t: u64,
    /// The first evaluation, until the optimizer has asked for it.
    pub(super) first: Option<(f64, Gradients)>,
    /// The model before the first evaluation.
    pub(super) start: &'b Before,
    pub(super) evaluations: usize,
}

impl Objective for Batch<'_, '_, '_> {
    fn model(&mut self) -> &mut dyn Module {
        &mut *self.model
    }

    /// Every evaluation is of one and the same function, with the same random numbers, and the batch is counted once in
    /// running statistics: by the first evaluation.
    fn evaluate(&mut self) -> Result<(f64, Gradients)> {
        self.evaluations += 1;
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let after = Before::of(&*self.model);
        self.start.put_back(&mut *self.model)?;
        let mut group = Group::default();
        let evaluated = held(|| {
            self.batches.iter().try_for_each(|(x, y)| {
                let computed = self.steps.compute(self.terms, &*self.model, x, y)?;
                let cause = |_: &Tensor| "it was finite at the first evaluation of the step".into();
                group.add(self.terms.evaluated(computed, self.weights, cause)?.descent)
            })?;
            group.finish(self.terms, &*self.model, self.weights, self.t)
        });
        after.put_back(&mut *self.model)?;
        let evaluated = evaluated.map_err(Failure::raise).and_then(|descent| {
            let text = "nothing of the batch counts in the loss, and something did the first time";
            descent.ok_or_else(|| Error::new(ErrorKind::Data, text))
        });
        evaluated.map_err(|e| e.context(format_args!("evaluation {}", self.evaluations)))
    }
}
