//! The callback that writes checkpoints.

use super::{Callback, bad_option};
use crate::checkpoint::{self, Lock, Snapshot};
use crate::run::{Plan, Run};
use autograd_core::Result;
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
/// The run does not begin if `every` is 0, or the directory cannot be written or is another run's.
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
        Checkpoint { lock: None, dir: self.dir.clone(), every: self.every, fold: self.fold.clone(), begins: false }
    }
}

impl Checkpoint {
    /// A checkpoint after each epoch, in this directory; it is made if it does not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Checkpoint {
        Checkpoint { dir: dir.into(), every: 1, fold: None, begins: false, lock: None }
    }

    /// The number of epochs from one checkpoint to the next, at least 1; there is also one after the last. Default 1.
    pub fn every(mut self, epochs: u64) -> Checkpoint {
        self.every = epochs;
        self
    }

    /// Whether there is a checkpoint in a directory, of one run or of a cross-validation.
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

/// The directory of a fold.
pub(crate) fn fold_dir(dir: &Path, fold: usize) -> PathBuf {
    dir.join(format!("fold-{fold}"))
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
        let all = std::mem::take(&mut self.dir);
        self.dir = fold_dir(&all, fold);
        self.fold = Some((all, fold));
    }

    fn check(&mut self, _: &Plan) -> Result<()> {
        if self.every == 0 {
            return Err(bad_option("every", self.every, "at least 1"));
        }
        self.lock = None;
        self.lock = Some(checkpoint::take(&self.dir)?);
        Ok(())
    }

    fn on_train_begin(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.begins = run.epoch() == 0;
        Ok(())
    }

    fn wants_snapshot(&self, run: &Run<'_>) -> bool {
        run.epoch().is_multiple_of(self.every) || run.epoch() >= run.plan().epochs || run.is_stopping()
    }

    fn on_snapshot(&mut self, snapshot: &Snapshot) -> Result<()> {
        if let (Some((all, fold)), true) = (&self.fold, std::mem::take(&mut self.begins)) {
            // Those of later folds are of an older cross-validation, and nothing is to go on from them: not beside what is
            // written now either, if the process ends in between. Where this fold has gone on, they may be of the same one.
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
}

#[cfg(test)]
cases![
    Case::new("Checkpoint: each epoch", |dir| Checkpoint::new(dir.join("new")))
        .effects(
            &[1, 2, 3, 4, 5, 6].map(|epoch| format!("epoch {epoch} end: takes a snapshot")).each_ref().map(|e| &**e)
        )
        .then(|_, seen, dir| {
            let snapshot = Snapshot::load(dir.join("new")).expect("just written");
            assert_eq!((snapshot.epoch, snapshot.history), (6, seen.history.clone()));
        }),
    Case::new("Checkpoint: every fourth epoch and the last", |dir| Checkpoint::new(dir).every(4))
        .effects(&["epoch 4 end: takes a snapshot", "epoch 6 end: takes a snapshot"])
        .then(|_, _, dir| assert!(Checkpoint::exists(dir))),
    Case::new("Checkpoint: never", |dir| Checkpoint::new(dir).every(0)).refuses("every is 0, it must be at least 1"),
    Case::new("Checkpoint: in a place that is no directory", |_| Checkpoint::new("/dev/null"))
        .refuses("/dev/null: File exists (os error 17)"),
];
