//! The state of a run: everything that it needs to go on.

use super::manifest;
use crate::history::History;
use crate::run::Plan;
use autograd_core::module::{Module, StateDict, stream_positions};
use autograd_core::{Error, ErrorKind, Result};
use std::path::Path;

/// The state of a run at the end of an epoch. Tensors are shared with the run, not copied; while a snapshot is kept,
/// the next step copies them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Sizes and names; a run of other ones cannot go on from here. The number of epochs may differ.
    pub plan: Plan,
    /// Epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// The seed that decides the order of the samples.
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
        let differ = |what: &str, saved: String, now: String| {
            if saved == now { Ok(()) } else { Err(mismatch(dir, what, &saved, &now)) }
        };
        let names = |plan: &Plan| format!("{:?}", plan.metrics.iter().map(|m| m.name.as_str()).collect::<Vec<_>>());
        let count = |count: usize| count.to_string();
        differ("batch_size", count(self.plan.batch_size), count(plan.batch_size))?;
        differ("train samples:", count(self.plan.train_samples), count(plan.train_samples))?;
        let valid = |plan: &Plan| plan.valid_samples.map_or("none".into(), count);
        differ("valid samples:", valid(&self.plan), valid(plan))?;
        differ("the metrics", names(&self.plan), names(plan))?;
        let streams = |all: &[(String, u64, u64)]| {
            format!("{:?}", all.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>())
        };
        differ("sources of randomness", streams(&self.streams), streams(&stream_positions(model)))
    }
}

/// The error for a checkpoint of another run. Nothing was loaded.
pub(crate) fn mismatch(dir: &Path, what: &str, saved: &str, now: &str) -> Error {
    let text = format!("{}: the checkpoint was written with {what} {saved}, this run has {now}", dir.display());
    Error::new(ErrorKind::State, text)
}
