//! Everything that a run needs to go on.

use super::manifest;
use crate::callbacks::{Callback, Plan};
use crate::error::{Error, Result};
use crate::history::History;
use autograd_core::module::{Module, StateDict, restore_streams, stream_positions};
use std::path::Path;
use wengert_optim::Optimizer;

/// The state of a run at the end of an epoch. Tensors are shared with the run, not copied; who keeps a snapshot makes the
/// next step copy them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Sizes and names; a run of other ones cannot go on from here. The number of epochs may differ.
    pub plan: Plan,
    /// Epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// What decides the order of the samples.
    pub seed: u64,
    /// The learning rate that the schedule is applied to.
    pub base_lr: f64,
    /// Parameters and buffers.
    pub model: StateDict,
    /// Path, seed and position of every source of randomness in the model.
    pub streams: Vec<(String, u64, u64)>,
    /// The state of the optimizer.
    pub optimizer: StateDict,
    /// The epochs so far.
    pub history: History,
    /// The callbacks that have a state. Of two with the same name the second is called `Name#2`.
    pub callbacks: Vec<(String, StateDict)>,
}

impl Snapshot {
    /// Writes a checkpoint, in place of the one that is there.
    ///
    /// # Errors
    /// If it cannot be written; then the one that was there is still whole.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        manifest::save(self, dir.as_ref())
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// If there is none, or a file of it is missing, or not what was written.
    pub fn load(dir: impl AsRef<Path>) -> Result<Snapshot> {
        manifest::load(dir.as_ref())
    }

    /// Whether a run with this plan can go on from here. `dir` is for the error.
    pub(crate) fn check(&self, plan: &Plan, model: &dyn Module, dir: &Path) -> Result<()> {
        let differ = |what: &'static str, saved: String, now: String| {
            if saved == now { Ok(()) } else { Err(Error::CheckpointMismatch { dir: dir.into(), what, saved, now }) }
        };
        let names = |plan: &Plan| format!("{:?}", plan.metrics.iter().map(|m| m.name.as_str()).collect::<Vec<_>>());
        let count = |count: usize| count.to_string();
        differ("batch_size", count(self.plan.batch_size), count(plan.batch_size))?;
        differ("train samples:", count(self.plan.train_samples), count(plan.train_samples))?;
        differ("valid samples:", count(self.plan.valid_samples), count(plan.valid_samples))?;
        differ("the metrics", names(&self.plan), names(plan))?;
        let streams = |all: &[(String, u64, u64)]| {
            format!("{:?}", all.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>())
        };
        differ("sources of randomness", streams(&self.streams), streams(&stream_positions(model)))
    }

    /// Puts everything back: the model last, as it is what the caller keeps when something does not fit.
    pub(crate) fn restore(
        &self,
        model: &mut dyn Module,
        optimizer: &mut dyn Optimizer,
        callbacks: &mut [Box<dyn Callback + '_>],
        dir: &Path,
    ) -> Result<()> {
        optimizer.load_state_dict(&self.optimizer)?;
        let keys = callback_keys(callbacks);
        let saved: Vec<&str> = self.callbacks.iter().map(|(key, _)| &**key).collect();
        let now =
            keys.iter().zip(&*callbacks).filter(|(key, c)| saved.contains(&&***key) || !c.state_dict().is_empty());
        let now: Vec<&str> = now.map(|(key, _)| &**key).collect();
        if saved != now {
            let (saved, now) = (format!("{saved:?}"), format!("{now:?}"));
            return Err(Error::CheckpointMismatch { dir: dir.into(), what: "the callbacks", saved, now });
        }
        for (key, callback) in keys.iter().zip(callbacks) {
            if let Some((_, state)) = self.callbacks.iter().find(|(saved, _)| saved == key) {
                callback.load_state_dict(state)?;
            }
        }
        model.load_state_dict(&self.model)?;
        // Paths were compared by `check`: there are no strangers.
        restore_streams(model, &self.streams);
        Ok(())
    }
}

/// Names that tell callbacks of one kind apart.
pub(crate) fn callback_keys(callbacks: &[Box<dyn Callback + '_>]) -> Vec<String> {
    let names: Vec<String> = callbacks.iter().map(|callback| callback.name()).collect();
    let key = |(i, name): (usize, &String)| match names[..i].iter().filter(|other| *other == name).count() {
        0 => name.clone(),
        before => format!("{name}#{}", before + 1),
    };
    names.iter().enumerate().map(key).collect()
}
