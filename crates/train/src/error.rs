//! What can go wrong in a run, with everything needed to mend it.

use autograd_core::{DType, Shape};
use std::fmt;
use std::path::{Path, PathBuf};

/// The result of training, evaluating or plotting.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error: what a user's own callbacks and model factories may return.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error of this crate.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation, the optimizer, the schedule or the clipping of gradients failed, or a file could not be read or
    /// written.
    #[error(transparent)]
    Core(#[from] autograd_core::Error),
    /// The data failed.
    #[error(transparent)]
    Data(#[from] wengert_data::Error),
    /// A number outside its range.
    #[error("{op}: {name} is {value}, it must be {must}")]
    Argument {
        /// The operation.
        op: &'static str,
        /// The argument's name.
        name: &'static str,
        /// Its value.
        value: String,
        /// Its range, in words.
        must: &'static str,
    },
    /// A dataset without samples.
    #[error("{op}: the {part} set has no samples")]
    EmptyDataset {
        /// The operation.
        op: &'static str,
        /// Which set.
        part: Part,
    },
    /// A model without trainable parameters.
    #[error("fit: nothing to train: the model has {parameters} parameters, and none of them is trainable")]
    NothingToTrain {
        /// How many parameters there are, all of them frozen.
        parameters: usize,
    },
    /// Two metrics of one name.
    #[error("fit: two metrics are called {name:?}")]
    DuplicateMetric {
        /// The name.
        name: String,
    },
    /// A metric that the run does not measure.
    #[error("{callback}: there is no metric {name:?}; measured are {known:?}")]
    UnknownMetric {
        /// Who asked for it.
        callback: String,
        /// Its name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A batch failed.
    #[error("epoch {epoch}, {part} batch {batch}: {source}")]
    Batch {
        /// The epoch, counted from 1.
        epoch: u64,
        /// Of which set the batch is.
        part: Part,
        /// The batch, counted from 1.
        batch: usize,
        /// What went wrong there.
        source: Box<Error>,
    },
    /// A loss that is not one number.
    #[error("the loss is {dtype} {shape}, it must be one float (shape []); reduce it with mean or sum")]
    LossNotScalar {
        /// Its dtype.
        dtype: DType,
        /// Its shape.
        shape: Shape,
    },
    /// The training diverged. The weights are those before the batch.
    #[error("epoch {epoch}, train batch {batch}: the loss is {value}")]
    LossNotFinite {
        /// The epoch, counted from 1.
        epoch: u64,
        /// The batch, counted from 1.
        batch: usize,
        /// The loss.
        value: f64,
    },
    /// The gradients whose norm was to be clipped have none. The weights are those before the batch.
    #[error("epoch {epoch}, train batch {batch}: the norm of the gradients is {norm}")]
    GradientNotFinite {
        /// The epoch, counted from 1.
        epoch: u64,
        /// The batch, counted from 1.
        batch: usize,
        /// The norm.
        norm: f64,
    },
    /// The loss depends on no trainable parameter.
    #[error("the loss depends on none of the trainable parameters {parameters:?}")]
    NoGradient {
        /// Their names.
        parameters: Vec<String>,
    },
    /// A metric got an output and a target that do not belong together.
    #[error("{metric}: output {output} and target {target_dtype} {target} do not fit: {expected}")]
    MetricShapes {
        /// The metric.
        metric: &'static str,
        /// Shape of the output.
        output: Shape,
        /// Shape of the target.
        target: Shape,
        /// Dtype of the target.
        target_dtype: DType,
        /// What would fit.
        expected: &'static str,
    },
    /// A class that does not exist.
    #[error("{op}: {what} {class} at position {position} is not one of {classes} classes")]
    Class {
        /// The operation.
        op: &'static str,
        /// `target` or `prediction`.
        what: &'static str,
        /// The class.
        class: i64,
        /// The sample's position.
        position: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// There is no checkpoint to resume from.
    #[error("{}: there is no checkpoint here (no file {})", dir.display(), crate::checkpoint::MANIFEST)]
    NoCheckpoint {
        /// The directory.
        dir: PathBuf,
    },
    /// A file of a checkpoint is not what was written.
    #[error("{}: {reason}", path.display())]
    CorruptCheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A checkpoint of another run. Nothing was loaded.
    #[error("{}: the checkpoint was written with {what} {saved}, this run has {now}", dir.display())]
    CheckpointMismatch {
        /// The directory.
        dir: PathBuf,
        /// What differs.
        what: &'static str,
        /// In the checkpoint.
        saved: String,
        /// In this run.
        now: String,
    },
    /// `resume` without `checkpoint`.
    #[error("fit: resume needs to know where from: name the directory with checkpoint")]
    ResumeFromNowhere,
    /// A callback failed.
    #[error("{callback}: {source}")]
    Callback {
        /// Its name.
        callback: String,
        /// What went wrong.
        source: BoxError,
    },
    /// A model could not be made.
    #[error("the model could not be made: {0}")]
    Model(#[source] BoxError),
    /// A fold of a cross-validation failed.
    #[error("fold {fold}: {source}")]
    Fold {
        /// The fold, counted from 1.
        fold: usize,
        /// What went wrong there.
        source: Box<Error>,
    },
    /// A picture could not be drawn.
    #[error("{}: {reason}", path.display())]
    Plot {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

/// One of the two sets of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The set that is learned from.
    Train,
    /// The set that the learned is tried on after each epoch.
    Valid,
    /// A set given to `evaluate` or `predict`.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Train => "train",
            Part::Valid => "valid",
            Part::Test => "test",
        })
    }
}

impl Error {
    /// An error of a user's own callback.
    pub fn callback(callback: impl Into<String>, source: impl Into<BoxError>) -> Error {
        Error::Callback { callback: callback.into(), source: source.into() }
    }

    pub(crate) fn corrupt(path: &Path, reason: impl fmt::Display) -> Error {
        Error::CorruptCheckpoint { path: path.into(), reason: reason.to_string() }
    }

    /// This error, told where it happened, unless it says so itself.
    pub(crate) fn in_batch(self, epoch: u64, part: Part, batch: usize) -> Error {
        match self {
            placed @ (Error::LossNotFinite { .. } | Error::GradientNotFinite { .. } | Error::Callback { .. }) => placed,
            source => Error::Batch { epoch, part, batch, source: Box::new(source) },
        }
    }
}

/// An error unless `ok`: the argument `name` of `op` has a value outside its range.
pub(crate) fn require(
    ok: bool,
    op: &'static str,
    name: &'static str,
    value: impl fmt::Debug,
    must: &'static str,
) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::Argument { op, name, value: format!("{value:?}"), must }) }
}

/// The text, not the fields: it is what a program prints that returns the error from `main` or unwraps it.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
