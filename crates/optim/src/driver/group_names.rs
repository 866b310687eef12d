//! Hyperparameters of groups by name.

use super::group::{Group, Members};
use super::state::{single, wrong};
use super::{Driver, Hyper};
use crate::optimizer::{Optimizer, unknown};
use crate::rule::Rule;
use autograd_core::module::StateDict;
use autograd_core::{Error, ErrorKind, Result, Tensor};

/// What the learning rate of a group is called in a state dict.
pub(super) const RATIO: &str = "lr_ratio";

impl<R: Rule> Driver<R> {
    /// The number of a name like `encoder.weight_decay`, as the group gives it to parameters of no other one.
    pub(super) fn get_of_group(&self, name: &str) -> Result<f64> {
        let (at, name) = self.place(name)?;
        let mut hyper = self.of_group(at);
        hyper.lr *= self.hyper.lr;
        let mut found = None;
        hyper.each(&mut |known, value, _| {
            if known == name {
                found = Some(*value);
            }
        });
        found.ok_or_else(|| unknown(name, &self.hyperparameters()))
    }

    /// Changes it; whether it was another.
    pub(super) fn set_of_group(&mut self, name: &str, value: f64) -> Result<bool> {
        let (at, name) = self.place(name)?;
        let mut hyper = self.of_group(at);
        // Learning rates are ratios to the optimizer's.
        let own = self.hyper.lr;
        let value = match name {
            // A schedule of the optimizer's rate has brought both to 0; the ratio stays for later.
            "lr" if own == 0.0 && value == 0.0 => return Ok(false),
            "lr" if own == 0.0 => {
                let text =
                    format!("lr is 0, to which the learning rate of a group is a ratio: set it before {value:?}");
                return Err(Error::new(ErrorKind::Argument, text));
            }
            "lr" => value / own,
            _ => value,
        };
        let Some((known, changed)) = hyper.put(name, value) else {
            return Err(unknown(name, &self.hyperparameters()));
        };
        put(&mut self.groups[at].set, known, value);
        Ok(changed)
    }

    fn of_group(&self, at: usize) -> Hyper<R> {
        self.groups[at].apply(Hyper { lr: 1.0, ..self.hyper.clone() }, self.initial_lr)
    }

    /// The place of the group that a name begins with, and the rest of the name.
    pub(super) fn place<'n>(&self, name: &'n str) -> Result<(usize, &'n str)> {
        let prefixes = || self.groups.iter().filter_map(Group::prefix);
        let Some((prefix, rest)) = name.rsplit_once('.').filter(|_| prefixes().next().is_some()) else {
            return Err(unknown(name, &self.hyperparameters()));
        };
        let found = self.groups.iter().position(|group| group.prefix() == Some(prefix));
        found.map(|at| (at, rest)).ok_or_else(|| {
            let known: Vec<String> = prefixes().map(|prefix| format!("{prefix:?}")).collect();
            let text = format!("no group is called {prefix:?}, there are {}", known.join(", "));
            Error::new(ErrorKind::Argument, text)
        })
    }

    /// The learning rates of groups that were set by name.
    pub(super) fn save_ratios(&self, state: &mut StateDict) {
        for group in &self.groups {
            let ratio = group.set.iter().find(|(name, _)| *name == "lr");
            if let (Some(prefix), Some((_, ratio))) = (group.prefix(), ratio) {
                state.insert(format!("{prefix}.{RATIO}"), Tensor::scalar(*ratio));
            }
        }
    }

    /// Those of a state dict, one for each group, and the rest of the state dict.
    pub(super) fn ratios(&self, state: &StateDict) -> Result<(Vec<Option<f64>>, StateDict)> {
        let mut ratios = vec![None; self.groups.len()];
        let mut rest = Vec::new();
        for (key, value) in state.iter() {
            let prefix = key.strip_suffix(RATIO).and_then(|key| key.strip_suffix('.'));
            let of = |prefix: &str| self.groups.iter().position(|group| group.prefix() == Some(prefix));
            match prefix.and_then(of) {
                None => rest.push((key.to_string(), value.clone())),
                Some(at) => match single(value) {
                    Some(ratio) if ratio >= 0.0 && ratio.is_finite() => ratios[at] = Some(ratio),
                    _ => return Err(wrong(R::NAME, key, value, "one F64, finite and at least 0")),
                },
            }
        }
        Ok((ratios, rest.into_iter().collect()))
    }

    pub(super) fn load_ratios(&mut self, ratios: &[Option<f64>]) {
        for (group, ratio) in self.groups.iter_mut().zip(ratios) {
            match ratio {
                Some(ratio) => put(&mut group.set, "lr", *ratio),
                None => group.set.retain(|(name, _)| *name != "lr"),
            }
        }
    }
}

impl<R> Group<R> {
    fn prefix(&self) -> Option<&str> {
        match &self.members {
            Members::Below(prefix) => Some(prefix),
            Members::Where(_) => None,
        }
    }
}

fn put(all: &mut Vec<(&'static str, f64)>, name: &'static str, value: f64) {
    match all.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => all.push((name, value)),
    }
}
