//! A stand-in for the core's error until it lands.
#![allow(missing_docs, dead_code)]
use autograd_core::DType;
use std::fmt::{self, Debug, Display};
use std::path::Path;

pub type Result<T, E = Error> = std::result::Result<T, E>;
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    Shape,
    DType,
    Dim,
    Index,
    Argument,
    TooLarge,
    Tape,
    NoDerivative,
    Gradient,
    NotFinite,
    State,
    Data,
    Format,
    Io,
    User,
}

#[derive(Clone, PartialEq)]
pub struct Error(Box<(ErrorKind, String)>);

impl Error {
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Error {
        Error(Box::new((kind, text.into())))
    }
    pub fn argument(op: &str, name: &str, value: impl Debug, must: impl Display) -> Error {
        Error::new(ErrorKind::Argument, format!("{op}: {name} is {value:?}, it must be {must}"))
    }
    pub fn shape(op: &str, what: &str, got: &[usize], expected: impl Display) -> Error {
        Error::new(ErrorKind::Shape, format!("{op}: {what} has shape {got:?}, expected {expected}"))
    }
    pub fn not_float(op: &str, dtype: DType) -> Error {
        Error::new(ErrorKind::DType, format!("{op}: dtype is {dtype}, expected F32 or F64; to_dtype converts"))
    }
    pub fn file(path: &Path, reason: impl Display) -> Error {
        Error::new(ErrorKind::Io, format!("{}: {reason}", path.display()))
    }
    pub fn user(error: impl Into<BoxError>) -> Error {
        Error::new(ErrorKind::User, error.into().to_string())
    }
    pub fn with_source(self, _: impl std::error::Error + Send + Sync + 'static) -> Error {
        self
    }
    pub fn context(self, text: impl Display) -> Error {
        Error::new(self.kind(), format!("{text}: {self}"))
    }
    pub fn kind(&self) -> ErrorKind {
        self.0.0
    }
}

impl From<autograd_core::Error> for Error {
    fn from(e: autograd_core::Error) -> Error {
        let kind = match e {
            autograd_core::Error::TooLarge { .. } => ErrorKind::TooLarge,
            _ => ErrorKind::Shape,
        };
        Error::new(kind, e.to_string())
    }
}
impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.1)
    }
}
impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}
impl std::error::Error for Error {}

pub(crate) fn misfit(problems: Vec<autograd_core::module::StateProblem>) -> Error {
    let mismatch = autograd_core::module::StateMismatch { problems };
    Error::new(ErrorKind::State, autograd_core::Error::State(Box::new(mismatch)).to_string())
}
