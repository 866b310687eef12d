//! The sentences that several operations share.

use super::{BoxError, Error, ErrorKind};
use crate::shape::Shape;
use crate::tensor::DType;
use std::fmt::{Debug, Display};
use std::path::Path;

/// Public sentences, which layers, losses, optimizers and data use as well.
impl Error {
    /// An argument outside its range: `adam: lr is -1.0, it must be at least 0`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Error;
    /// let error = Error::argument("adam", "lr", -1.0, "at least 0");
    /// assert_eq!(error.to_string(), "adam: lr is -1.0, it must be at least 0");
    /// ```
    #[cold]
    pub fn argument(op: &str, name: &str, value: impl Debug, must: impl Display) -> Error {
        Error::new(ErrorKind::Argument, format!("{op}: {name} is {value:?}, it must be {must}"))
    }

    /// A tensor without the shape it needs: `linear: weight has shape [2], expected [K, D]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Error;
    /// let error = Error::shape("linear", "weight", &[2], "[K, D]");
    /// assert_eq!(error.to_string(), "linear: weight has shape [2], expected [K, D]");
    /// ```
    #[cold]
    pub fn shape(op: &str, what: &str, got: &[usize], expected: impl Display) -> Error {
        Error::new(ErrorKind::Shape, format!("{op}: {what} has shape {got:?}, expected {expected}"))
    }

    /// Floats are needed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Error};
    /// let error = Error::not_float("exp", DType::I64);
    /// assert_eq!(error.to_string(), "exp: dtype is I64, expected F32 or F64; to_dtype converts");
    /// ```
    #[cold]
    pub fn not_float(op: &str, dtype: DType) -> Error {
        Error::new(ErrorKind::DType, format!("{op}: dtype is {dtype}, expected F32 or F64; to_dtype converts"))
    }

    /// Two dtypes that do not mix.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Error};
    /// let error = Error::mixed_dtypes("add", DType::F32, DType::I64);
    /// assert_eq!(error.to_string(), "add: dtypes F32 and I64 do not mix; convert one with to_dtype");
    /// ```
    #[cold]
    pub fn mixed_dtypes(op: &str, a: DType, b: DType) -> Error {
        Error::new(ErrorKind::DType, format!("{op}: dtypes {a} and {b} do not mix; convert one with to_dtype"))
    }

    /// A dtype the operation does not take here.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Error};
    /// let error = Error::wrong_dtype("gather", DType::F32, DType::I64);
    /// assert_eq!(error.to_string(), "gather: dtype is F32, expected I64; to_dtype converts");
    /// ```
    #[cold]
    pub fn wrong_dtype(op: &str, got: DType, expected: DType) -> Error {
        Error::new(ErrorKind::DType, format!("{op}: dtype is {got}, expected {expected}; to_dtype converts"))
    }

    /// A shape that no tensor can have.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Error;
    /// let error = Error::too_large("zeros", &[usize::MAX, 2]);
    /// assert!(error.to_string().starts_with("zeros: shape [18446744073709551615, 2] is too large"));
    /// ```
    #[cold]
    pub fn too_large(op: &str, shape: &[usize]) -> Error {
        let limit = "at most 64 dimensions, and no more bytes than memory holds";
        Error::new(ErrorKind::TooLarge, format!("{op}: shape {} is too large ({limit})", Shape::from(shape)))
    }

    /// A file that could not be read or written.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Error;
    /// let error = Error::file("model.safetensors".as_ref(), "no such file");
    /// assert_eq!(error.to_string(), "model.safetensors: no such file");
    /// ```
    #[cold]
    pub fn file(path: &Path, reason: impl Display) -> Error {
        Error::new(ErrorKind::Io, format!("{}: {reason}", path.display()))
    }

    /// An error that a user's own code returned, passed through if it is one of this library's.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Error;
    /// let error = Error::user("out of paper");
    /// assert_eq!(error.to_string(), "out of paper");
    /// ```
    #[cold]
    pub fn user(error: impl Into<BoxError>) -> Error {
        match error.into().downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => {
                let mut error = Error::new(ErrorKind::User, other.to_string());
                error.0.source = Some(other.into());
                error
            }
        }
    }
}

/// `writeln!(file, ..)?` in a function that returns this error, a callback's for example.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::new(ErrorKind::Io, error.to_string()).with_source(error)
    }
}

/// `writeln!(text, ..)?` into a `String`.
impl From<std::fmt::Error> for Error {
    fn from(error: std::fmt::Error) -> Error {
        Error::user(error)
    }
}

/// Sentences of the core's own operations.
impl Error {
    /// Shapes that do not broadcast; `from_end` is the outermost dimension that disagrees, counted from the end.
    #[cold]
    pub(crate) fn broadcast(op: &str, a: &[usize], b: &[usize], from_end: usize) -> Error {
        let size = |shape: &[usize]| shape.len().checked_sub(from_end).map_or(1, |d| shape[d]);
        let (x, y) = (size(a), size(b));
        let which = format!("{x} ≠ {y} in dimension −{from_end} (counted from the end)");
        Error::new(ErrorKind::Shape, format!("{op}: shapes {a:?} and {b:?} do not broadcast: {which}"))
    }

    /// A matrix product whose inner sizes differ.
    #[cold]
    pub(crate) fn inner_sizes(op: &str, a: &[usize], b: &[usize], left: usize, right: usize) -> Error {
        let text = format!("{op}: inner dimensions differ: {a:?} × {b:?} ({left} ≠ {right})");
        Error::new(ErrorKind::Shape, text)
    }

    /// A dimension the tensor does not have.
    #[cold]
    pub(crate) fn dim(op: &str, dim: isize, shape: &[usize]) -> Error {
        let range = match shape.len() {
            0 => "a scalar has dim 0 and −1 only".into(),
            n => format!("−{n} to {}", n - 1),
        };
        Error::new(ErrorKind::Dim, format!("{op}: dim {dim} is out of range for shape {shape:?} ({range})"))
    }

    /// A dimension whose elements count; a scalar has none.
    #[cold]
    pub(crate) fn no_dim(op: &str, dim: isize) -> Error {
        let why = "here a scalar has no dim";
        Error::new(ErrorKind::Dim, format!("{op}: dim {dim} is out of range for shape [] ({why})"))
    }

    /// An index outside its dimension; `position` is its place in the index tensor, in row-major order.
    #[cold]
    pub(crate) fn index(op: &str, index: i64, position: usize, dim: usize, shape: &[usize]) -> Error {
        let place = format!("index {index} at position {position}");
        Error::new(ErrorKind::Index, format!("{op}: {place} is out of range for dim {dim} of shape {shape:?}"))
    }

    /// A value that no gradient can reach.
    #[cold]
    pub(crate) fn not_tracked(op: &str, dtype: DType, shape: &[usize]) -> Error {
        let why = "nothing it was computed from requires gradients, or recording was off, as in no_grad and in \
                   pull-backs (enable_grad switches it on)";
        Error::new(ErrorKind::Tape, format!("{op}: the {dtype} tensor of shape {shape:?} is not tracked: {why}"))
    }
}
