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
    /// What a forward pass changes (modes, sources of randomness, buffers), and what is frozen. A parameter is changed
    /// by steps only; keeping it would make the first step copy it.
    pub(super) fn of(model: &dyn Module) -> Before {
        Before { model: saved(model, false), optimizer: None }
    }

    /// Everything, before a checkpoint is loaded.
    pub(super) fn loading(model: &dyn Module, optimizer: &dyn Optimizer) -> Before {
        Before { model: saved(model, true), optimizer: Some(optimizer.state_dict()) }
    }

    pub(super) fn restore(self, model: &mut dyn Module, optimizer: &mut dyn Optimizer) -> Result<()> {
        let mut saved = self.model.into_iter();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| match (item, saved.next()) {
            (ItemMut::Mode(mode), Some(Saved::Mode(old))) => *mode = old,
            (ItemMut::Stream(stream), Some(Saved::Stream(seed, drawn))) => *stream = Stream::at(seed, drawn),
            (ItemMut::Buffer(buffer), Some(Saved::Buffer(old))) => buffer.set(old),
            (ItemMut::Param(param) | ItemMut::Tied(param), Some(Saved::Param(trainable, value))) => {
                if let (Some(value), Ok(())) = (value, &outcome) {
                    outcome = param.set(value);
                }
                param.set_trainable(trainable);
            }
            _ => {}
        });
        outcome?;
        self.optimizer.map_or(Ok(()), |state| optimizer.load_state_dict(&state))
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
