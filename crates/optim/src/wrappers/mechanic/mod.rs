//! Mechanic.

mod state;
#[cfg(test)]
mod tests;

use super::kept::Kept;
use super::own;
use super::wrap::downwards;
use crate::driver::misfit;
use crate::norms::{dot, norm};
use crate::optimizer::{Optimizer, StepReport};
use crate::range::Range;
use crate::rule::See;
use autograd_core::module::{Item, Module, Param, Path, StateDict};
use autograd_core::update::{ElementRule, Real};
use autograd_core::{Description, Error, ErrorKind, Gradients, Result, Tensor, no_grad};

/// Mechanic: another optimizer whose steps are multiplied by a scale that is found while training, in place of a tuned
/// learning rate.
///
/// ```text
/// s = s₁ + .. + sₙ,  Δ = (x₀ − p) / (s + ε)                   x₀ the parameters before the first step
/// h = ⟨g + λ s ‖g‖ / (‖p‖ + ε) · p, Δ⟩
/// u = the change of p by a step of the optimizer inside
///
/// for i of 1 to n, with β = 1 − 10⁻ⁱ:
///     r ← β r + min(max(h, −m), m) sᵢ
///     m ← max(β m, |h| + ε)
///     v ← β² v + h²
///     sᵢ ← (s₀ / n · m + max(r, 0)) / (√v + ε)
///
/// p ← x₀ − (s₁ + .. + sₙ) (Δ − u)
/// ```
///
/// r, m and v are one number for each i, at first 0, and sᵢ at first s₀. Norms and products are over all parameters
/// that have a gradient. `1 ≤ n ≤ 15` (`num_betas`, 6), `s₀ > 0` (`s_init`, 1e-6), `λ ≥ 0` (`weight_decay`, 0.01), `ε >
/// 0` (1e-8). State: `x0` of each parameter, with a `since` of 0; `kept`, how many those are, and `r`, `m`, `v` and
/// `s`; that of the optimizer inside goes on.
///
/// The optimizer inside has a learning rate of 1, or a schedule from there. It may be any whose step from p depends on
/// the gradient, on the value of the loss and on p alone, like SGD with momentum, Adam, AdamW and
/// [`Momo`](crate::Momo). What keeps weights of its own, like [`Ema`](crate::Ema), and what changes gradients, like
/// [`Transformed`](crate::Transformed), stands around Mechanic.
///
/// # Numerics
/// Sums are gathered in `f64`, in an order that no number of threads changes. Δ is computed from p, which rounds it: in
/// `F32` an s₀ that changes parameters by less than their last bits is not found to be too small.
///
/// # Errors
/// [`Optimizer::check`], and so a step, refuses an optimizer inside that follows the gradient upwards, be it for one
/// group of parameters: the sign of h would be wrong. So it does one that evaluates the loss several times in a step:
/// [`Lbfgs`](crate::Lbfgs) has a line search, and [`Sam`](crate::Sam) can stand around Mechanic.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, module::Param};
/// use wengert_optim::{Adam, Mechanic, Optimizer};
///
/// let mut x = Param::new(Tensor::scalar(5.0))?;
/// let mut mechanic = Mechanic::new(Adam::new(1.0));
/// for _ in 0..400 {
///     let grads = x.square().backward()?;
///     mechanic.step(&mut x, &grads)?;
/// }
/// assert!(x.item::<f64>()?.abs() < 0.5 && mechanic.scale() > 0.01);
/// # Ok::<(), autograd_core::Error>(())
/// ```
///
/// # References
/// Cutkosky, Defazio, Mehta, Mechanic: A Learning Rate Tuner, 2023, algorithm 1, with Δ computed anew in each step, and
/// h limited by m, as in the authors' code.
///
/// # Differs from
/// * optax (`contrib.mechanize`): nothing where all parameters have a gradient in every step.
#[derive(Clone, Debug)]
pub struct Mechanic<O> {
    inner: O,
    tuner: Tuner,
    /// r, m, v and s; without numbers before the first step.
    memory: [Vec<f64>; 4],
    start: Kept,
}

#[derive(Clone, Debug)]
struct Tuner {
    num_betas: usize,
    s_init: f64,
    weight_decay: f64,
    eps: f64,
}

const NAME: &str = "Mechanic";

impl<O: Optimizer> Mechanic<O> {
    /// A wrapper with the default hyperparameters.
    pub fn new(inner: O) -> Mechanic<O> {
        let tuner = Tuner { num_betas: 6, s_init: 1e-6, weight_decay: 0.01, eps: 1e-8 };
        Mechanic { inner, tuner, memory: Default::default(), start: Kept::default() }
    }

    /// `1 ≤ n ≤ 15`: the number of βᵢ, which are 0.9, 0.99, .., to be set before the first step. Default 6.
    #[must_use]
    pub fn num_betas(mut self, num_betas: usize) -> Mechanic<O> {
        self.tuner.num_betas = num_betas;
        self
    }

    /// s₀ > 0, the first scale: a small one. Default 1e-6.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::Param};
    /// # use wengert_optim::{Mechanic, Optimizer, Sgd};
    /// let mut x = Param::new(Tensor::scalar(8.0))?;
    /// let grads = x.square().backward()?;
    /// let mut mechanic = Mechanic::new(Sgd::new(1.0)).s_init(0.25).num_betas(2).eps(1e-6).weight_decay(0.0);
    /// mechanic.step(&mut x, &grads)?;                     // 8 − 0.25 · 16
    /// assert!((x.item::<f64>()? - 4.0).abs() < 1e-12 && (mechanic.scale() - 0.25).abs() < 1e-12);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    #[must_use]
    pub fn s_init(mut self, s_init: f64) -> Mechanic<O> {
        self.tuner.s_init = s_init;
        self
    }

    /// λ ≥ 0: how strongly h draws parameters to 0, besides any weight decay of the optimizer inside. Default 0.01.
    #[must_use]
    pub fn weight_decay(mut self, weight_decay: f64) -> Mechanic<O> {
        self.tuner.weight_decay = weight_decay;
        self
    }

    /// ε > 0, which keeps divisors from 0. Default 1e-8.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Mechanic<O> {
        self.tuner.eps = eps;
        self
    }

    /// The present s, by which the steps of the optimizer inside are multiplied; `n s₀` before the first step.
    pub fn scale(&self) -> f64 {
        let [.., s] = &self.memory;
        if s.is_empty() { self.tuner.s_init * self.tuner.num_betas as f64 } else { s.iter().sum() }
    }

    /// The optimizer inside.
    ///
    /// # Examples
    /// ```
    /// # use wengert_optim::{Mechanic, Optimizer, Sgd};
    /// assert_eq!(Mechanic::new(Sgd::new(0.25)).inner().lr(), 0.25);
    /// ```
    pub fn inner(&self) -> &O {
        &self.inner
    }

    fn has_begun(&self) -> bool {
        !self.memory[0].is_empty()
    }

    /// x₀ of each parameter, if the model has others than those that are known.
    fn bound(&self, model: &dyn Module) -> Result<Option<Kept>> {
        let nothing = Kept::default();
        // What there may be before the first step is of other weights.
        let start = if self.has_begun() { &self.start } else { &nothing };
        start.bound(NAME, 0, model, |param| Some(param.detach()))
    }

    /// The step that is ready.
    fn turn(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        let bound = self.bound(&*model)?;
        let before_s = self.scale();
        let h = self.tuner.slope(before_s, &*model, grads, bound.as_ref().unwrap_or(&self.start))?;
        let moves = |param: &Param| grads.get(param).filter(|_| param.is_trainable()).map(|_| param.detach());
        let mut before = Vec::new();
        model.visit(&Path::root(), &mut |_, item| {
            if let Item::Param(param) = item {
                before.push(moves(param));
            }
        });
        let report = self.inner.step_ready(model, grads, loss)?;
        // A step that was left out.
        if report.updated == 0 {
            return Ok(report);
        }
        if let Some(bound) = bound {
            self.start = bound;
        }
        let n = self.tuner.num_betas;
        if !self.has_begun() {
            self.memory = [vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![self.tuner.s_init; n]];
        }
        self.tuner.turn(h, &mut self.memory);
        let formula = Scaled { before: before_s + self.tuner.eps, after: self.scale() };
        let mut before = before.into_iter();
        self.start.each(model, |param, _, start| match before.next().flatten() {
            Some(before) => param.value_mut().update(&before, [start.as_mut()], formula),
            None => Ok(()),
        })?;
        Ok(report)
    }
}

impl Tuner {
    fn each(&mut self, see: &mut See<'_>) {
        see("mechanic.s_init", &mut self.s_init, Range::POSITIVE);
        see("mechanic.weight_decay", &mut self.weight_decay, Range::AT_LEAST_0);
        see("mechanic.eps", &mut self.eps, Range::POSITIVE);
    }

    fn check(&self) -> Result<()> {
        own::check(NAME, &mut |see| self.clone().each(see))?;
        match self.num_betas {
            0 => Err(Error::argument(NAME, "num_betas", 0, "at least 1")),
            // From the sixteenth on β would be 1.
            16.. => Err(Error::argument(NAME, "num_betas", self.num_betas, "at most 15")),
            _ => Ok(()),
        }
    }

    /// Whether there are as many numbers of each kind in memory as there are β.
    fn remembers(&self, memory: &[Vec<f64>; 4]) -> Result<()> {
        match memory[0].len() {
            0 => Ok(()),
            n if n == self.num_betas => Ok(()),
            n => {
                let text = format!("{NAME}: num_betas is {}, and it has made steps with {n}", self.num_betas);
                Err(Error::new(ErrorKind::State, text))
            }
        }
    }

    /// h, with the scale s.
    fn slope(&self, s: f64, model: &dyn Module, grads: &Gradients, start: &Kept) -> Result<f64> {
        let (mut along, mut decay, mut all) = (0.0, 0.0, Vec::new());
        let (mut starts, mut outcome) = (start.values(), Ok(()));
        model.visit(&Path::root(), &mut |path, item| {
            let Item::Param(param) = item else { return };
            let start = starts.next().flatten();
            let Some(g) = grads.get(param).filter(|_| param.is_trainable() && outcome.is_ok()) else { return };
            let Some(start) = start else { unreachable!("every parameter has its start") };
            match products(path, param, g, start) {
                Ok([of_gradient, of_parameter]) => {
                    along += of_gradient;
                    decay += of_parameter;
                    all.push((g, param.detach()));
                }
                Err(error) => outcome = Err(error),
            }
        });
        outcome?;
        let (g, p) = (norm(all.iter().map(|(g, _)| *g), 2.0)?, norm(all.iter().map(|(_, p)| p), 2.0)?);
        Ok((along + self.weight_decay * s * g / (p + self.eps) * decay) / (s + self.eps))
    }

    /// r, m, v and s after a step.
    fn turn(&self, h: f64, memory: &mut [Vec<f64>; 4]) {
        let ([r, m, v, s], n) = (memory, self.num_betas);
        for i in 0..n {
            let beta = 1.0 - 0.1f64.powi(i as i32 + 1);
            // An h that is not a number is seen in v.
            r[i] = beta * r[i] + h.max(-m[i]).min(m[i]) * s[i];
            m[i] = (beta * m[i]).max(h.abs() + self.eps);
            v[i] = beta * beta * v[i] + h * h;
            s[i] = (self.s_init / n as f64 * m[i] + r[i].max(0.0)) / (v[i].sqrt() + self.eps);
        }
    }
}

/// ⟨g, x₀ − p⟩ and ⟨p, x₀ − p⟩ of a parameter.
fn products(path: &Path<'_>, param: &Param, g: &Tensor, start: &Tensor) -> Result<[f64; 2]> {
    if !g.is_like(param) {
        return Err(misfit(NAME, "the gradient of", &path.to_string(), g, param));
    }
    let way = no_grad(|| start.try_sub(param))?;
    Ok([dot(g, &way)?, dot(param, &way)?])
}

impl<O: Optimizer> Optimizer for Mechanic<O> {
    fn ready(&mut self, model: &dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<()> {
        self.check()?;
        self.inner.ready(model, grads, loss)?;
        self.bound(model).map(drop)
    }

    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        self.ready(&*model, grads, None)?;
        self.turn(model, grads, None)
    }

    fn step_with_loss(&mut self, model: &mut dyn Module, grads: &Gradients, loss: f64) -> Result<StepReport> {
        self.ready(&*model, grads, Some(loss))?;
        self.turn(model, grads, Some(loss))
    }

    fn step_ready(&mut self, model: &mut dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<StepReport> {
        self.turn(model, grads, loss)
    }

    fn ready_for_hessian(&mut self, model: &dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.inner.ready_for_hessian(model, grads, batch_size)
    }

    fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.inner.update_hessian(model, grads, batch_size)
    }

    fn estimates_hessian(&self) -> bool {
        self.inner.estimates_hessian()
    }

    fn sees_all(&self) -> bool {
        self.inner.sees_all()
    }

    fn upwards(&self) -> Option<String> {
        self.inner.upwards()
    }

    fn eval(&mut self, model: &mut dyn Module) -> Result<()> {
        self.inner.eval(model)
    }

    fn train(&mut self, model: &mut dyn Module) -> Result<()> {
        self.inner.train(model)
    }

    fn check(&self) -> Result<()> {
        self.tuner.check()?;
        self.tuner.remembers(&self.memory)?;
        downwards(NAME, &self.inner)?;
        if !self.inner.evaluates_once() {
            let instead = "Sam can stand around Mechanic, Lbfgs has a line search";
            let text = format!("{NAME}: the optimizer inside evaluates the loss several times in a step; {instead}");
            return Err(Error::new(ErrorKind::Argument, text));
        }
        self.inner.check()
    }

    fn lr(&self) -> f64 {
        self.inner.lr()
    }

    fn set_lr(&mut self, lr: f64) {
        self.inner.set_lr(lr);
    }

    fn is_lr(&self, name: &str) -> bool {
        self.inner.is_lr(name)
    }

    fn waits(&self, name: &str) -> bool {
        self.inner.waits(name)
    }

    fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        own::hyperparameters(&mut |see| self.tuner.clone().each(see), &self.inner)
    }

    fn get(&self, name: &str) -> Result<f64> {
        own::get(name, &mut |see| self.tuner.clone().each(see), &self.inner)
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let Mechanic { tuner, inner, .. } = self;
        own::set(NAME, name, value, &mut |see| tuner.each(see), inner)
    }

    fn describe(&self, parameters: &[String]) -> Description {
        own::describe(NAME, "mechanic", own::options(&self.tuner), &self.inner.describe(parameters))
    }

    fn state_dict(&self) -> StateDict {
        self.save()
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        self.load(state)
    }
}

/// The scaled step from p before and after that of the optimizer inside, and x₀.
#[derive(Clone, Copy)]
struct Scaled {
    before: f64,
    after: f64,
}

impl ElementRule<1> for Scaled {
    const FIXED: usize = 1;

    #[inline(always)]
    fn element<T: Real>(self, after: T, before: T, [start]: [T; 1]) -> (T, [T; 1]) {
        let way = (start - before) / T::of(self.before) - (after - before);
        (start - T::of(self.after) * way, [start])
    }
}
