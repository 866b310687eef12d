//! Which slot belongs to which parameter, and whether everything fits.

use super::{Driver, Hyper};
use crate::error::{Error, Result};
use crate::optimizer::Optimizer;
use crate::rule::Rule;
use autograd_core::module::{Item, Module, Param, Path};
use autograd_core::{DType, Gradients, NodeId, Shape, Tensor};
use std::collections::HashMap;

/// What the driver remembers of one parameter.
#[derive(Clone, Debug)]
pub(super) struct Slot<R> {
    pub(super) name: String,
    /// The parameter's identity; none while it is frozen, or if this slot was loaded and no model has been seen yet.
    pub(super) id: Option<NodeId>,
    pub(super) hyper: Hyper<R>,
    /// How often the parameter was updated.
    pub(super) t: u64,
    /// Dtype and shape of the parameter that the state was made for or compared with.
    pub(super) fits: Option<(DType, Shape)>,
    /// As many tensors as the rule has slots, from the first step on.
    pub(super) state: Vec<Tensor>,
}

impl<R: Rule> Driver<R> {
    /// Makes sure that the slots are those of `model`, and that every gradient and state fits. What it changes on the
    /// way cannot be seen from outside.
    pub(super) fn prepare(&mut self, model: &dyn Module, grads: &Gradients) -> Result<()> {
        if self.bound && self.fits(model, grads)? {
            return Ok(());
        }
        self.slots = self.bind(model)?;
        self.bound = true;
        if self.fits(model, grads)? { Ok(()) } else { Err(Error::UnstableOrder { optimizer: R::NAME }) }
    }

    /// Whether the slots have the identities of the model's parameters; an error if a gradient or a state does not fit.
    fn fits(&mut self, model: &dyn Module, grads: &Gradients) -> Result<bool> {
        let lr = self.hyper.lr;
        let mut slots = self.slots.iter_mut();
        let mut outcome = Ok(true);
        model.visit(&Path::root(), &mut |_, item| {
            let (Item::Param(param), Ok(true)) = (item, &outcome) else { return };
            outcome = match slots.next() {
                Some(slot) if slot.id == param.node_id() => slot.fit(param, grads, lr).map(|()| true),
                _ => Ok(false),
            };
        });
        Ok(outcome? && slots.next().is_none())
    }

    /// Slots for the model's parameters, with the state of the present ones of the same name.
    fn bind(&self, model: &dyn Module) -> Result<Vec<Slot<R>>> {
        self.check()?;
        let optimizer = R::NAME;
        let mut known: HashMap<&str, &Slot<R>> = self.slots.iter().map(|slot| (slot.name.as_str(), slot)).collect();
        let mut names = std::collections::HashSet::new();
        let mut used = vec![false; self.groups.len()];
        let mut slots = Vec::new();
        for (name, param) in model.named_parameters() {
            if !names.insert(name.clone()) {
                return Err(Error::DuplicateParameter { optimizer, parameter: name });
            }
            let hyper = self.hyper_of(&name, |group| used[group] = true);
            hyper.check()?;
            let old = known.remove(name.as_str());
            slots.push(Slot::of(name, param, hyper, old, self.hyper.lr)?);
        }
        if let Some(group) = used.iter().position(|used| !used) {
            return Err(Error::EmptyGroup { optimizer, group: self.groups[group].label(group) });
        }
        // In the order of the slots, not of the map.
        match self.slots.iter().find(|slot| slot.t > 0 && known.contains_key(slot.name.as_str())) {
            Some(slot) => Err(Error::UnknownParameter { optimizer, parameter: slot.name.clone() }),
            None => Ok(slots),
        }
    }
}

impl<R: Rule> Slot<R> {
    fn of(name: String, param: &Param, hyper: Hyper<R>, old: Option<&Slot<R>>, lr: f64) -> Result<Slot<R>> {
        let id = param.node_id();
        let Some(old) = old.filter(|old| old.t > 0) else {
            return Ok(Slot { name, id, hyper, t: 0, fits: None, state: Vec::new() });
        };
        let (before, after) = (old.hyper.rule.slots(), hyper.rule.slots());
        if before == after {
            return Ok(Slot { name, id, hyper, t: old.t, fits: old.fits.clone(), state: old.state.clone() });
        }
        // Hyperparameters that decide which state there is (amsgrad, momentum) were changed between steps.
        let carry = |(i, slot): (usize, &&str)| match before.iter().position(|known| known == slot) {
            Some(at) => Ok(old.state[at].clone()),
            None => hyper.rule.start(i, param, lr * hyper.lr),
        };
        let state = after.iter().enumerate().map(carry).collect::<Result<_>>()?;
        Ok(Slot { name, id, hyper, t: old.t, fits: None, state })
    }

    /// An error unless gradient and state fit the parameter; makes the state of a parameter that has none.
    #[inline]
    fn fit(&mut self, param: &Param, grads: &Gradients, lr: f64) -> Result<()> {
        // The slot has the parameter's identity, and none while that is frozen.
        let Some(gradient) = self.id.and_then(|id| grads.get_by_id(id)) else { return Ok(()) };
        if !gradient.is_like(param) {
            return Err(Error::misfit(R::NAME, "the gradient of", self.name.clone(), gradient, param));
        }
        match &self.fits {
            Some((dtype, shape)) if *dtype == param.dtype() && **shape == *param.shape() => Ok(()),
            _ => self.fit_state(param, lr),
        }
    }

    #[cold]
    fn fit_state(&mut self, param: &Param, lr: f64) -> Result<()> {
        let rule = &self.hyper.rule;
        let starts = rule.slots().iter().enumerate().map(|(i, _)| rule.start(i, param, lr * self.hyper.lr));
        let starts = starts.collect::<Result<Vec<_>>>()?;
        if self.t == 0 {
            self.state.clone_from(&starts);
        }
        for ((slot, state), start) in rule.slots().iter().zip(&self.state).zip(&starts) {
            if state.shape() != start.shape() || state.dtype() != start.dtype() {
                let key = format!("{}.{slot}", self.name);
                return Err(Error::misfit(R::NAME, "the state", key, state, start));
            }
        }
        self.fits = Some((param.dtype(), param.shape().into()));
        Ok(())
    }
}
