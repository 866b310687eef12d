//! The parameters that have learned something.

use crate::checkpoint::Snapshot;
use autograd_core::module::{Item, Path};
use std::collections::BTreeSet;
use wengert_nn::Layer;

/// Which parameters have had a gradient in some step of a run, and which have waited for one in vain.
#[derive(Debug, Default)]
pub(super) struct Learned {
    with: BTreeSet<String>,
    /// Those that were trainable in some step, and are not in `with`.
    without: Vec<String>,
    /// In the last step: which parameters were trainable, and the names of those that had no gradient.
    last: (Vec<bool>, Vec<String>),
}

impl Learned {
    /// What the run of a snapshot has found out.
    pub(super) fn resumed(snapshot: &Snapshot, model: &dyn Layer) -> Learned {
        let without = &snapshot.history.without_gradient;
        let with: BTreeSet<String> = match &snapshot.with_gradient {
            Some(with) => with.iter().cloned().collect(),
            // An older checkpoint does not say it: those that were trainable at its end.
            None => {
                let names = model.named_parameters().into_iter().map(|(name, _)| name);
                names.filter(|name| !snapshot.frozen.contains(name) && !without.contains(name)).collect()
            }
        };
        // Without a step the history has all that was trainable then.
        let without = if with.is_empty() { Vec::new() } else { without.clone() };
        Learned { with, without, ..Learned::default() }
    }

    /// Notes a step, with the trainable parameters that had no gradient in it.
    pub(super) fn note(&mut self, model: &dyn Layer, missing: &[String]) {
        let mut trainable = Vec::new();
        model.visit(&Path::root(), &mut |_, item| {
            if let Item::Param(parameter) = item {
                trainable.push(parameter.is_trainable());
            }
        });
        // A step like the one before adds nothing, and names take time.
        if self.last.0 == trainable && self.last.1 == missing {
            return;
        }
        let all = model.named_parameters();
        for (name, parameter) in &all {
            if parameter.is_trainable() && !self.with.contains(name) && !missing.contains(name) {
                self.with.insert(name.clone());
            }
        }
        let waits =
            |name: &String| !self.with.contains(name) && (missing.contains(name) || self.without.contains(name));
        self.without = all.into_iter().map(|(name, _)| name).filter(waits).collect();
        self.last = (trainable, missing.to_vec());
    }

    /// Whether a parameter has had a gradient.
    pub(super) fn has(&self, name: &str) -> bool {
        self.with.contains(name)
    }

    /// Those that have had one.
    pub(super) fn with(&self) -> Vec<String> {
        self.with.iter().cloned().collect()
    }

    /// Those that were trainable and have had none, in the order of the model. Where every step was left out, none of
    /// them has learned anything.
    pub(super) fn without(&self, model: &dyn Layer) -> Vec<String> {
        if !self.with.is_empty() {
            return self.without.clone();
        }
        let all = model.named_parameters().into_iter();
        all.filter(|(_, parameter)| parameter.is_trainable()).map(|(name, _)| name).collect()
    }
}
