//! The parameters that have learned something.

use crate::checkpoint::Snapshot;
use autograd_core::module::{Item, Module, Path};
use std::collections::BTreeSet;
use wengert_nn::Layer;

/// Which parameters have had a gradient in some step of a run, and which have waited for one in vain.
#[derive(Debug, Default)]
pub(super) struct Learned {
    with: BTreeSet<String>,
    /// Those that were trainable in some step, and are not in `with`.
    without: Vec<String>,
    /// In the last step that was looked at: which parameters were trainable, and the names of those without gradient.
    last: (Vec<bool>, Vec<String>),
}

impl Learned {
    /// What the run of a snapshot has found out.
    pub(super) fn resumed(snapshot: &Snapshot) -> Learned {
        let with: BTreeSet<String> = snapshot.with_gradient.iter().flatten().cloned().collect();
        // Without a step the history has all that was trainable then.
        let without = if with.is_empty() { Vec::new() } else { snapshot.history.without_gradient.clone() };
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
        // Names take time, and most steps add nothing: those that are like one before, and those in which nothing has
        // its first gradient or is missing for the first time.
        let is_known = |name: &String| self.with.contains(name) || self.without.contains(name);
        let adds_nothing = || missing.iter().all(is_known) && self.without.iter().all(|name| missing.contains(name));
        if self.last.0 == trainable && (self.last.1 == missing || adds_nothing()) {
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

/// Which parameters have had a gradient by a checkpoint that does not say it: those that were trainable at its end, and
/// are not among those without.
pub(super) fn by_history(snapshot: &Snapshot, model: &dyn Module) -> Vec<String> {
    let without = &snapshot.history.without_gradient;
    let names = model.named_parameters().into_iter().map(|(name, _)| name);
    names.filter(|name| !snapshot.frozen.contains(name) && !without.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::seeded;
    use wengert_nn::{Linear, sequential};

    #[test]
    fn a_first_gradient_is_noted_in_whatever_step_it_comes() {
        let rng = &mut seeded(7);
        let linear = Linear::new(1, 1, rng).expect("good sizes");
        let model = sequential![linear, Linear::new(1, 1, rng).expect("good sizes")];
        let mut learned = Learned::default();
        // What is missing in a step, and what has had none until then.
        let steps: [(&[&str], &[&str]); 5] = [
            (&["0.bias", "1.bias"], &["0.bias", "1.bias"]),
            (&["1.weight", "1.bias"], &["1.bias"]),
            (&["0.weight", "1.bias"], &["1.bias"]),
            (&["0.bias"], &[]),
            (&["0.weight"], &[]),
        ];
        for (missing, without) in steps {
            let missing: Vec<String> = missing.iter().map(|name| name.to_string()).collect();
            learned.note(&model, &missing);
            assert_eq!(learned.without(&model), without, "{missing:?}");
        }
        assert_eq!(learned.with(), ["0.bias", "0.weight", "1.bias", "1.weight"]);
    }
}
