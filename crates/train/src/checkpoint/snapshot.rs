//! The state of a run: everything that it needs to go on.

use super::lock::Lock;
use super::manifest;
use crate::history::History;
use crate::run::{Identity, Monitor, Plan};
use autograd_core::Result;
use autograd_core::module::StateDict;
use std::path::Path;

/// The state of a run at the end of an epoch. Tensors are shared with the run, not copied; while a snapshot is kept,
/// the next step copies them.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, seeded};
/// # use wengert_data::TensorDataset;
/// # use wengert_nn::{Linear, mse_loss};
/// # use wengert_optim::Sgd;
/// use wengert_train::{Snapshot, Trainer};
/// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
/// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
/// let dir = std::env::temp_dir().join(format!("wengert-snapshot-{}", std::process::id()));
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss).epochs(3).checkpoint(&*dir);
/// trainer.fit(&mut model, &set, None, &mut seeded(7))?;
/// let snapshot = Snapshot::load(&dir)?;
/// assert_eq!((snapshot.epoch, snapshot.model.len(), snapshot.identity.get("optimizer.lr")), (3, 2, Some("0.1")));
/// assert!(snapshot.best("loss").is_none());                           // nothing was to be kept
/// snapshot.save(dir.join("copy"))?;
/// assert_eq!(Snapshot::load(dir.join("copy"))?.history, snapshot.history);
/// # std::fs::remove_dir_all(&dir).map_err(wengert_train::Error::user)?;
/// # Ok::<(), wengert_train::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Sizes and names.
    pub plan: Plan,
    /// Everything that makes the run this run: another one cannot go on from here.
    pub identity: Identity,
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
    /// Names of the parameters that are frozen now, whatever they were when the run began.
    pub frozen: Vec<String>,
    /// Paths of the layers that are held in evaluation now.
    pub held: Vec<String>,
    /// The state of the optimizer.
    pub optimizer: StateDict,
    /// The epochs so far.
    pub history: History,
    /// The callbacks that have a state. Of two with the same name the second is called `Name#2`.
    pub callbacks: Vec<(String, StateDict)>,
    /// Names of the parameters that have had a gradient; none in a checkpoint that does not say.
    pub(crate) with_gradient: Option<Vec<String>>,
}

impl Snapshot {
    /// Writes a checkpoint, in place of the one that is there. The directory is made if it does not exist.
    ///
    /// # Errors
    /// If a run is writing its checkpoints there, or it cannot be written; then the one that was there is still whole.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        let dir = dir.as_ref();
        manifest::save(self, dir, &Lock::take(dir)?)
    }

    /// The epoch whose model [`Checkpoint::best`](crate::Checkpoint::best) has kept by a metric, counted from 1, and
    /// the parameters and buffers of that model; none if none was to be kept by it, or no epoch has been the best yet.
    pub fn best(&self, metric: &str) -> Option<(u64, StateDict)> {
        let of_checkpoints = self.callbacks.iter().filter(|(key, _)| key.split('#').next() == Some("Checkpoint"));
        let best = of_checkpoints.map(|(_, state)| state).find_map(|state| Monitor::kept_by(metric, state))?;
        if best.epoch > 0 { Some((best.epoch, best.weights)) } else { None }
    }

    /// Reads a checkpoint, whole also while a run replaces it.
    ///
    /// # Errors
    /// If there is none, or a file of it is missing, or not what was written.
    pub fn load(dir: impl AsRef<Path>) -> Result<Snapshot> {
        manifest::load(dir.as_ref())
    }
}
