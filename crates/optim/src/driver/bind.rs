//! The binding of slots to parameters, and the check that everything fits.

use super::{Driver, Hyper, Slots};
use crate::optimizer::Optimizer;
use crate::rule::Rule;
use crate::turn::Turn;
use autograd_core::module::{Item, Module, Param, Path};
use autograd_core::{DType, Error, ErrorKind, Gradients, NodeId, Result, Shape, Tensor};
use std::collections::{HashMap, HashSet};

/// The driver's record of one parameter.
#[derive(Clone, Debug)]
pub struct Slot<R> {
    pub(super) name: String,
    /// The parameter's identity; none while it is frozen, or if this slot was loaded and no model has been seen yet.
    pub(super) id: Option<NodeId>,
    pub(super) hyper: Hyper<R>,
    /// How often the parameter was updated.
    pub(super) t: u64,
    /// Dtype and shape of the parameter that the state was made for or compared with.
    pub(super) fits: Option<(DType, Shape)>,
    /// From the first step on one entry for each of the rule's state tensors.
    pub(super) state: Vec<Option<Tensor>>,
    /// From the first step on one for each of the rule's numbers.
    pub(super) numbers: Vec<f64>,
    /// Whether some of the state was made since the last step.
    pub(super) begins: bool,
    /// The place of its gradient among those of the last step.
    pub(super) place: usize,
}

/// What a parameter has from its next step on, where it has no state yet or its rule uses other state than before.
pub(super) struct Made {
    /// The place of its slot.
    at: usize,
    fits: (DType, Shape),
    state: Vec<Option<Tensor>>,
    /// None where the present ones stay.
    numbers: Option<Vec<f64>>,
    begins: bool,
}

impl<R: Rule> Driver<R> {
    /// Makes sure that the slots are those of `model`, and that every gradient and state fits; what [`Driver::commit`]
    /// is to take before the step. Its changes on the way cannot be seen from outside.
    pub(super) fn prepare(&mut self, model: &dyn Module, grads: &Gradients) -> Result<Vec<Made>> {
        if self.slots_are == Slots::Stale {
            self.refresh()?;
        }
        let bound = if self.slots_are == Slots::Current { self.fits(model, grads)? } else { None };
        let (fitting, made) = match bound {
            Some(fitting) => fitting,
            None => {
                self.slots = self.bind(model)?;
                self.slots_are = Slots::Current;
                self.leftovers = true;
                self.fits(model, grads)?.ok_or_else(|| {
                    let text = "the model does not visit its parameters in the same order twice";
                    Error::new(ErrorKind::Argument, format!("{}: {text}", R::NAME))
                })?
            }
        };
        if fitting == 0 {
            return Err(nothing_to_update(R::NAME, model, grads));
        }
        Ok(made)
    }

    /// Takes what [`Driver::prepare`] has made, when nothing is refused any more: a step that is refused must not cost
    /// state.
    pub(super) fn commit(&mut self, made: Vec<Made>) {
        if std::mem::take(&mut self.leftovers) {
            self.slots.iter_mut().for_each(Slot::drop_unused);
        }
        for Made { at, fits, state, numbers, begins } in made {
            let slot = &mut self.slots[at];
            (slot.fits, slot.state, slot.begins) = (Some(fits), state, begins);
            if let Some(numbers) = numbers {
                slot.numbers = numbers;
            }
        }
        if self.shared.len() != R::SHARED.len() || self.slots.iter().all(|slot| slot.t == 0) {
            let start = |k| self.hyper.rule.start_shared(k, self.hyper.lr);
            self.shared = (0..R::SHARED.len()).map(start).collect();
        }
    }

    /// Gives every slot its present hyperparameters. Other state may be in use with them.
    fn refresh(&mut self) -> Result<()> {
        self.check()?;
        // One by one in their place: groups run a user's closures, and a panic in one must not lose the slots.
        for k in 0..self.slots.len() {
            let present = self.hyper_of(&self.slots[k].name, |_| ());
            let slot = &mut self.slots[k];
            let before = std::mem::replace(&mut slot.hyper, present);
            if !of_one_kind(&slot.hyper.rule, &before.rule) {
                slot.fits = None;
                self.leftovers = true;
            }
        }
        // Several groups together may give one parameter numbers that none of them gives alone.
        self.slots.iter().try_for_each(|slot| slot.hyper.check())?;
        self.slots_are = Slots::Current;
        Ok(())
    }

    /// How many parameters have a gradient, and what is made for them, if the slots have the identities of the model's
    /// parameters; an error if a gradient or a state does not fit.
    fn fits(&mut self, model: &dyn Module, grads: &Gradients) -> Result<Option<(usize, Vec<Made>)>> {
        let lr = self.hyper.lr;
        let mut slots = self.slots.iter_mut().enumerate();
        let (mut fitting, mut made) = (0, Vec::new());
        let mut outcome = Ok(true);
        model.visit(&Path::root(), &mut |_, item| {
            let (Item::Param(param), Ok(true)) = (item, &outcome) else { return };
            outcome = match slots.next() {
                Some((at, slot)) if slot.id == param.node_id() => {
                    slot.fit(at, param, grads, lr, &mut made).map(|has_gradient| {
                        fitting += usize::from(has_gradient);
                        true
                    })
                }
                _ => Ok(false),
            };
        });
        let are_those = outcome? && slots.next().is_none();
        Ok(are_those.then_some((fitting, made)))
    }

    /// Slots for the model's parameters, with the state of the present ones of the same name.
    fn bind(&self, model: &dyn Module) -> Result<Vec<Slot<R>>> {
        self.check()?;
        let refuse = |kind, text: String| Err(Error::new(kind, format!("{}: {text}", R::NAME)));
        let mut known: HashMap<&str, &Slot<R>> = self.slots.iter().map(|slot| (slot.name.as_str(), slot)).collect();
        let mut names = HashSet::new();
        let mut used: Vec<bool> = self.groups.iter().map(|group| group.lenient).collect();
        let mut slots = Vec::new();
        for (name, param) in model.named_parameters() {
            if !names.insert(name.clone()) {
                return refuse(ErrorKind::Argument, format!("two parameters are called {name:?}"));
            }
            let hyper = self.hyper_of(&name, |group| used[group] = true);
            hyper.check()?;
            let old = known.remove(name.as_str());
            slots.push(Slot::of(name, param, hyper, old));
        }
        if let Some(group) = used.iter().position(|used| !used) {
            let group = self.groups[group].label(group);
            return refuse(ErrorKind::Argument, format!("no parameter of the model belongs to the group {group}"));
        }
        // In the order of the slots, not of the map.
        match self.slots.iter().find(|slot| slot.t > 0 && known.contains_key(slot.name.as_str())) {
            Some(Slot { name, .. }) => {
                refuse(ErrorKind::State, format!("there is state for {name:?}, but the model has no such parameter"))
            }
            None => Ok(slots),
        }
    }
}

/// Whether the state of one is that of the other.
fn of_one_kind<R: Rule>(a: &R, b: &R) -> bool {
    a.extent() == b.extent() && (0..R::STATE.len()).all(|k| a.uses(k) == b.uses(k))
}

impl<R: Rule> Slot<R> {
    fn of(name: String, param: &Param, hyper: Hyper<R>, old: Option<&Slot<R>>) -> Slot<R> {
        let id = param.node_id();
        let Some(old) = old.filter(|old| old.t > 0) else {
            let (state, numbers) = Default::default();
            return Slot { name, id, hyper, t: 0, fits: None, state, numbers, begins: true, place: 0 };
        };
        // Hyperparameters that decide which state is in use (amsgrad, momentum), or its shape (rank), may have been
        // changed between steps.
        let fits = old.fits.clone().filter(|_| of_one_kind(&hyper.rule, &old.hyper.rule));
        let (state, numbers) = (old.state.clone(), old.numbers.clone());
        Slot { name, id, hyper, t: old.t, fits, state, numbers, begins: old.begins, place: old.place }
    }

    /// The rule of the parameter's group, and the parameter's turn.
    #[inline]
    pub(super) fn turn<'a>(
        &'a mut self,
        parameter: &'a mut Tensor,
        gradient: &'a Tensor,
        lr: f64,
        shared: &'a [f64],
    ) -> (&'a R, Turn<'a>) {
        let Slot { name, hyper, state, numbers, t, begins, .. } = self;
        let turn = Turn {
            parameter,
            gradient,
            state,
            numbers,
            shared,
            lr: lr * hyper.lr,
            t: *t + 1,
            begins: *begins,
            weight_decay: hyper.weight_decay,
            decay: hyper.decay(),
            proximal: hyper.proximal,
            maximize: hyper.maximize,
            parameter_name: name,
            name: R::NAME,
        };
        (&hyper.rule, turn)
    }

    /// An error unless gradient and state fit the parameter; adds to `made` where it has no state yet. Returns whether
    /// there is a gradient.
    #[inline]
    fn fit(&mut self, at: usize, param: &Param, grads: &Gradients, lr: f64, made: &mut Vec<Made>) -> Result<bool> {
        // The slot has the parameter's identity, and none while that is frozen.
        let Some(gradient) = self.id.and_then(|id| grads.get_near(id, &mut self.place)) else { return Ok(false) };
        if !gradient.is_like(param) {
            return Err(misfit(R::NAME, "the gradient of", &self.name, gradient, param));
        }
        match &self.fits {
            // Size by size: few numbers, for which a comparison of memory is a call too many.
            // What a first step that was refused has made is of other hyperparameters.
            Some((dtype, shape)) if self.t > 0 && *dtype == param.dtype() && shape.iter().eq(param.shape()) => {}
            _ => made.push(self.made(at, param, lr)?),
        }
        Ok(true)
    }

    #[cold]
    fn made(&self, at: usize, param: &Param, lr: f64) -> Result<Made> {
        let (rule, lr) = (&self.hyper.rule, lr * self.hyper.lr);
        let mut state = Vec::with_capacity(R::STATE.len());
        let mut begins = self.begins;
        for (k, name) in R::STATE.iter().enumerate() {
            let start = rule.uses(k).then(|| rule.start(k, param, lr)).transpose();
            let start = start.map_err(|error| error.context(format_args!("parameter {:?}", self.name)))?;
            let old = self.state.get(k).and_then(Option::as_ref).filter(|_| self.t > 0);
            state.push(match (start, old) {
                (Some(start), Some(old)) if old.shape() != start.shape() || old.dtype() != start.dtype() => {
                    return Err(misfit(R::NAME, "the state", &format!("{}.{name}", self.name), old, &start));
                }
                (Some(_), Some(old)) => Some(old.clone()),
                (start, _) => {
                    // Without elements there is nothing to begin with.
                    begins |= start.as_ref().is_some_and(|start| start.numel() > 0);
                    start
                }
            });
        }
        let numbers = (self.t == 0).then(|| (0..R::NUMBERS.len()).map(|k| rule.start_number(k, lr)).collect());
        Ok(Made { at, fits: (param.dtype(), param.shape().into()), state, numbers, begins })
    }

    /// Forgets state that the rule does not use: also a parameter that rests keeps no more than a saved state has.
    fn drop_unused(&mut self) {
        for (k, state) in self.state.iter_mut().enumerate() {
            if !self.hyper.rule.uses(k) {
                *state = None;
            }
        }
    }
}

/// A step that would change nothing, and the reason.
#[cold]
pub(crate) fn nothing_to_update(optimizer: &str, model: &dyn Module, grads: &Gradients) -> Error {
    let all = model.named_parameters();
    let open: Vec<&str> = all.iter().filter(|(_, param)| param.is_trainable()).map(|(name, _)| name.as_str()).collect();
    let text = match (all.len(), open.len()) {
        (0, _) => "the model has no parameters".into(),
        (n, 0) => format!("the model has {n} parameters, and all of them are frozen"),
        (_, n) => {
            let names = open.iter().take(5).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let more = if n > 5 { ", .." } else { "" };
            let why = match grads.len() {
                0 => "there are no gradients",
                _ => "the loss does not depend on them, or was computed with another model, or with a clone of it",
            };
            format!("none of the trainable parameters has a gradient ({names}{more}): {why}")
        }
    };
    Error::new(ErrorKind::Gradient, format!("{optimizer}: {text}"))
}

/// A gradient, or state that was made for something else, whose dtype or shape does not fit the parameter.
pub(crate) fn misfit(optimizer: &str, what: &str, name: &str, got: &Tensor, expected: &Tensor) -> Error {
    let kind = |x: &Tensor| format!("{} {}", x.dtype(), Shape::from(x.shape()));
    let text = format!("{optimizer}: {what} {name:?} is {}, the parameter needs {}", kind(got), kind(expected));
    Error::new(if got.dtype() == expected.dtype() { ErrorKind::Shape } else { ErrorKind::DType }, text)
}
