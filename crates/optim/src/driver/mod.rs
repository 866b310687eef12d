//! The driver: everything that optimizers have in common.
//!
//! A [`Driver`] holds one [`Slot`] for each parameter of the model, in the order in which the model visits them, so
//! a steady step is two walks over the model that compare identities: no names, no look-ups, no allocation. When
//! identities differ (the first step, another clone of the model, something frozen), the slots are bound again by
//! name. Hyperparameters that were changed by name are handed to the slots by the next step.

mod bind;
mod group;
mod group_names;
mod hyper;
mod parameters;
mod state;
mod step;

use crate::evaluation::Swapped;
use crate::optimizer::{Optimizer, StepReport, no_hessian};
use crate::rule::Rule;
use autograd_core::module::{Module, StateDict};
use autograd_core::{Description, Error, Gradients, Result};
use bind::Slot;
pub(crate) use bind::{misfit, nothing_to_update};
use group::Group;
pub use group::biases_and_norms;
use hyper::Hyper;
pub(crate) use state::{rate, single, whole, wrong};
use std::collections::HashMap;
use std::fmt;

/// An optimizer: a [`Rule`] with a learning rate, weight decay, parameter groups and state.
///
/// `driver.clone()` is an independent optimizer in the same state. State belongs to the *names* of parameters: it
/// follows a model through cloning, saving and loading.
///
/// # Examples
/// ```
/// use autograd_core::{Result, Tensor, module::Param, update::{ElementRule, Real}};
/// use wengert_optim::{Driver, Optimizer, Rule, Turn};
///
/// /// p ← p − rate · g
/// #[derive(Clone, Copy, Debug)]
/// struct Descent {
///     rate: f64,
/// }
///
/// impl Rule for Descent {
///     const NAME: &'static str = "Descent";
///     fn step(&self, turn: Turn<'_>) -> Result<()> {
///         let rate = self.rate * turn.lr;
///         turn.update(Descent { rate })
///     }
/// }
///
/// impl ElementRule<0> for Descent {
///     #[inline(always)]
///     fn element<T: Real>(self, p: T, g: T, state: [T; 0]) -> (T, [T; 0]) {
///         (p - T::of(self.rate) * g, state)
///     }
/// }
///
/// let driver = Driver::new(Descent { rate: 1.0 }, 0.5).scale_lr(0.5).map_rule(|_| Descent { rate: 2.0 });
/// assert_eq!((driver.lr(), driver.rule().rate), (0.25, 2.0));
///
/// let mut x = Param::new(Tensor::from(8.0))?;
/// let grads = x.sum().backward()?;                                   // 1
/// driver.weight_decay(0.5).decoupled_weight_decay(true).maximize(true).step(&mut x, &grads)?;
/// assert_eq!(x.item::<f32>()?, 7.5);                                 // (1 − 0.25 · 0.5) · 8 + 0.25 · 2
///
/// let sparse = Driver::new(Descent { rate: 1.0 }, 0.5).cautious_weight_decay(true).proximal_l1(0.5).proximal_l2(0.25);
/// assert_eq!((sparse.get("proximal_l1")?, sparse.get("proximal_l2")?), (0.5, 0.25));
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Driver<R> {
    hyper: Hyper<R>,
    /// The learning rate of the constructor, to which those of groups are ratios.
    initial_lr: f64,
    groups: Vec<Group<R>>,
    slots: Vec<Slot<R>>,
    /// The numbers that the rule has for all parameters; none before the first step.
    shared: Vec<f64>,
    /// Whether the slots are up to date with `hyper` and `groups`.
    slots_are: Slots,
    /// Whether slots may have state that their rules, after a change, do not use.
    leftovers: bool,
    /// The weights that are in the model and those that are not, while it is evaluated.
    swapped: Option<Swapped>,
}

/// Whether the slots can be used, and what must be done first.
#[derive(Clone, Copy, PartialEq)]
enum Slots {
    Unbound,
    /// Their hyperparameters must be found again.
    Stale,
    Current,
}

impl<R: Rule> Driver<R> {
    /// An optimizer from its rule.
    pub fn new(rule: R, lr: f64) -> Driver<R> {
        Driver::of(Hyper::new(rule, lr))
    }

    fn of(hyper: Hyper<R>) -> Driver<R> {
        let initial_lr = hyper.lr;
        Driver {
            hyper,
            initial_lr,
            groups: Vec::new(),
            slots: Vec::new(),
            shared: Vec::new(),
            slots_are: Slots::Unbound,
            leftovers: false,
            swapped: None,
        }
    }

    /// λ ≥ 0: how strongly parameters are drawn to 0. Without decoupling λ·p is added to the gradient (the L2 penalty).
    /// Default 0.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.changed(|hyper| hyper.weight_decay = weight_decay)
    }

    /// Whether weight decay shrinks the parameter itself, `p ← (1 − lr·λ) p`, instead of adding to the gradient
    /// ([`Decay::Decoupled`](crate::Decay::Decoupled)); while the cautious form is on
    /// ([`Driver::cautious_weight_decay`]), that one counts. Default false.
    ///
    /// # References
    /// Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019.
    #[must_use]
    pub fn decoupled_weight_decay(self, decoupled: bool) -> Self {
        self.changed(|hyper| hyper.decoupled = decoupled)
    }

    /// Whether weight decay shrinks only those elements that the step draws to 0 by itself
    /// ([`Decay::Cautious`](crate::Decay::Cautious)), in place of the form that it has otherwise. Default false.
    ///
    /// # References
    /// Chen et al., Cautious Weight Decay, 2025.
    #[must_use]
    pub fn cautious_weight_decay(self, cautious: bool) -> Self {
        self.changed(|hyper| hyper.cautious = cautious)
    }

    /// λ₁ ≥ 0 of a proximal step after each step, `p ← sign(p) max(|p| − lr·λ₁, 0)`: the L1 penalty, with weights that
    /// become exactly 0. Default 0.
    ///
    /// # References
    /// Parikh, Boyd, Proximal Algorithms, 2014, section 6.5.2.
    #[must_use]
    pub fn proximal_l1(self, lambda: f64) -> Self {
        self.changed(|hyper| hyper.proximal[0] = lambda)
    }

    /// λ₂ ≥ 0 of a proximal step after each step, `p ← p / (1 + lr·λ₂)`: the penalty `λ₂/2 · Σ p²`. With both, the
    /// threshold of [`Driver::proximal_l1`] comes first: the elastic net. Default 0.
    ///
    /// # References
    /// Parikh, Boyd, Proximal Algorithms, 2014, section 6.5.3.
    #[must_use]
    pub fn proximal_l2(self, lambda: f64) -> Self {
        self.changed(|hyper| hyper.proximal[1] = lambda)
    }

    /// Whether to follow the gradient upwards: g is negated before anything else. Default false.
    #[must_use]
    pub fn maximize(self, maximize: bool) -> Self {
        self.changed(|hyper| hyper.maximize = maximize)
    }

    /// Multiplies the learning rate by a factor ≥ 0; meant for groups:
    /// `.group("encoder", |group| group.scale_lr(0.1))`.
    #[must_use]
    pub fn scale_lr(self, factor: f64) -> Self {
        self.changed(|hyper| hyper.lr *= factor)
    }

    /// Replaces the rule by `change` of it. Groups use it to change hyperparameters that have no setter on the driver.
    #[must_use]
    pub fn map_rule(self, change: impl FnOnce(R) -> R) -> Self {
        self.changed(|hyper| hyper.rule = change(hyper.rule.clone()))
    }

    /// The rule with its hyperparameters.
    pub fn rule(&self) -> &R {
        &self.hyper.rule
    }

    /// The numbers that the rule has for all parameters; none before the first step.
    pub(crate) fn shared(&self) -> &[f64] {
        &self.shared
    }

    fn changed(mut self, change: impl FnOnce(&mut Hyper<R>)) -> Self {
        change(&mut self.hyper);
        self.slots_are = Slots::Unbound;
        self
    }
}

impl<R: Rule> Optimizer for Driver<R> {
    fn ready(&mut self, model: &dyn Module, grads: &Gradients, loss: Option<f64>) -> Result<()> {
        self.fit(model, grads, loss).map(drop)
    }

    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        self.step_along(model, grads, None)
    }

    fn step_with_loss(&mut self, model: &mut dyn Module, grads: &Gradients, loss: f64) -> Result<StepReport> {
        self.step_along(model, grads, Some(loss))
    }

    fn ready_for_hessian(&mut self, model: &dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        if !R::ESTIMATES_HESSIAN {
            return Err(no_hessian());
        }
        if batch_size == 0 {
            return Err(Error::argument(R::NAME, "batch_size", 0, "at least 1"));
        }
        self.revisable(model, grads).map(drop)
    }

    fn update_hessian(&mut self, model: &mut dyn Module, grads: &Gradients, batch_size: usize) -> Result<()> {
        self.ready_for_hessian(&*model, grads, batch_size)?;
        self.revise(model, grads, |rule, turn| rule.estimate(turn, batch_size))
    }

    fn estimates_hessian(&self) -> bool {
        R::ESTIMATES_HESSIAN
    }

    fn sees_all(&self) -> bool {
        false
    }

    fn upwards(&self) -> Option<String> {
        if self.hyper.maximize {
            return Some(R::NAME.into());
        }
        self.groups.iter().enumerate().find_map(|(position, group)| {
            let hyper = group.apply(self.hyper.clone(), self.initial_lr);
            hyper.maximize.then(|| format!("the group {} of {}", group.label(position), R::NAME))
        })
    }

    fn eval(&mut self, model: &mut dyn Module) -> Result<()> {
        if R::EVALUATES && self.swapped.is_none() {
            let slots: HashMap<&str, &Slot<R>> = self.slots.iter().map(|slot| (slot.name.as_str(), slot)).collect();
            self.swapped = Some(Swapped::put(R::NAME, model, |name, param| match slots.get(name) {
                Some(slot) if slot.t > 0 => slot.hyper.rule.evaluated(param, &slot.state),
                _ => Ok(param.detach()),
            })?);
        }
        Ok(())
    }

    fn train(&mut self, model: &mut dyn Module) -> Result<()> {
        self.swapped.take().map_or(Ok(()), |swapped| swapped.take_back(model))
    }

    fn check(&self) -> Result<()> {
        R::START_LR.check(R::NAME, "lr", self.initial_lr)?;
        self.hyper.check()?;
        self.groups.iter().enumerate().try_for_each(|(position, group)| {
            group.is_no_other(&self.groups[..position], position)?;
            group.adds_none(self.hyper.clone(), position)?;
            group.apply(self.hyper.clone(), self.initial_lr).check()
        })
    }

    fn lr(&self) -> f64 {
        self.hyper.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.hyper.lr = lr;
    }

    fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        let mut all = Vec::new();
        self.hyper.clone().each(&mut |name, value, _| all.push((name, *value)));
        all
    }

    fn get(&self, name: &str) -> Result<f64> {
        let mut found = None;
        self.hyper.clone().each(&mut |known, value, _| {
            if known == name {
                found = Some(*value);
            }
        });
        match found {
            Some(value) => Ok(value),
            None => self.get_of_group(name),
        }
    }

    fn waits(&self, name: &str) -> bool {
        self.hyper.lr == 0.0 && self.place(name).is_ok_and(|(_, name)| name == "lr")
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let changed = match self.hyper.put(name, value) {
            Some((known, changed)) => changed && known != "lr",
            None => self.set_of_group(name, value).map_err(|error| error.context(R::NAME))?,
        };
        if changed && self.slots_are == Slots::Current {
            self.slots_are = Slots::Stale;
        }
        Ok(())
    }

    fn describe(&self, parameters: &[String]) -> Description {
        let whole = self.hyper.describe();
        // The learning rates of groups are ratios.
        let base = Hyper { lr: 1.0, ..self.hyper.clone() }.describe();
        parameters.iter().fold(whole, |description, parameter| {
            let own = self.hyper_of(parameter, |_| ()).describe();
            let changed = own.options().zip(base.options()).filter(|(own, base)| own != base);
            let changed: Vec<String> = changed.map(|((name, value), _)| format!("{name}: {value}")).collect();
            match changed.as_slice() {
                [] => description,
                _ => description.option(format!("groups.{parameter}"), format_args!("{}", changed.join(", "))),
            }
        })
    }

    fn state_dict(&self) -> StateDict {
        self.save()
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        self.load(state)
    }
}

impl<R: Rule> fmt::Debug for Driver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(R::NAME)
            .field("hyper", &self.hyper)
            .field("groups", &self.groups)
            .field("parameters", &self.slots.len())
            .finish_non_exhaustive()
    }
}
