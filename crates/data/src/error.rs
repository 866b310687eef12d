//! What can go wrong with data, with everything needed to mend it.

use crate::format::idx::IdxProblem;
use autograd_core::Shape;
use std::path::PathBuf;

/// The result of an operation on data.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation failed, or a file could not be read.
    #[error(transparent)]
    Core(#[from] autograd_core::Error),
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
    /// A tensor does not have the shape that is needed.
    #[error("{op}: {what} has shape {got}, expected {expected}")]
    WrongShape {
        /// The operation.
        op: &'static str,
        /// Which tensor.
        what: &'static str,
        /// Its shape.
        got: Shape,
        /// The shapes that would do.
        expected: &'static str,
    },
    /// Inputs and targets differ in number.
    #[error("TensorDataset: x has {} samples and y has {} (shapes {x} and {y})", samples(x), samples(y))]
    SampleCounts {
        /// Shape of the inputs.
        x: Shape,
        /// Shape of the targets.
        y: Shape,
    },
    /// There are no samples.
    #[error("{op}: there are no samples")]
    NoSamples {
        /// The operation.
        op: &'static str,
    },
    /// A sample that the dataset does not have.
    #[error("{op}: sample {index} at position {position} is out of range for {len} samples")]
    Sample {
        /// The operation.
        op: &'static str,
        /// The number of the sample asked for.
        index: usize,
        /// Where it stands among those asked for.
        position: usize,
        /// How many samples there are.
        len: usize,
    },
    /// Fractions that do not make one whole.
    #[error("{op}: the fractions {fractions:?} sum to {sum}, they must sum to 1")]
    FractionSum {
        /// The operation.
        op: &'static str,
        /// The fractions.
        fractions: Vec<f64>,
        /// Their sum.
        sum: f64,
    },
    /// A part of a split would get no sample.
    #[error("{op}: part {part} of {sizes:?} would be empty: {n} samples are too few for {fractions:?}")]
    EmptyPart {
        /// The operation.
        op: &'static str,
        /// The first empty part, counted from 0.
        part: usize,
        /// The sizes all parts would have.
        sizes: Vec<usize>,
        /// How many samples there are.
        n: usize,
        /// The fractions asked for.
        fractions: Vec<f64>,
    },
    /// More folds than samples.
    #[error("{op}: n_splits is {n_splits}, greater than the number of samples, {n}")]
    TooManySplits {
        /// The splitter.
        op: &'static str,
        /// The number of folds asked for.
        n_splits: usize,
        /// How many samples there are.
        n: usize,
    },
    /// More folds than members of even the largest class.
    #[error("{op}: n_splits is {n_splits}, greater than the number of members of every class (at most {largest})")]
    SmallClasses {
        /// The splitter.
        op: &'static str,
        /// The number of folds asked for.
        n_splits: usize,
        /// Members of the largest class.
        largest: usize,
    },
    /// A splitter that needs the classes of the samples was not given them.
    #[error(
        "{op}: the classes of the samples are needed; Samples::classes gives them, or a dataset whose y is I64 [N]"
    )]
    NoClasses {
        /// The splitter.
        op: &'static str,
    },
    /// The number of classes or groups given is not that of the samples.
    #[error("{op}: {got} {what} for {n} samples")]
    LabelCount {
        /// The splitter.
        op: &'static str,
        /// `classes` or `groups`.
        what: &'static str,
        /// How many were given.
        got: usize,
        /// How many samples there are.
        n: usize,
    },
    /// A part of no samples, or of all of them.
    #[error("{op}: {name} is {count}, it must be at least 1 and less than the number of samples, {n}")]
    PartSize {
        /// The splitter.
        op: &'static str,
        /// `train_size` or `test_size`.
        name: &'static str,
        /// The number of samples asked for.
        count: usize,
        /// How many samples there are.
        n: usize,
    },
    /// Train and test part together ask for more samples than there are.
    #[error("{op}: train_size and test_size ask for {train} + {test} samples of {n}")]
    SizesExceed {
        /// The splitter.
        op: &'static str,
        /// Samples for training.
        train: usize,
        /// Samples for testing.
        test: usize,
        /// How many samples there are.
        n: usize,
    },
    /// No sample would be left for training.
    #[error("{op}: the train part would be empty: {test} of {n} samples are for testing")]
    EmptyTrain {
        /// The splitter.
        op: &'static str,
        /// Samples for testing.
        test: usize,
        /// How many samples there are.
        n: usize,
    },
    /// `drop_last` would drop everything.
    #[error("DataLoader: drop_last leaves no batch: there are {n} samples and batch_size is {batch_size}")]
    NoBatch {
        /// How many samples there are.
        n: usize,
        /// Samples a batch.
        batch_size: usize,
    },
    /// A scaler fitted on other columns.
    #[error("{op}: x has shape {got}, the scaler was fitted on [N, {columns}]")]
    Columns {
        /// The operation.
        op: &'static str,
        /// The shape at hand.
        got: Shape,
        /// The number of columns at fitting.
        columns: usize,
    },
    /// An infinite number where only finite numbers (or NaN, for a missing one) make sense.
    #[error("{op}: x holds {value} at row {row}, column {column}; it must be finite, or NaN where it is missing")]
    Infinite {
        /// The operation.
        op: &'static str,
        /// The number.
        value: f64,
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// A file is not the IDX file it should be.
    #[error("{}: {problem}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: IdxProblem,
    },
    /// None of the files looked for is there.
    #[error("{}: none of {names:?} is there", dir.display())]
    NoSuchFile {
        /// The directory.
        dir: PathBuf,
        /// The names looked for.
        names: Vec<String>,
    },
}

impl Error {
    pub(crate) fn argument(
        op: &'static str,
        name: &'static str,
        value: impl std::fmt::Debug,
        must: &'static str,
    ) -> Error {
        Error::Argument { op, name, value: format!("{value:?}"), must }
    }

    pub(crate) fn file(path: &std::path::Path, reason: &std::io::Error) -> Error {
        autograd_core::Error::file(path.as_ref(), reason).into()
    }
}

fn samples(shape: &Shape) -> usize {
    shape.first().copied().unwrap_or(0)
}

/// The text, not the fields: it is what a program prints that returns the error from `main` or unwraps it.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
