//! The gradient that an estimate of the Hessian is made from.

use super::Session;
use super::before::Before;
use super::ending::{Failure, held};
use super::objective::{is_sum, of_parameters};
use crate::metrics::denominator_of;
use crate::number::number;
use crate::trainer::Sampled;
use autograd_core::{Error, ErrorKind, Result, SeededRng, Tensor, no_grad, seeded};
use wengert_optim::GradientAccumulator;

impl Session<'_, '_, '_> {
    /// After a step: hands the optimizer the gradient of the mean loss of targets that were drawn from the outputs, if
    /// it is time. `start` is the model before the batches of the step.
    pub(super) fn update_hessian(&mut self, batches: &[(Vec<Tensor>, Tensor)], start: &Before) -> Result<()> {
        let Some(sampled) = self.sampled.filter(|sampled| (self.run.step - 1).is_multiple_of(sampled.every)) else {
            return Ok(());
        };
        let mut rng = self.draws(self.run.step);
        let (mut all, mut samples) = (GradientAccumulator::new(), 0.0);
        let after = Before::of(&*self.run.model);
        start.put_back(self.run.model)?;
        let evaluated = held(|| {
            batches.iter().try_for_each(|(x, y)| {
                let Some((loss, value, denominator)) = self.of_drawn(sampled, (x, y), &mut rng)? else { return Ok(()) };
                if !value.is_finite() {
                    return Err(Error::new(ErrorKind::NotFinite, format!("the loss is {value}")));
                }
                samples += denominator;
                all.add(loss.backward()?, denominator)
            })
        });
        after.put_back(self.run.model)?;
        evaluated.map_err(Failure::raise)?;
        if all.is_empty() {
            return Ok(());
        }
        let mut grads = of_parameters(&*self.run.model, all.take_mean()?)?;
        // The weights of another step may lead elsewhere, as in a mixture of experts: what has taken no step yet waits
        // for it.
        let begins = |name: &str| !self.learned.has(name);
        for (_, parameter) in self.run.model.named_parameters().into_iter().filter(|(name, _)| begins(name)) {
            drop(grads.take(parameter));
        }
        if grads.is_empty() {
            return Ok(());
        }
        self.run.optimizer.update_hessian(self.run.model, &grads, samples.round().max(1.0) as usize)
    }

    /// Before the first step: whether targets can be drawn from the outputs of its batches, and have a mean loss. The
    /// model stays as it is.
    pub(super) fn try_hessian(&mut self, batches: &[(Vec<Tensor>, Tensor)], start: &Before) -> Result<()> {
        let Some(sampled) = self.sampled else { return Ok(()) };
        let (mut rng, after) = (self.draws(self.run.step + 1), Before::of(&*self.run.model));
        start.put_back(self.run.model)?;
        // The first that counts.
        let tried =
            held(|| batches.iter().find_map(|(x, y)| self.of_drawn(sampled, (x, y), &mut rng).transpose()).transpose());
        after.put_back(self.run.model)?;
        let tried = tried.map_err(|failure| failure.raise().context("update_hessian"));
        tried.map(drop).map_err(|e| e.context("trial before the first step"))
    }

    /// The mean loss of targets that are drawn from the outputs, its value, and what it divides by; none if nothing
    /// counts.
    fn of_drawn(
        &self,
        sampled: &Sampled<'_>,
        (x, y): (&[Tensor], &Tensor),
        rng: &mut SeededRng,
    ) -> Result<Option<(Tensor, f64, f64)>> {
        let output = self.run.model.forward_all(x)?;
        let drawn = no_grad(|| (sampled.draw)(&output.detach(), y, rng))?;
        let loss = self.terms.loss.parts(&output, &drawn)?;
        let (value, denominator) = (number("loss", &loss.value)?, denominator_of(&loss)?);
        if denominator == 0.0 {
            return Ok(None);
        }
        if is_sum(&loss) {
            return Err(Error::new(ErrorKind::Argument, "the loss is a sum, and the estimate is from a mean"));
        }
        Ok(Some((loss.value, value, denominator)))
    }

    /// The numbers that the estimate after so many steps draws from.
    fn draws(&self, step: u64) -> SeededRng {
        let mut rng = seeded(self.seed);
        // The shuffles of the epochs have the first streams.
        rng.set_stream(u64::MAX - step);
        rng
    }
}
