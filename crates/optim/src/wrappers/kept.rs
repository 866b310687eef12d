//! A tensor for each parameter of a model, by name.

use crate::driver::misfit;
use autograd_core::module::{Item, ItemMut, Module, Param, Path, StateDict};
use autograd_core::{Error, ErrorKind, NodeId, Result, Tensor};
use std::collections::HashMap;

/// The tensors, in the order in which the model visits its parameters; bound again by name where that order or an
/// identity changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Vec<One>);

#[derive(Clone, Debug)]
struct One {
    name: String,
    id: Option<NodeId>,
    value: Option<Tensor>,
}

impl Kept {
    /// Makes sure that there is a place for each parameter of the model, and that every tensor fits; one that is missing
    /// starts as `start` says.
    pub(super) fn bind(
        &mut self,
        op: &str,
        model: &dyn Module,
        start: impl Fn(&Param) -> Option<Tensor>,
    ) -> Result<()> {
        let mut all = self.0.iter();
        let mut bound = true;
        model.visit(&Path::root(), &mut |_, item| {
            let Item::Param(param) = item else { return };
            let fits = |one: &One| one.id == param.node_id() && one.value.as_ref().is_none_or(|x| x.is_like(param));
            bound = bound && all.next().is_some_and(fits);
        });
        if bound && all.next().is_none() { Ok(()) } else { self.bind_again(op, model, start) }
    }

    #[cold]
    fn bind_again(&mut self, op: &str, model: &dyn Module, start: impl Fn(&Param) -> Option<Tensor>) -> Result<()> {
        let mut known: HashMap<&str, &Tensor> = HashMap::new();
        known.extend(self.0.iter().filter_map(|one| Some((one.name.as_str(), one.value.as_ref()?))));
        let mut all = Vec::new();
        for (name, param) in model.named_parameters() {
            let value = match known.remove(name.as_str()) {
                Some(old) if !old.is_like(param) => return Err(misfit(op, "what is kept for", &name, old, param)),
                Some(old) => Some(old.clone()),
                None => start(param),
            };
            all.push(One { name, id: param.node_id(), value });
        }
        // In the order of the model before, not of the map.
        if let Some(lost) = self.0.iter().find(|one| known.contains_key(one.name.as_str())) {
            let text = format!("{op}: there is state for {:?}, but the model has no such parameter", lost.name);
            return Err(Error::new(ErrorKind::State, text));
        }
        self.0 = all;
        Ok(())
    }

    /// Calls `f` for each parameter, with its tensor.
    pub(super) fn each(
        &mut self,
        model: &mut dyn Module,
        mut f: impl FnMut(&mut Param, &mut Option<Tensor>) -> Result<()>,
    ) -> Result<()> {
        let mut all = self.0.iter_mut();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            if let (ItemMut::Param(param), Ok(())) = (item, &outcome)
                && let Some(one) = all.next()
            {
                outcome = f(param, &mut one.value);
            }
        });
        outcome
    }

    /// The tensor of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|one| one.name == name)?.value.as_ref()
    }

    /// Writes `<parameter>.<what>` for each.
    pub(super) fn save(&self, what: &str, state: &mut StateDict) {
        for One { name, value, .. } in &self.0 {
            if let Some(value) = value {
                state.insert(format!("{name}.{what}"), value.clone());
            }
        }
    }

    /// The tensors of a state dict, by the names of their parameters.
    pub(super) fn load(all: impl IntoIterator<Item = (String, Tensor)>) -> Kept {
        let one = |(name, value): (String, Tensor)| One { name, id: None, value: Some(value.detach()) };
        Kept(all.into_iter().map(one).collect())
    }
}
