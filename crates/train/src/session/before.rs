//! A model and an optimizer before a run, to be put back if it fails before its first step.

use autograd_core::module::{Item, ItemMut, Mode, Module, Path, StateDict, Stream};
use autograd_core::{Result, Tensor};
use wengert_optim::Optimizer;

/// Everything of a model that a run may change before its first step.
pub(super) struct Before {
    model: Vec<Saved>,
    optimizer: Option<StateDict>,
}

enum Saved {
    Mode(Mode),
    Stream(u64, u64),
    Buffer(Tensor),
    /// Whether it is trainable, and the value where that may change.
    Param(bool, Option<Tensor>),
}

impl Before {
    /// What a forward pass changes (modes, sources of randomness, buffers), and what is frozen.
    pub(super) fn of(model: &dyn Module) -> Before {
        Before { model: saved(model, false), optimizer: None }
    }

    /// Everything that a run, or a checkpoint that is loaded, may change. The values are shared: the first step copies
    /// them once.
    pub(super) fn all(model: &dyn Module, optimizer: &dyn Optimizer) -> Before {
        Before { model: saved(model, true), optimizer: Some(optimizer.state_dict()) }
    }

    /// Puts the model back.
    pub(super) fn put_back(&self, model: &mut dyn Module) -> Result<()> {
        let mut saved = self.model.iter();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| match (item, saved.next()) {
            (ItemMut::Mode(mode), Some(Saved::Mode(old))) => *mode = *old,
            (ItemMut::Stream(stream), Some(Saved::Stream(seed, drawn))) => *stream = Stream::at(*seed, *drawn),
            (ItemMut::Buffer(buffer), Some(Saved::Buffer(old))) => buffer.set(old.clone()),
            (ItemMut::Param(param) | ItemMut::Tied(param), Some(Saved::Param(trainable, value))) => {
                if let (Some(value), Ok(())) = (value, &outcome) {
                    outcome = param.set(value.clone());
                }
                param.set_trainable(*trainable);
            }
            _ => {}
        });
        outcome
    }

    /// The buffers as they were, by their names in `model`.
    pub(super) fn buffers(&self, model: &dyn Module) -> Vec<(String, &Tensor)> {
        let (mut saved, mut all) = (self.model.iter(), Vec::new());
        model.visit(&Path::root(), &mut |path, item| {
            if let (Item::Buffer(_), Some(Saved::Buffer(old))) = (item, saved.next()) {
                all.push((path.to_string(), old));
            }
        });
        all
    }

    /// Puts back sources of randomness.
    pub(super) fn put_back_streams(&self, model: &mut dyn Module) {
        let mut saved = self.model.iter();
        model.visit_mut(&Path::root(), &mut |_, item| {
            if let (ItemMut::Stream(stream), Some(Saved::Stream(seed, drawn))) = (item, saved.next()) {
                *stream = Stream::at(*seed, *drawn);
            }
        });
    }

    /// Puts back what is frozen and what is held in evaluation.
    pub(super) fn put_back_settings(&self, model: &mut dyn Module) {
        let mut saved = self.model.iter();
        model.visit_mut(&Path::root(), &mut |_, item| match (item, saved.next()) {
            (ItemMut::Mode(mode), Some(Saved::Mode(old))) => mode.hold(old.is_held()),
            (ItemMut::Param(param) | ItemMut::Tied(param), Some(Saved::Param(trainable, _))) => {
                param.set_trainable(*trainable);
            }
            _ => {}
        });
    }

    /// Puts back the model, and the optimizer if it was kept.
    pub(super) fn restore(self, model: &mut dyn Module, optimizer: &mut dyn Optimizer) -> Result<()> {
        let outcome = self.put_back(model);
        self.optimizer.map_or(Ok(()), |state| optimizer.load_state_dict(&state)).and(outcome)
    }
}

fn saved(model: &dyn Module, values: bool) -> Vec<Saved> {
    let mut saved = Vec::new();
    model.visit(&Path::root(), &mut |_, item| {
        saved.push(match item {
            Item::Mode(mode) => Saved::Mode(*mode),
            Item::Stream(stream) => {
                let (seed, drawn) = stream.position();
                Saved::Stream(seed, drawn)
            }
            Item::Buffer(buffer) => Saved::Buffer(buffer.get()),
            Item::Param(param) | Item::Tied(param) => {
                Saved::Param(param.is_trainable(), values.then(|| param.detach()))
            }
        });
    });
    saved
}
