//! A module with other tensors in the place of its parameters.

use super::state::{problems, ties};
use super::tie::end_run;
use super::{Buffer, Item, ItemMut, Module, Path, StateDict, StateMismatch, StateProblem, Stream};
use crate::error::Result;
use std::collections::HashMap;

/// See [`Module::with_parameters`].
pub(super) fn substitute<M: Module + Clone>(module: &M, values: &StateDict) -> Result<M> {
    let mut problems = problems(module, values, false);
    // Two values for one parameter: the gradient of one would be missing, also where their elements are the same.
    let apart = |(name, other): &(String, String)| match (values.get(name), values.get(other)) {
        (Some(a), Some(b)) => a.node_id() != b.node_id(),
        _ => false,
    };
    for (name, other) in ties(module).into_iter().filter(apart) {
        let torn = StateProblem::Torn { name, other };
        if !problems.contains(&torn) {
            problems.push(torn);
        }
    }
    if !problems.is_empty() {
        return Err(StateMismatch { problems }.into());
    }
    // The clone has identities of its own; what is not replaced has the module's. One whose original is in no place of
    // the module is listed in the clone.
    let (mut own, mut tracked) = (HashMap::new(), HashMap::new());
    module.visit(&Path::root(), &mut |path, item| match item {
        Item::Param(param) | Item::Tied(param) => {
            own.insert(path.to_string(), (**param).clone());
        }
        // One that was put there before, with its history.
        Item::Buffer(buffer) if buffer.get().is_tracked() => {
            tracked.insert(path.to_string(), buffer.get());
        }
        Item::Buffer(_) | Item::Stream(_) | Item::Mode(_) => {}
    });
    // A clone that the caller has made of one of the parameters is no part of this one, nor the next.
    end_run();
    let mut clone = module.clone();
    end_run();
    clone.visit_mut(&Path::root(), &mut |path, item| match item {
        ItemMut::Param(param) => own.remove(&path.to_string()).into_iter().for_each(|value| param.substitute(value)),
        ItemMut::Buffer(buffer) => {
            tracked.remove(&path.to_string()).into_iter().for_each(|value| buffer.substitute(value))
        }
        ItemMut::Tied(_) | ItemMut::Stream(_) | ItemMut::Mode(_) => {}
    });
    clone.visit_mut(&Path::root(), &mut |path, item| {
        let Some(value) = values.get(&path.to_string()) else { return };
        match item {
            ItemMut::Param(param) | ItemMut::Tied(param) => param.substitute(value.clone()),
            ItemMut::Buffer(buffer) => buffer.substitute(value.clone()),
            ItemMut::Stream(_) | ItemMut::Mode(_) => {}
        }
    });
    Ok(clone)
}

/// See [`Module::stand_in`].
pub(super) fn stand_in<M: Module + Clone>(module: &M, values: &StateDict) -> Result<M> {
    let mut clone = substitute(module, values)?;
    let (mut buffers, mut streams) = (HashMap::<String, Buffer>::new(), HashMap::<String, Stream>::new());
    module.visit(&Path::root(), &mut |path, item| match item {
        Item::Buffer(buffer) if values.get(&path.to_string()).is_none() => {
            buffers.insert(path.to_string(), buffer.same());
        }
        Item::Stream(stream) => {
            streams.insert(path.to_string(), stream.same());
        }
        _ => {}
    });
    clone.visit_mut(&Path::root(), &mut |path, item| match item {
        ItemMut::Buffer(buffer) => buffers.remove(&path.to_string()).into_iter().for_each(|same| *buffer = same),
        ItemMut::Stream(stream) => streams.remove(&path.to_string()).into_iter().for_each(|same| *stream = same),
        _ => {}
    });
    Ok(clone)
}
