//! Everything that optimizers have in common.
//!
//! A [`Driver`] holds one [`Slot`] for each parameter of the model, in the order in which the model visits them, so
//! that a steady step is two walks over the model that compare identities: no names, no look-ups, no allocation. When
//! identities differ (the first step, another clone of the model, something frozen), the slots are bound again by
//! name.

mod bind;
mod group;
mod state;

use crate::error::{Result, require_non_negative};
use crate::optimizer::{Optimizer, StepReport};
use crate::rule::{Rule, Turn};
use autograd_core::Gradients;
use autograd_core::module::{ItemMut, Module, Path, StateDict};
use bind::Slot;
use group::Group;
use std::fmt;

/// An optimizer: a [`Rule`] with a learning rate, weight decay, parameter groups and state.
///
/// `driver.clone()` is an independent optimizer in the same state. State belongs to the *names* of parameters: it
/// follows a model through cloning, saving and loading.
#[derive(Clone)]
pub struct Driver<R> {
    hyper: Hyper<R>,
    /// The learning rate of the constructor, to which those of groups are ratios.
    initial_lr: f64,
    groups: Vec<Group<R>>,
    slots: Vec<Slot<R>>,
    /// Whether the slots are up to date with `hyper` and `groups`.
    bound: bool,
}

/// The hyperparameters of one parameter.
#[derive(Clone, Debug)]
struct Hyper<R> {
    /// The learning rate; in a slot its ratio to the driver's.
    lr: f64,
    weight_decay: f64,
    decoupled: bool,
    maximize: bool,
    rule: R,
}

impl<R: Rule> Hyper<R> {
    fn check(&self) -> Result<()> {
        require_non_negative(R::NAME, "lr", self.lr)?;
        require_non_negative(R::NAME, "weight_decay", self.weight_decay)?;
        self.rule.check()
    }
}

impl<R: Rule> Driver<R> {
    /// An optimizer from its rule.
    pub fn of(rule: R, lr: f64) -> Driver<R> {
        let hyper = Hyper { lr, weight_decay: 0.0, decoupled: false, maximize: false, rule };
        Driver { hyper, initial_lr: lr, groups: Vec::new(), slots: Vec::new(), bound: false }
    }

    /// λ ≥ 0: how strongly parameters are drawn to 0. By default λ·p is added to the gradient (the L2 penalty).
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.changed(|hyper| hyper.weight_decay = weight_decay)
    }

    /// Whether weight decay shrinks the parameter itself, `p ← (1 − lr·λ) p`, instead of adding to the gradient.
    ///
    /// # References
    /// Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019.
    pub fn decoupled_weight_decay(self, decoupled: bool) -> Self {
        self.changed(|hyper| hyper.decoupled = decoupled)
    }

    /// Whether to follow the gradient upwards: g is negated before anything else.
    pub fn maximize(self, maximize: bool) -> Self {
        self.changed(|hyper| hyper.maximize = maximize)
    }

    /// Multiplies the learning rate; meant for groups: `adam.group("encoder", |group| group.scale_lr(0.1))`.
    pub fn scale_lr(self, factor: f64) -> Self {
        self.changed(|hyper| hyper.lr *= factor)
    }

    /// Changes hyperparameters of the rule: what the builder methods of each optimizer are made of.
    pub fn with(self, change: impl FnOnce(&mut R)) -> Self {
        self.changed(|hyper| change(&mut hyper.rule))
    }

    /// The rule with its hyperparameters.
    pub fn rule(&self) -> &R {
        &self.hyper.rule
    }

    fn changed(mut self, change: impl FnOnce(&mut Hyper<R>)) -> Self {
        change(&mut self.hyper);
        self.bound = false;
        self
    }
}

impl<R: Rule> Optimizer for Driver<R> {
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients) -> Result<StepReport> {
        require_non_negative(R::NAME, "lr", self.hyper.lr)?;
        self.prepare(model, grads)?;
        let lr = self.hyper.lr;
        let mut slots = self.slots.iter_mut();
        let mut report = StepReport::default();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            let ItemMut::Param(param) = item else { return };
            let Some(slot) = slots.next() else { return };
            if outcome.is_err() || !param.is_trainable() {
                return;
            }
            match slot.id.and_then(|id| grads.get_by_id(id)) {
                None => report.missing.push(slot.name.clone()),
                Some(gradient) => {
                    let hyper = &slot.hyper;
                    let turn = Turn {
                        parameter: param.value_mut(),
                        gradient,
                        state: &mut slot.state,
                        lr: lr * hyper.lr,
                        t: slot.t + 1,
                        weight_decay: hyper.weight_decay,
                        decoupled: hyper.decoupled,
                        maximize: hyper.maximize,
                        name: R::NAME,
                    };
                    outcome = hyper.rule.step(turn);
                    slot.t += u64::from(outcome.is_ok());
                    report.updated += 1;
                }
            }
        });
        outcome.map(|()| report)
    }

    fn check(&self) -> Result<()> {
        self.hyper.check()?;
        self.groups.iter().try_for_each(|group| group.apply(self.hyper.clone(), self.initial_lr).check())
    }

    fn lr(&self) -> f64 {
        self.hyper.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.hyper.lr = lr;
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
