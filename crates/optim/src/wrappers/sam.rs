//! Sharpness-aware minimisation.

use super::wrap::{Wrap, downwards};
use super::wrapped::Wrapped;
use crate::driver::misfit;
use crate::forward::forward_optimizer;
use crate::norms::norm;
use crate::optimizer::{Objective, Optimizer, StepReport};
use crate::range::Range;
use crate::rule::See;
use autograd_core::module::{ItemMut, Module, Path};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Error, ErrorKind, Gradients, Result, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Sharpness-aware minimisation: another optimizer steps along the gradient at the point near by where the loss is
/// highest, as the first order sees it, so it finds flat minima.
///
/// ```text
/// e = ρ g / (‖g‖ + 1e-12)                     g at p, the norm over all parameters
/// e = ρ p² g / (‖ |p| g ‖ + 1e-12)            adaptive
/// p ← a step of the optimizer inside from p, along the gradient at p + e
/// ```
///
/// `ρ ≥ 0` (`rho`; PyTorch programs take 0.05, adaptive ones ten times as much). A step evaluates the loss twice:
/// [`Optimizer::step_with`]. There is no state but that of the optimizer inside. The loss that a step returns is that
/// at p; what needs it inside, like [`PolyakSgd`](crate::PolyakSgd), gets that at p + e.
///
/// # Errors
/// If the optimizer inside, or a group of it, maximises, or evaluates the loss several times in a step. An error or a
/// panic of the second evaluation leaves the parameters as they were.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Optimizer, Sam, Sgd};
///
/// let mut x = Param::new(Tensor::from(3.0))?;
/// let (loss, _) = Sam::new(Sgd::new(0.25), 1.0).step_with(&mut x, |x| {
///     let loss = x.square();
///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
/// })?;
/// assert_eq!((loss, x.item::<f32>()?), (9.0, 1.0));           // 3 − 0.25 · 2 (3 + 1)
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Foret, Kleiner, Mobahi, Neyshabur, Sharpness-Aware Minimization for Efficiently Improving Generalization, 2021,
/// algorithm 1. Kwon, Kim, Park, Choi, ASAM, 2021, equation 9 (adaptive, with η = 0).
///
/// # Differs from
/// * PyTorch, Keras: they do not have it.
/// * optax (`contrib.sam`): the way to p + e is that of any optimizer, with any number of steps; unless in
///   `opaque_mode`, an update is one evaluation, so every second one goes to p + e; there is no adaptive form; without
///   the 1e-12 a gradient of 0 makes the parameters NaN.
#[derive(Clone, Debug)]
pub struct Sam<O>(Wrapped<O, Sharp>);

#[derive(Clone, Debug)]
struct Sharp {
    rho: f64,
    adaptive: bool,
}

impl<O: Optimizer> Sam<O> {
    /// Steps along the gradient at distance ρ ≥ 0.
    pub fn new(inner: O, rho: f64) -> Sam<O> {
        Sam(Wrapped::new(inner, Sharp { rho, adaptive: false }))
    }

    /// Whether distances are in proportion to the size of each parameter. Default false.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Optimizer, Sam, Sgd};
    /// let mut x = Param::new(Tensor::from(4.0))?;
    /// Sam::new(Sgd::new(0.25), 0.5).adaptive(true).step_with(&mut x, |x| {
    ///     let loss = x.square();
    ///     Ok((loss.item::<f32>()?.into(), loss.backward()?))
    /// })?;
    /// assert_eq!(x.item::<f32>()?, 1.0);                      // 4 − 0.25 · 2 (4 + 0.5 · 4)
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn adaptive(self, adaptive: bool) -> Sam<O> {
        Sam(self.0.with(|wrap| wrap.adaptive = adaptive))
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Optimizer, Sam, Sgd};
    /// assert_eq!(Sam::new(Sgd::new(0.25), 0.05).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        self.0.inner()
    }
}

impl<O: Optimizer> Optimizer for Sam<O> {
    forward_optimizer!(self => self.0);
}

impl Wrap for Sharp {
    const NAME: &'static str = "Sam";
    const PREFIX: &'static str = "sam";
    const NEEDS_OBJECTIVE: bool = true;

    fn hyperparameters(&mut self, see: &mut See<'_>) {
        see("sam.rho", &mut self.rho, Range::AT_LEAST_0);
    }

    // Upwards the worst point near by would be on the other side.
    fn around<O: Optimizer>(&self, inner: &O) -> Result<()> {
        downwards(Self::NAME, inner)?;
        if inner.evaluates_once() {
            return Ok(());
        }
        let text =
            format!("{}: the optimizer inside evaluates the loss in its steps, too, and not at that point", Self::NAME);
        Err(Error::new(ErrorKind::Argument, text))
    }

    fn step_on<O: Optimizer>(&self, _: u64, inner: &mut O, objective: &mut dyn Objective) -> Result<(f64, StepReport)> {
        self.around(inner)?;
        let (loss, grads) = objective.evaluate()?;
        let before = self.climb(objective.model(), &grads)?;
        // The weights come back, whatever the loss does.
        let evaluated = catch_unwind(AssertUnwindSafe(|| objective.evaluate()));
        put_back(objective.model(), before)?;
        let (high, grads) = evaluated.unwrap_or_else(|panic| resume_unwind(panic))?;
        Ok((loss, inner.step_with_loss(objective.model(), &grads, high)?))
    }
}

impl Sharp {
    /// `p ← p + e` for all trainable parameters that have a gradient; returns what they were, in the order of the
    /// model.
    fn climb(&self, model: &mut dyn Module, grads: &Gradients) -> Result<Vec<Option<Tensor>>> {
        let mut slopes = Vec::new();
        for (name, param) in model.named_parameters() {
            let Some(gradient) = grads.get(param).filter(|_| param.is_trainable()) else {
                slopes.push(None);
                continue;
            };
            if !gradient.is_like(param) {
                return Err(misfit(Self::NAME, "the gradient of", &name, gradient, param));
            }
            let mut slope = gradient.detach();
            if self.adaptive {
                slope.update(param, [], Weighted)?;
            }
            slopes.push(Some(slope));
        }
        let climb = Climb { scale: self.rho / (norm(slopes.iter().flatten(), 2.0)? + 1e-12), adaptive: self.adaptive };
        let (mut slopes, mut before, mut outcome) = (slopes.into_iter(), Vec::new(), Ok(()));
        model.visit_mut(&Path::root(), &mut |_, item| {
            let ItemMut::Param(param) = item else { return };
            let slope = slopes.next().flatten();
            before.push(slope.as_ref().map(|_| param.detach()));
            if let (Some(slope), Ok(())) = (slope, &outcome) {
                outcome = param.value_mut().update(&slope, [], climb);
            }
        });
        outcome.map(|()| before)
    }
}

fn put_back(model: &mut dyn Module, before: Vec<Option<Tensor>>) -> Result<()> {
    let (mut before, mut outcome) = (before.into_iter(), Ok(()));
    model.visit_mut(&Path::root(), &mut |_, item| {
        let ItemMut::Param(param) = item else { return };
        if let (Some(value), Ok(())) = (before.next().flatten(), &outcome) {
            outcome = param.set(value);
        }
    });
    outcome
}

/// `g ← |p| g`
#[derive(Clone, Copy)]
struct Weighted;

impl ElementRule<0> for Weighted {
    #[inline(always)]
    fn element<T: Real>(self, g: T, p: T, []: [T; 0]) -> (T, [T; 0]) {
        (p.abs() * g, [])
    }
}

/// `p ← p + scale · g`, or, where g is weighted by |p|, `p + scale · |p| g`
#[derive(Clone, Copy)]
struct Climb {
    scale: f64,
    adaptive: bool,
}

impl ElementRule<0> for Climb {
    #[inline(always)]
    fn element<T: Real>(self, p: T, g: T, []: [T; 0]) -> (T, [T; 0]) {
        let g = if self.adaptive { p.abs() * g } else { g };
        (p + T::of(self.scale) * g, [])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Adam;
    use autograd_core::Error;
    use autograd_core::module::Param;

    fn model() -> Vec<Param> {
        [[1.0, -2.0], [0.5, 3.0]]
            .map(|x| Param::new(Tensor::from_slice(&x, &[2]).expect("two")).expect("floats"))
            .into()
    }

    fn values(model: &[Param]) -> Vec<f64> {
        model.iter().flat_map(|param| param.to_f64s()).collect()
    }

    /// Σ k p² over the elements, with k = 1, 2, 3, 4.
    fn evaluate(model: &[Param]) -> Result<(f64, Gradients)> {
        let scales = [[1.0f64, 2.0], [3.0, 4.0]].map(|k| Tensor::from_slice(&k, &[2]).expect("two"));
        let terms: Vec<Tensor> =
            model.iter().zip(&scales).map(|(p, k)| Ok(p.square().try_mul(k)?.sum())).collect::<Result<_>>()?;
        let loss = terms[0].try_add(&terms[1])?;
        Ok((loss.item()?, loss.backward()?))
    }

    #[test]
    fn the_gradient_is_that_at_the_highest_point_near_by() {
        for adaptive in [false, true] {
            let (mut model, mut sam) = (model(), Sam::new(crate::Sgd::new(0.1), 0.3).adaptive(adaptive));
            let mut p = values(&model);
            for _ in 0..4 {
                sam.step_with(&mut model, |model| evaluate(model)).expect("a step");
                let g = |p: &[f64]| (0..4).map(|i| 2.0 * (i + 1) as f64 * p[i]).collect::<Vec<f64>>();
                let weight = |i: usize| if adaptive { p[i].abs() } else { 1.0 };
                let slopes: Vec<f64> = g(&p).into_iter().enumerate().map(|(i, g)| weight(i) * g).collect();
                let norm = slopes.iter().map(|x| x * x).sum::<f64>().sqrt();
                let high: Vec<f64> = (0..4).map(|i| p[i] + 0.3 * weight(i) * slopes[i] / norm).collect();
                p = p.iter().zip(g(&high)).map(|(p, g)| p - 0.1 * g).collect();
                for (got, expected) in values(&model).iter().zip(&p) {
                    assert!((got - expected).abs() < 1e-12, "{got} instead of {expected}");
                }
            }
        }
    }

    #[test]
    fn a_second_evaluation_that_fails_changes_nothing() {
        let (mut model, mut sam) = (model(), Sam::new(Adam::new(0.1), 0.3));
        let before = values(&model);
        let mut calls = 0;
        let outcome = sam.step_with(&mut model, |model| {
            calls += 1;
            if calls == 2 { Err(Error::user("no")) } else { evaluate(model) }
        });
        assert_eq!(outcome.map_err(|e| e.to_string()), Err("no".to_string()));
        assert_eq!(values(&model), before);
        let panics = catch_unwind(AssertUnwindSafe(|| {
            let mut calls = 0;
            sam.step_with(&mut model, |model| {
                calls += 1;
                assert!(calls < 2, "no");
                evaluate(model)
            })
        }));
        assert!(panics.is_err() && values(&model) == before);
        assert_eq!(sam.state_dict().len(), 1);
        let (_, grads) = evaluate(&model).expect("a loss");
        let error = sam.step(&mut model, &grads).expect_err("no function").to_string();
        assert_eq!(error, "Sam: a step evaluates the loss twice: step_with takes it as a function");
    }

    #[test]
    fn it_goes_on_and_is_known_by_its_options() {
        let (mut one, mut other) = (model(), Sam::new(Adam::new(0.1), 0.3));
        let mut sam = other.clone();
        (0..3).for_each(|_| drop(sam.step_with(&mut one, |model| evaluate(model)).expect("a step")));
        let mut two = one.clone();
        other.load_state_dict(&sam.state_dict()).expect("its own");
        for (model, sam) in [(&mut one, &mut sam), (&mut two, &mut other)] {
            (0..3).for_each(|_| drop(sam.step_with(model, |model| evaluate(model)).expect("a step")));
        }
        assert_eq!(values(&one), values(&two));
        let text = sam.describe(&[]).to_string();
        assert!(text.starts_with("Sam of Adam { sam.rho: 0.3, sam.adaptive: false, lr: 0.1, "), "{text}");
        assert_eq!(sam.get("sam.rho"), Ok(0.3));
        sam.set("betas[0]", 0.5).and(sam.set("sam.rho", -1.0)).expect("names");
        let error = sam.step_with(&mut one, |model| evaluate(model)).expect_err("a range").to_string();
        assert_eq!(error, "Sam: sam.rho is -1.0, it must be finite and at least 0");
    }
}
