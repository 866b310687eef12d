//! A tensor for each parameter of a model, by name.

use crate::driver::{misfit, whole, wrong};
use autograd_core::module::{Item, ItemMut, Module, Param, Path, StateDict, StateProblem};
use autograd_core::{Error, ErrorKind, NodeId, Result, Tensor};
use std::collections::{HashMap, HashSet};

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
/// The number of the tensors: by it one that is missing with its `since` is known.
const COUNT: &str = "kept";

impl Kept {
    /// The tensors of the model's parameters, if these are others than those that were seen last, with each tensor of a
    /// name that is known; an error if one does not fit. A parameter that has none joins after step `t`, and starts as
    /// `start` says. Nothing is changed: a step that is refused afterwards leaves no trace.
    pub(super) fn bound(
        &self,
        op: &str,
        t: u64,
        model: &dyn Module,
        start: impl Fn(&Param) -> Option<Tensor>,
    ) -> Result<Option<Kept>> {
        let mut all = self.0.iter();
        let mut bound = true;
        model.visit(&Path::root(), &mut |_, item| {
            let Item::Param(param) = item else { return };
            let fits = |one: &One| one.id == param.node_id() && one.value.as_ref().is_none_or(|x| x.is_like(param));
            bound = bound && all.next().is_some_and(fits);
        });
        if bound && all.next().is_none() { Ok(None) } else { self.bound_again(op, t, model, start).map(Some) }
    }

    #[cold]
    fn bound_again(
        &self,
        op: &str,
        t: u64,
        model: &dyn Module,
        start: impl Fn(&Param) -> Option<Tensor>,
    ) -> Result<Kept> {
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
        Ok(Kept(all))
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

    /// The tensors, in the order of the model that they were bound to.
    pub(super) fn values(&self) -> impl Iterator<Item = Option<&Tensor>> {
        self.0.iter().map(|one| one.value.as_ref())
    }

    /// Writes how many there are, and for each `<parameter>.<what>` and `<parameter>.since`.
    pub(super) fn save(&self, what: &str, state: &mut StateDict) {
        state.insert(COUNT, Tensor::scalar(self.0.iter().filter(|one| one.value.is_some()).count() as i64));
        for One { name, value, since, .. } in &self.0 {
            if let Some(value) = value {
                state.insert(format!("{name}.{what}"), value.clone());
                // 2⁶³ steps are out of reach.
                state.insert(format!("{name}.{SINCE}"), Tensor::scalar(*since as i64));
            }
        }
    }

    /// Takes what [`Kept::save`] has written after step `t`; the other names are left. `key` is what errors call a
    /// name. There may be nothing unless steps have `begun`.
    pub(super) fn load(
        op: &str,
        key: impl Fn(&str) -> String,
        what: &str,
        t: u64,
        begun: bool,
        state: &mut StateDict,
        problems: &mut Vec<StateProblem>,
    ) -> Result<Kept> {
        let names = parameters(what, state);
        if !begun && names.is_empty() && state.get(COUNT).is_none() {
            return Ok(Kept::default());
        }
        let mut take = |name: &str| {
            let value = state.remove(name);
            if value.is_none() {
                problems.push(StateProblem::Missing(key(name)));
            }
            value
        };
        let count = take(COUNT);
        let mut all = Vec::new();
        for name in names {
            let value = take(&format!("{name}.{what}")).map(|value| value.detach());
            let place = format!("{name}.{SINCE}");
            let since = match take(&place) {
                None => 0,
                Some(since) => match whole(op, &key(&place), &since)? {
                    steps if steps <= t => steps,
                    _ => return Err(wrong(op, &key(&place), &since, &format!("at most the number of steps, {t}"))),
                },
            };
            all.push(One { name, id: None, value, since });
        }
        // What is missing by name is reported by name.
        if let Some(count) = count.filter(|_| problems.is_empty())
            && whole(op, &key(COUNT), &count)? != all.len() as u64
        {
            let must = format!("the number of parameters that have {what:?}, {}", all.len());
            return Err(wrong(op, &key(COUNT), &count, &must));
        }
        Ok(Kept(all))
    }
}

/// The parameters of which there is a tensor or its `since`: by one of the two it is known that the other is missing.
fn parameters(what: &str, state: &StateDict) -> Vec<String> {
    let mut seen = HashSet::new();
    let name = |key: &str| {
        let name = [what, SINCE].into_iter().find_map(|end| key.strip_suffix(end)?.strip_suffix('.'))?;
        Some(name.to_string())
    };
    state.iter().filter_map(|(key, _)| name(key)).filter(|name| seen.insert(name.clone())).collect()
}
