//! The part that each parameter belongs to.

use super::{Part, refuse};
use crate::driver::misfit;
use autograd_core::module::{Item, Module, Path};
use autograd_core::{Gradients, NodeId, Result};

/// The part of each parameter, in the order of the model.
#[derive(Default)]
pub(super) struct Owners {
    ids: Vec<Option<NodeId>>,
    of_each: Vec<usize>,
    /// How many parameters of each part have a gradient in this step.
    with_gradients: Vec<usize>,
}

/// Whether the parameter of a name belongs to a part.
pub(super) fn is_of(parts: &[Part], at: usize, name: &str) -> bool {
    match &parts[at].members {
        Some(members) => members(name),
        None => !parts.iter().flat_map(|part| &part.members).any(|members| members(name)),
    }
}

impl Owners {
    pub(super) fn of_each(&self) -> &[usize] {
        &self.of_each
    }

    pub(super) fn with_gradients(&self) -> &[usize] {
        &self.with_gradients
    }

    /// Finds the parts of the model's parameters, where it is not the one that was seen last.
    pub(super) fn bind(&mut self, parts: &[Part], model: &dyn Module) -> Result<()> {
        let mut ids = self.ids.iter();
        let mut bound = !self.ids.is_empty();
        model.visit(&Path::root(), &mut |_, item| {
            if let Item::Param(param) = item {
                bound = bound && ids.next().is_some_and(|id| id.is_some() && *id == param.node_id());
            }
        });
        if bound && ids.next().is_none() { Ok(()) } else { self.bind_again(parts, model) }
    }

    #[cold]
    fn bind_again(&mut self, parts: &[Part], model: &dyn Module) -> Result<()> {
        let (mut ids, mut of_each) = (Vec::new(), Vec::new());
        for (name, param) in model.named_parameters() {
            let owners: Vec<usize> = (0..parts.len()).filter(|at| is_of(parts, *at, &name)).collect();
            match owners[..] {
                [owner] => of_each.push(owner),
                [] => return refuse(format!("{name:?} belongs to no part; rest takes what is left")),
                [first, second, ..] => {
                    let (first, second) = (&parts[first].name, &parts[second].name);
                    return refuse(format!("{name:?} belongs to two parts, {first:?} and {second:?}"));
                }
            }
            ids.push(param.node_id());
        }
        let empty = |(at, part): &(usize, &Part)| part.members.is_some() && !of_each.contains(at);
        if let Some((_, part)) = parts.iter().enumerate().find(empty) {
            return refuse(format!("no parameter of the model belongs to the part {:?}", part.name));
        }
        (self.ids, self.of_each) = (ids, of_each);
        Ok(())
    }

    /// Counts gradients; an error if one does not fit.
    pub(super) fn count(&mut self, parts: usize, model: &dyn Module, grads: &Gradients) -> Result<()> {
        let Owners { of_each, with_gradients, .. } = self;
        with_gradients.clear();
        with_gradients.resize(parts, 0);
        let (mut owners, mut outcome) = (of_each.iter(), Ok(()));
        model.visit(&Path::root(), &mut |path, item| {
            let Item::Param(param) = item else { return };
            let (Some(owner), Some(id)) = (owners.next(), param.node_id()) else { return };
            match grads.get_by_id(id) {
                Some(gradient) if !gradient.is_like(param) && outcome.is_ok() => {
                    outcome = Err(misfit(super::NAME, "the gradient of", &path.to_string(), gradient, param));
                }
                Some(_) if param.is_trainable() => with_gradients[*owner] += 1,
                _ => {}
            }
        });
        outcome
    }
}
