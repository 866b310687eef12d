//! The weights of a model while it has those to evaluate at.

use crate::driver::misfit;
use autograd_core::module::{ItemMut, Module, Param, Path, StateDict, StateMismatch, StateProblem};
use autograd_core::{Error, ErrorKind, Result, Tensor};
use std::collections::HashMap;

const TRAIN: &str = ".train_weights";
const EVAL: &str = ".eval_weights";

/// The two weights of each parameter of a model that has those to evaluate at.
#[derive(Clone, Debug)]
pub(crate) struct Swapped(Vec<Both>);

#[derive(Clone, Debug)]
struct Both {
    name: String,
    train: Tensor,
    eval: Tensor,
}

impl Swapped {
    /// Puts the weights that `of` gives for each parameter into the model. After an error nothing has changed.
    pub(crate) fn put(
        optimizer: &str,
        model: &mut dyn Module,
        mut of: impl FnMut(&str, &Param) -> Result<Tensor>,
    ) -> Result<Swapped> {
        let mut all = Vec::new();
        for (name, param) in model.named_parameters() {
            let eval = of(&name, param)?.detach();
            if !eval.is_like(param) {
                return Err(misfit(optimizer, "the weight to evaluate at of", &name, &eval, param));
            }
            all.push(Both { name, train: param.detach(), eval });
        }
        let mut each = all.iter();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |_, item| {
            if let (ItemMut::Param(param), Ok(())) = (item, &outcome)
                && let Some(both) = each.next()
            {
                outcome = param.set(both.eval.clone());
            }
        });
        outcome.map(|()| Swapped(all))
    }

    /// Puts the weights to train back. A parameter that was changed meanwhile, like one of a checkpoint that was
    /// loaded, stays as it is.
    pub(crate) fn take_back(&self, model: &mut dyn Module) -> Result<()> {
        let all: HashMap<&str, &Both> = self.0.iter().map(|both| (both.name.as_str(), both)).collect();
        let mut outcome = Ok(());
        model.visit_mut(&Path::root(), &mut |path, item| {
            let ItemMut::Param(param) = item else { return };
            if let (Some(both), Ok(())) = (all.get(path.to_string().as_str()), &outcome)
                && has_bits(param, &both.eval)
            {
                outcome = param.set(both.train.clone());
            }
        });
        outcome
    }

    pub(crate) fn save(&self, state: &mut StateDict) {
        for Both { name, train, eval } in &self.0 {
            state.insert(format!("{name}{TRAIN}"), train.clone());
            state.insert(format!("{name}{EVAL}"), eval.clone());
        }
    }

    /// Splits a state dict into the weights of a model that was evaluated when it was saved, and the rest.
    pub(crate) fn split(state: &StateDict) -> Result<(Option<Swapped>, StateDict)> {
        let mut pairs: Vec<(&str, [Option<Tensor>; 2])> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut rest = Vec::new();
        for (key, value) in state.iter() {
            let found = [TRAIN, EVAL].into_iter().enumerate().find_map(|(k, end)| Some((k, key.strip_suffix(end)?)));
            match found {
                Some((k, name)) => {
                    let place = *places.entry(name).or_insert(pairs.len());
                    if place == pairs.len() {
                        pairs.push((name, [None, None]));
                    }
                    pairs[place].1[k] = Some(value.detach());
                }
                None => rest.push((key.to_string(), value.clone())),
            }
        }
        let mut problems = Vec::new();
        let mut all = Vec::new();
        for (name, pair) in pairs {
            match pair {
                [Some(train), Some(eval)] => all.push(Both { name: name.into(), train, eval }),
                [None, _] => problems.push(StateProblem::Missing(format!("{name}{TRAIN}"))),
                [_, None] => problems.push(StateProblem::Missing(format!("{name}{EVAL}"))),
            }
        }
        if !problems.is_empty() {
            return Err(StateMismatch { problems }.into());
        }
        Ok(((!all.is_empty()).then_some(Swapped(all)), rest.into_iter().collect()))
    }
}

/// Whether a tensor is another to the bit, mostly because it is the same one.
fn has_bits(x: &Tensor, other: &Tensor) -> bool {
    let bits = |x: &Tensor| x.to_f64s().into_iter().map(f64::to_bits).collect::<Vec<_>>();
    x.is_like(other) && (x.shares_memory(other) && x.is_contiguous() && other.is_contiguous() || bits(x) == bits(other))
}

/// The refusal of a step at weights to evaluate at.
#[cold]
pub(crate) fn evaluating(optimizer: &str) -> Error {
    let text = "the model has the weights to evaluate at, and a step needs those to train; train puts them back";
    Error::new(ErrorKind::State, format!("{optimizer}: {text}"))
}
