//! A stand-in for the core's error until it lands.
#![allow(missing_docs, dead_code)]
use autograd_core::DType;
use std::fmt::{self, Debug, Display};
use std::path::Path;
pub use wengert_data::{BoxError, ErrorKind};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, PartialEq)]
pub struct Error(wengert_data::Error);

impl Error {
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Error {
        Error(wengert_data::Error::new(kind, text))
    }
    pub fn argument(op: &str, name: &str, value: impl Debug, must: impl Display) -> Error {
        Error(wengert_data::Error::argument(op, name, value, must))
    }
    pub fn shape(op: &str, what: &str, got: &[usize], expected: impl Display) -> Error {
        Error(wengert_data::Error::shape(op, what, got, expected))
    }
    pub fn not_float(op: &str, dtype: DType) -> Error {
        Error(wengert_data::Error::not_float(op, dtype))
    }
    pub fn file(path: &Path, reason: impl Display) -> Error {
        Error(wengert_data::Error::file(path, reason))
    }
    pub fn user(error: impl Into<BoxError>) -> Error {
        Error(wengert_data::Error::user(error))
    }
    pub fn context(self, text: impl Display) -> Error {
        Error(self.0.context(text))
    }
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }
}
impl From<autograd_core::Error> for Error {
    fn from(e: autograd_core::Error) -> Error {
        Error(e.into())
    }
}
impl From<wengert_data::Error> for Error {
    fn from(e: wengert_data::Error) -> Error {
        Error(e)
    }
}
impl From<wengert_nn::Error> for Error {
    fn from(e: wengert_nn::Error) -> Error {
        Error::new(ErrorKind::Shape, e.to_string())
    }
}
impl From<wengert_optim::Error> for Error {
    fn from(e: wengert_optim::Error) -> Error {
        Error::new(ErrorKind::Argument, e.to_string())
    }
}
impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}
impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}
impl std::error::Error for Error {}

pub(crate) fn misfit(problems: Vec<autograd_core::module::StateProblem>) -> Error {
    let mismatch = autograd_core::module::StateMismatch { problems };
    Error::new(ErrorKind::State, autograd_core::Error::State(Box::new(mismatch)).to_string())
}
