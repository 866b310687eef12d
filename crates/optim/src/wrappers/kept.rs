//! A tensor for each parameter of a model, by name.

use crate::driver::{misfit, whole, wrong};
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
    /// How many steps there were before the parameter joined.
    since: u64,
}

const SINCE: &str = "since";

impl Kept {
    /// Makes sure that there is a place for each parameter of the model, and that every tensor fits; one that is missing
    /// joins after step `t`, and starts as `start` says.
    pub(super) fn bind(
        &mut self,
        op: &str,
        t: u64,
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
        if bound && all.next().is_none() { Ok(()) } else { self.bind_again(op, t, model, start) }
    }

    #[cold]
    fn bind_again(
        &mut self,
        op: &str,
        t: u64,
        model: &dyn Module,
        start: impl Fn(&Param) -> Option<Tensor>,
    ) -> Result<()> {
        let mut known: HashMap<&str, (&Tensor, u64)> = HashMap::new();
        known.extend(self.0.iter().filter_map(|one| Some((one.name.as_str(), (one.value.as_ref()?, one.since)))));
        let mut all = Vec::new();
        for (name, param) in model.named_parameters() {
            let (value, since) = match known.remove(name.as_str()) {
                Some((old, _)) if !old.is_like(param) => return Err(misfit(op, "what is kept for", &name, old, param)),
                Some((old, since)) => (Some(old.clone()), since),
                None => (start(param), t),
            };
            all.push(One { name, id: param.node_id(), value, since });
        }
        // In the order of the model before, not of the map.
        if let Some(lost) = self.0.iter().find(|one| known.contains_key(one.name.as_str())) {
            let text = format!("{op}: there is state for {:?}, but the model has no such parameter", lost.name);
            return Err(Error::new(ErrorKind::State, text));
        }
        self.0 = all;
        Ok(())
    }

    /// Calls `f` for each parameter, with the number of steps before it joined, and its tensor.
    pub(super) fn each(
        &mut self,
        model: &mut dyn Module,
        mut f: impl FnMut(&mut Param, u64, &mut Option<Tensor>) -> Result<()>,
    ) -> Result<()> {
        let mut all = self.0.iter_mut();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            if let (ItemMut::Param(param), Ok(())) = (item, &outcome)
                && let Some(one) = all.next()
            {
                outcome = f(param, one.since, &mut one.value);
            }
        });
        outcome
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tensor of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|one| one.name == name)?.value.as_ref()
    }

    /// Writes `<parameter>.<what>` for each, and `<parameter>.since` where it has joined later.
    pub(super) fn save(&self, what: &str, state: &mut StateDict) {
        for One { name, value, since, .. } in &self.0 {
            if let Some(value) = value {
                state.insert(format!("{name}.{what}"), value.clone());
                if *since > 0 {
                    // 2⁶³ steps are out of reach.
                    state.insert(format!("{name}.{SINCE}"), Tensor::scalar(*since as i64));
                }
            }
        }
    }

    /// Takes what [`Kept::save`] has written after step `t`; the other names are left. `key` is what errors call a name.
    pub(super) fn load(
        op: &str,
        key: impl Fn(&str) -> String,
        what: &str,
        t: u64,
        state: &mut StateDict,
    ) -> Result<Kept> {
        let name = |(key, _): (&str, &Tensor)| Some(key.strip_suffix(what)?.strip_suffix('.')?.to_string());
        let names: Vec<String> = state.iter().filter_map(name).collect();
        let take = |name: String| {
            let value = state.remove(&format!("{name}.{what}")).map(|value| value.detach());
            let count = format!("{name}.{SINCE}");
            let since = match state.remove(&count) {
                None => 0,
                Some(since) => match whole(op, &key(&count), &since)? {
                    steps if steps <= t => steps,
                    _ => return Err(wrong(op, &key(&count), &since, &format!("at most the number of steps, {t}"))),
                },
            };
            Ok(One { name, id: None, value, since })
        };
        names.into_iter().map(take).collect::<Result<_>>().map(Kept)
    }
}
