//! The callback that writes checkpoints.

use super::{Callback, bad_option};
use crate::checkpoint::{self, Lock, Snapshot, fold_dir};
use crate::run::{Best, Monitor, Plan, Run};
use autograd_core::Result;
use autograd_core::module::StateDict;
use std::path::{Path, PathBuf};

/// Writes a checkpoint at the end of epochs, from which [`Trainer::resume`](crate::Trainer::resume) goes on bit for
/// bit.
///
/// The directory contains the last checkpoint only: `checkpoint.json` (where the run stands, and its history) and the
/// safetensors files that it names. Everything is written aside, and `checkpoint.json` is renamed into place last:
/// whenever the process is killed, the directory contains a whole checkpoint, the new one or the one before. A new run
/// replaces an old checkpoint when its own first one is written. A cross-validation writes into `fold-1`, `fold-2` and
/// so on below the directory; the first checkpoint of a fold that did not go on from one replaces those of later folds,
/// which an older cross-validation has left.
///
/// While the run lasts, the directory is its own: another run that is to write there does not begin, and says which
/// process has it. The operating system ends that with the process, however it ends; on a file system that knows no
/// locks nothing keeps runs apart. Readers need not wait: see [`Snapshot::load`].
///
/// # Errors
/// The run does not begin if `every` is 0, the metric of `best` is not measured, or the directory cannot be written or
/// is another run's.
///
/// # Examples
/// ```
/// use wengert_nn::mse_loss;
/// use wengert_optim::Sgd;
/// use wengert_train::{Checkpoint, Trainer};
///
/// let trainer = Trainer::new(Sgd::new(0.1), mse_loss)
///     .epochs(100)
///     .checkpoint(Checkpoint::new("run").every(10))
///     .resume(Checkpoint::exists("run"));
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    dir: PathBuf,
    every: u64,
    /// By which the best epoch is known, if its model is kept.
    monitor: Option<Monitor>,
    best: Best,
    /// Whether the next run forgets the best epoch: unless it goes on from a checkpoint that knows it.
    forgets: bool,
    /// In a cross-validation, the directory of all folds and the number of this one.
    fold: Option<(PathBuf, usize)>,
    /// Whether the run did not go on from a checkpoint, and has not written one.
    begins: bool,
    /// While a run lasts.
    lock: Option<Lock>,
}

impl Clone for Checkpoint {
    /// The clone has the same options; the directory stays with the run that has it.
    fn clone(&self) -> Checkpoint {
        let (monitor, fold) = (self.monitor.clone(), self.fold.clone());
        Checkpoint { every: self.every, monitor, fold, ..Checkpoint::new(&self.dir) }
    }
}

impl Checkpoint {
    /// A checkpoint after each epoch, in this directory; it is made if it does not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Checkpoint {
        let (dir, best) = (dir.into(), Best::default());
        Checkpoint { dir, every: 1, monitor: None, best, forgets: true, fold: None, begins: false, lock: None }
    }

    /// The number of epochs from one checkpoint to the next, at least 1; there is also one after the last, and with
    /// [`Checkpoint::best`] one after each epoch that is the best so far. Default 1.
    #[must_use]
    pub fn every(mut self, epochs: u64) -> Checkpoint {
        self.every = epochs;
        self
    }

    /// Keeps the model of the epoch with the best value of a metric, `val_loss`, `val_accuracy` and so on, beside that
    /// of the last one: as parts of one checkpoint, which is whole or absent. [`Snapshot::best`] has it. By default it
    /// is not kept.
    ///
    /// The metric says whether lower or higher values are better; a NaN is never the best, nor is an epoch in which the
    /// metric was not measured. A resumed run knows the best epoch of the run before, if that has kept it, and must
    /// watch the same metric; without this option it is given up. Of several checkpoints each goes on from what one by
    /// its metric has kept, in whatever order they are, and from nothing if there is none.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, seeded};
    /// # use wengert_data::TensorDataset;
    /// # use wengert_nn::{Linear, mse_loss};
    /// # use wengert_optim::Sgd;
    /// use wengert_train::{Checkpoint, Snapshot, Trainer};
    /// # let set = TensorDataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]]))?;
    /// # let mut model = Linear::new(1, 1, &mut seeded(7))?;
    /// let dir = std::env::temp_dir().join(format!("wengert-best-{}", std::process::id()));
    /// // With such steps every epoch is worse than the one before.
    /// let checkpoint = Checkpoint::new(&dir).best("val_loss");
    /// let trainer = Trainer::new(Sgd::new(2.0), mse_loss).epochs(3).checkpoint(checkpoint);
    /// trainer.fit(&mut model, &set, &set, &mut seeded(7))?;
    /// let snapshot = Snapshot::load(&dir)?;
    /// let (epoch, weights) = snapshot.best("val_loss").expect("losses are numbers");
    /// assert_eq!((snapshot.epoch, epoch, weights.len()), (3, 1, 2));
    /// # std::fs::remove_dir_all(&dir).map_err(wengert_train::Error::user)?;
    /// # Ok::<(), wengert_train::Error>(())
    /// ```
    #[must_use]
    pub fn best(mut self, metric: impl Into<String>) -> Checkpoint {
        self.monitor = Some(Monitor::new(metric));
        self
    }

    /// Whether there is a checkpoint in a directory, of one run or of a cross-validation. Neither goes on from that of
    /// the other, and its error says so.
    pub fn exists(dir: impl AsRef<Path>) -> bool {
        let dir = dir.as_ref();
        [dir, &fold_dir(dir, 1)].into_iter().any(|dir| dir.join(checkpoint::MANIFEST).is_file())
    }

    /// The directory.
    ///
    /// # Examples
    /// ```
    /// # use wengert_train::Checkpoint;
    /// assert_eq!(Checkpoint::new("run").dir(), std::path::Path::new("run"));
    /// ```
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The directories of folds after this one.
fn later_folds(dir: &Path, fold: usize) -> impl Iterator<Item = PathBuf> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("fold-")?.parse::<usize>().ok();
    let all = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(move |path| number(path).is_some_and(|number| number > fold))
}

macro_rules! from_directory {
    ($($path:ty),*) => {$(
        impl From<$path> for Checkpoint {
            fn from(dir: $path) -> Self {
                Checkpoint::new(dir)
            }
        }
    )*};
}
from_directory!(&str, String, &Path, PathBuf, &PathBuf);

impl Callback for Checkpoint {
    fn name(&self) -> &str {
        "Checkpoint"
    }

    fn only_watches(&self) -> bool {
        true
    }

    fn on_fold(&mut self, fold: usize) {
        // Of another fold, if this one has been through a fold before.
        let all = self.fold.take().map_or_else(|| std::mem::take(&mut self.dir), |(all, _)| all);
        self.dir = fold_dir(&all, fold);
        self.fold = Some((all, fold));
    }

    fn check(&mut self, plan: &Plan) -> Result<()> {
        if self.every == 0 {
            return Err(bad_option("every", self.every, "at least 1"));
        }
        if let Some(monitor) = &mut self.monitor {
            monitor.check(plan)?;
        }
        self.forgets = true;
        self.lock = None;
        self.lock = Some(checkpoint::take(&self.dir)?);
        Ok(())
    }

    fn on_train_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.begins = run.epoch() == 0;
        if std::mem::take(&mut self.forgets) {
            self.best = Best::default();
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, run: &mut Run<'_>) -> Result<()> {
        let Some(monitor) = &self.monitor else { return Ok(()) };
        if let Some(value) = monitor.value(run).filter(|value| monitor.improves(&self.best, *value, 0.0)) {
            self.best = Best { epoch: run.epoch(), value, weights: run.state_dict(), ..Best::default() };
        }
        Ok(())
    }

    fn wants_snapshot(&self, run: &Run<'_>) -> bool {
        let (epoch, is_best) = (run.epoch(), self.monitor.is_some() && self.best.epoch == run.epoch());
        epoch.is_multiple_of(self.every) || is_best || epoch >= run.plan().epochs || run.is_stopping()
    }

    fn on_snapshot(&mut self, snapshot: &Snapshot) -> Result<()> {
        if let (Some((all, fold)), true) = (&self.fold, std::mem::take(&mut self.begins)) {
            // Those of later folds are of an older cross-validation, and nothing is to go on from them: not beside what
            // is written now either, if the process ends in between. Where this fold has gone on, they may be of the
            // same one.
            later_folds(all, *fold).for_each(|old| checkpoint::remove(&old));
        }
        match &self.lock {
            Some(lock) => checkpoint::save(snapshot, &self.dir, lock),
            None => snapshot.save(&self.dir),
        }
    }

    fn on_exit(&mut self) {
        self.lock = None;
    }

    fn state_dict(&self) -> StateDict {
        self.monitor.as_ref().map_or_else(StateDict::new, |monitor| monitor.state_of(&self.best))
    }

    fn load_state_dict(&mut self, state: &StateDict) -> Result<()> {
        // Who only watches may come and go.
        if let Some(monitor) = &self.monitor {
            self.best = monitor.load(state)?;
            self.forgets = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_follows_another() {
        let mut checkpoint = Checkpoint::new("run");
        (1..=3).for_each(|fold| checkpoint.on_fold(fold));
        assert_eq!(checkpoint.dir(), Path::new("run").join("fold-3"));
        let mut clone = checkpoint.clone();
        clone.on_fold(1);
        assert_eq!(clone.dir(), Path::new("run").join("fold-1"));
    }

    cases![
        Case::new("Checkpoint: each epoch", |dir| Checkpoint::new(dir.join("new")))
            .effects(
                &[1, 2, 3, 4, 5, 6]
                    .map(|epoch| format!("epoch {epoch} end: takes a snapshot"))
                    .each_ref()
                    .map(|e| &**e)
            )
            .then(|_, seen, dir| {
                let snapshot = Snapshot::load(dir.join("new")).expect("just written");
                assert_eq!((snapshot.epoch, snapshot.history.clone()), (6, seen.history.clone()));
                assert!(snapshot.best("val_loss").is_none());
            }),
        Case::new("Checkpoint: every fourth epoch and the last", |dir| Checkpoint::new(dir).every(4))
            .effects(&["epoch 4 end: takes a snapshot", "epoch 6 end: takes a snapshot"])
            .then(|_, _, dir| assert!(Checkpoint::exists(dir))),
        Case::new("Checkpoint: every fourth epoch, the last and the best", |dir| {
            Checkpoint::new(dir).every(4).best("val_loss")
        })
        .diverging()
        .effects(&[1, 4, 6].map(|epoch| format!("epoch {epoch} end: takes a snapshot")).each_ref().map(|e| &**e))
        .then(|_, seen, dir| {
            let (epoch, weights) = Snapshot::load(dir).expect("just written").best("val_loss").expect("kept");
            let numbers = ["bias", "weight"].iter().flat_map(|name| weights.get(name).expect("there").to_f64s());
            let bits: Vec<u64> = numbers.map(f64::to_bits).collect();
            assert_eq!((epoch, &bits), (1, &seen.weights[0]));
        }),
        Case::new("Checkpoint: the best of what is measured", |dir| Checkpoint::new(dir).every(9).best("val_loss"))
            .validate_every(4)
            .effects(&["epoch 4 end: takes a snapshot", "epoch 6 end: takes a snapshot"])
            .then(|_, _, dir| {
                let best = Snapshot::load(dir).expect("just written").best("val_loss");
                assert!(Snapshot::load(dir).expect("just written").best("loss").is_none());
                assert_eq!(best.map(|(epoch, _)| epoch), Some(6));
            }),
        Case::new("Checkpoint: never", |dir| Checkpoint::new(dir).every(0))
            .refuses("every is 0, it must be at least 1"),
        Case::new("Checkpoint: the best by nothing that is measured", |dir| Checkpoint::new(dir).best("val_loss"))
            .refuses_without_validation(
                "\"val_loss\" is measured on a validation set, and this run has none; give one to fit, or use \"loss\"",
            ),
        Case::new("Checkpoint: in a place that is no directory", |_| Checkpoint::new("/dev/null"))
            .refuses("/dev/null: File exists (os error 17)"),
    ];
}
