//! What can go wrong in a network: an error of the core, and where in the tree it happened.

/// The result of a layer or a loss.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a layer or a loss.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation failed on its arguments.
    #[error(transparent)]
    Core(#[from] autograd_core::Error),
    /// A layer inside another one failed. In a box, to keep results small.
    #[error("{0}")]
    In(Box<Within>),
}

/// What went wrong in a layer inside another one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("in {path} ({layer}): {error}")]
#[non_exhaustive]
pub struct Within {
    /// Where the layer is, as in the names of its parameters.
    pub path: String,
    /// What kind of layer it is.
    pub layer: String,
    /// What went wrong there.
    pub error: autograd_core::Error,
}

impl Error {
    /// This error, told from one level further out: it happened in the part called `name`, a layer of kind `layer`.
    ///
    /// ```
    /// use wengert_nn::Error;
    /// let error = Error::from(autograd_core::Error::argument("pad", "width", -1, "at least 0"));
    /// let error = error.inside("2", "Pad").inside("encoder", "Sequential");
    /// assert_eq!(error.to_string(), "in encoder.2 (Pad): pad: width is -1, it must be at least 0");
    /// ```
    pub fn inside(self, name: impl std::fmt::Display, layer: &str) -> Error {
        match self {
            Error::Core(error) => Error::In(Box::new(Within { path: name.to_string(), layer: layer.into(), error })),
            Error::In(mut within) => {
                within.path = format!("{name}.{}", within.path);
                Error::In(within)
            }
        }
    }

    /// What went wrong, without the place.
    pub fn into_core(self) -> autograd_core::Error {
        match self {
            Error::Core(error) => error,
            Error::In(within) => within.error,
        }
    }
}

/// The text, not the fields: it is what a program prints that returns the error from `main` or unwraps it.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
