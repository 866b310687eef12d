//! What can go wrong, with everything needed to mend it.

use crate::tensor::{DType, Shape};

/// The result of an operation that can fail on its arguments.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the core. Every variant names the operation, and carries the shapes, axes, indices or dtypes at fault.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes do not broadcast together.
    #[error("{op}: shapes {lhs} and {rhs} do not broadcast: {} ≠ {} in dimension −{from_end} (counted from the end)", size_at(lhs, *from_end), size_at(rhs, *from_end))]
    Broadcast {
        /// The operation.
        op: &'static str,
        /// Shape of the first operand.
        lhs: Shape,
        /// Shape of the second operand.
        rhs: Shape,
        /// The outermost dimension that disagrees, counted from the end, starting with 1.
        from_end: usize,
    },
    /// The inner dimensions of a matrix product differ.
    #[error("{op}: inner dimensions differ: {lhs} × {rhs} ({left} ≠ {right})")]
    InnerDimensions {
        /// The operation.
        op: &'static str,
        /// Shape of the first operand.
        lhs: Shape,
        /// Shape of the second operand.
        rhs: Shape,
        /// Inner size of the first operand.
        left: usize,
        /// Inner size of the second operand.
        right: usize,
    },
    /// A tensor does not have the shape the operation needs.
    #[error("{op}: {what} has shape {got}, expected {expected}")]
    WrongShape {
        /// The operation.
        op: &'static str,
        /// Which tensor.
        what: &'static str,
        /// Its shape.
        got: Shape,
        /// The shapes that would do, in words or numbers.
        expected: String,
    },
    /// The elements of one shape cannot be laid out as another.
    #[error("reshape: {from} has {} elements, {to:?} asks for another number", from.iter().product::<usize>())]
    Reshape {
        /// The tensor's shape.
        from: Shape,
        /// The sizes asked for; −1 stands for the one to be inferred.
        to: Vec<isize>,
    },
    /// A shape with more dimensions, elements or bytes than a tensor can have.
    #[error("{op}: shape {shape} is too large (at most 64 dimensions, and no more bytes than memory holds)")]
    TooLarge {
        /// The operation.
        op: &'static str,
        /// The shape asked for.
        shape: Shape,
    },
    /// The number of elements does not fit the shape.
    #[error("from_vec: shape {shape} needs {} elements, got {len}", shape.iter().product::<usize>())]
    DataLength {
        /// The shape asked for.
        shape: Shape,
        /// How many elements there are.
        len: usize,
    },
    /// An axis the tensor does not have.
    #[error("{op}: axis {axis} is out of range for shape {shape} ({})", axis_range(shape))]
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis asked for.
        axis: isize,
        /// The tensor's shape.
        shape: Shape,
    },
    /// A place for a new axis that the tensor does not have.
    #[error("{op}: a new axis {axis} is out of range for shape {shape} (−{} to {})", shape.len() + 1, shape.len())]
    NewAxis {
        /// The operation.
        op: &'static str,
        /// The place asked for.
        axis: isize,
        /// The tensor's shape.
        shape: Shape,
    },
    /// An axis named twice.
    #[error("{op}: axis {axis} is named twice in {axes:?} (shape {shape})")]
    RepeatedAxis {
        /// The operation.
        op: &'static str,
        /// The axis, counted from the front.
        axis: usize,
        /// The axes asked for.
        axes: Vec<isize>,
        /// The tensor's shape.
        shape: Shape,
    },
    /// An index outside its dimension.
    #[error("{op}: index {index} at position {position} is out of range for axis {axis} of shape {shape}")]
    Index {
        /// The operation.
        op: &'static str,
        /// The index.
        index: i64,
        /// Where it stands in the index tensor, in row-major order.
        position: usize,
        /// The axis it selects from.
        axis: usize,
        /// Shape of the tensor it selects from.
        shape: Shape,
    },
    /// A reduction without a neutral element over no elements.
    #[error("{op}: axes {axes:?} of shape {shape} have no elements, and {op} of nothing is undefined")]
    EmptyReduction {
        /// The operation.
        op: &'static str,
        /// The axes reduced.
        axes: Vec<usize>,
        /// The tensor's shape.
        shape: Shape,
    },
    /// Two dtypes that do not mix.
    #[error("{op}: dtypes {lhs} and {rhs} do not mix; convert one with to_dtype")]
    MixedDTypes {
        /// The operation.
        op: &'static str,
        /// Dtype of the first operand.
        lhs: DType,
        /// Dtype of the second operand.
        rhs: DType,
    },
    /// A dtype the operation does not take here.
    #[error("{op}: dtype is {got}, expected {expected}; to_dtype converts")]
    WrongDType {
        /// The operation.
        op: &'static str,
        /// The dtype at hand.
        got: DType,
        /// The dtype needed.
        expected: DType,
    },
    /// An operation for floats on something else.
    #[error("{op}: dtype is {dtype}, expected F32 or F64; to_dtype converts")]
    NotFloat {
        /// The operation.
        op: &'static str,
        /// The dtype at hand.
        dtype: DType,
    },
    /// A number outside its range.
    #[error("{op}: {name} is {value}, it must be {must}")]
    Argument {
        /// The operation, layer or optimizer.
        op: &'static str,
        /// The argument's name.
        name: &'static str,
        /// Its value.
        value: String,
        /// Its range, in words.
        must: &'static str,
    },
    /// One element was expected.
    #[error("{op}: shape is {shape}, expected a single element")]
    NotScalar {
        /// The operation.
        op: &'static str,
        /// The tensor's shape.
        shape: Shape,
    },
    /// `backward` from several values without saying how much each counts.
    #[error("backward: the value has shape {shape}, so it needs a gradient of that shape: use backward_with")]
    NeedsSeed {
        /// The value's shape.
        shape: Shape,
    },
    /// `backward` from, or `grad` with respect to, a value that depends on no tensor requiring gradients.
    #[error(
        "{op}: the {dtype} tensor of shape {shape} is not tracked: nothing it was computed from requires gradients, or recording was off"
    )]
    NotTracked {
        /// The operation.
        op: &'static str,
        /// The value's dtype.
        dtype: DType,
        /// The value's shape.
        shape: Shape,
    },
    /// A gradient was asked for with respect to a tensor that the result does not depend on.
    #[error("{op}: input {input} of shape {shape} takes no part in the result")]
    Unused {
        /// The operation.
        op: &'static str,
        /// Position of the tensor among those asked for.
        input: usize,
        /// Its shape.
        shape: Shape,
    },
    /// A second walk over a graph whose saved values the first one freed.
    #[error(
        "backward: the saved values of {op} were freed by an earlier backward; the first one must be backward_keep"
    )]
    Freed {
        /// The operation whose values are gone.
        op: &'static str,
    },
    /// An operation without a second derivative was differentiated twice.
    #[error("{op} has no second derivative")]
    NoSecondDerivative {
        /// The operation.
        op: &'static str,
    },
    /// A pull-back returned something else than one gradient for each input.
    #[error("{op}: its pull-back returned {got} gradients for {expected} inputs")]
    GradientCount {
        /// The operation.
        op: &'static str,
        /// How many it returned.
        got: usize,
        /// How many inputs it has.
        expected: usize,
    },
    /// A pull-back returned a gradient that does not fit its input.
    #[error("{op}: the gradient for input {input} is {got_dtype} {got}, the input is {expected_dtype} {expected}")]
    GradientShape {
        /// The operation.
        op: &'static str,
        /// Position of the input.
        input: usize,
        /// Shape of the gradient.
        got: Shape,
        /// Dtype of the gradient.
        got_dtype: DType,
        /// Shape of the input.
        expected: Shape,
        /// Dtype of the input.
        expected_dtype: DType,
    },
    /// `detect_anomaly` found a NaN or an infinity.
    #[error("{phase} of {op} made {what} (first at element {at} of shape {shape})")]
    Anomaly {
        /// The operation.
        op: &'static str,
        /// `forward` or `pull-back`.
        phase: &'static str,
        /// `NaN` or `an infinity`.
        what: &'static str,
        /// Where, in row-major order.
        at: usize,
        /// The shape of the result.
        shape: Shape,
    },
    /// A gradient check failed.
    #[error("{0}")]
    GradCheck(Box<crate::gradcheck::Mismatch>),
    /// A state dict does not fit the module; nothing was loaded.
    #[error("{0}")]
    State(Box<crate::module::StateMismatch>),
    /// A file could not be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl Error {
    /// An argument outside its range.
    pub fn argument(op: &'static str, name: &'static str, value: impl std::fmt::Debug, must: &'static str) -> Error {
        Error::Argument { op, name, value: format!("{value:?}"), must }
    }

    pub(crate) fn file(path: &std::path::Path, reason: impl std::fmt::Display) -> Error {
        Error::File { path: path.into(), reason: reason.to_string() }
    }
}

fn size_at(shape: &Shape, from_end: usize) -> usize {
    shape.len().checked_sub(from_end).map_or(1, |d| shape[d])
}

fn axis_range(shape: &Shape) -> String {
    match shape.len() {
        0 => "a scalar has axis 0 and −1 only".into(),
        n => format!("−{n} to {}", n - 1),
    }
}

/// The text, not the fields: it is what a program prints that returns the error from `main` or unwraps it.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
