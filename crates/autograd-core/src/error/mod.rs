//! The one error of all crates: a kind, a place and a sentence.

mod sentences;

use std::fmt;
use std::sync::Arc;

/// The result of anything that can fail on its arguments.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error: what a user's own code may return where this library calls it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error: one word, so a `Result<Tensor>` travels in registers.
///
/// Its text is a sentence with everything needed to mend the mistake: the operation, all shapes, the offending number,
/// index, key or path, and the place in the model or the run. Programs branch on [`Error::kind`].
///
/// ```
/// use autograd_core::{ErrorKind, Tensor};
/// let error = Tensor::from([1.0, 2.0]).try_add(&Tensor::from([1.0, 2.0, 3.0])).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Shape);
/// let error = error.inside("linear1", "Linear").inside("encoder", "Encoder");
/// assert_eq!(error.place(), "encoder.linear1");
/// assert!(error.to_string().starts_with("in encoder.linear1 (Linear): add: shapes [2] and [3] do not broadcast"));
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

/// The kinds of mistake that an [`Error`] reports.
///
/// # Examples
/// ```
/// use autograd_core::{ErrorKind, Tensor};
/// let error = Tensor::from([1.0, 2.0]).select(0, 5).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Index);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A shape does not fit, alone or together with another.
    Shape,
    /// A dtype does not fit, alone or together with another.
    DType,
    /// A tensor does not have such a dimension.
    Dim,
    /// An index is outside its dimension, or a sample outside its dataset.
    Index,
    /// A number or an option is outside its range, or does not go together with another.
    Argument,
    /// A shape has more dimensions, elements or bytes than a tensor can have.
    TooLarge,
    /// The tape cannot do what was asked: the value is not tracked, takes no part, or its graph has been freed.
    Tape,
    /// An operation has no second derivative.
    NoDerivative,
    /// A captured function does what a replay could not, or does something else than it did.
    Capture,
    /// A gradient is missing, does not fit, or differs from finite differences.
    Gradient,
    /// A NaN or an infinity where there must be a number.
    NotFinite,
    /// A saved state does not fit what it is loaded into.
    State,
    /// A dataset does not hold what is needed.
    Data,
    /// The contents of a file are not what they should be.
    Format,
    /// A file could not be read or written.
    Io,
    /// The user's own code, called by this library, returned the error.
    User,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    /// The part of the run, outermost first: `epoch 3, train batch 2`.
    context: String,
    /// The path in the model, and the kind of layer at its end.
    place: String,
    layer: String,
    text: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// Ends an operation that returns a plain value and yet cannot give one: a sum by `+` of shapes that do not broadcast,
/// an `exp` for which there is no memory. It panics with the text that the fallible form of the operation returns.
#[cold]
#[track_caller]
pub(crate) fn refuse(error: &Error) -> ! {
    panic!("{error}")
}

impl Error {
    /// An error with a sentence of its own, which begins with the operation: `cat: needs at least one tensor`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Argument, "roll: there is nothing to roll");
    /// assert_eq!(error.to_string(), "roll: there is nothing to roll");
    /// ```
    #[cold]
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Error {
        let (context, place, layer) = Default::default();
        Error(Box::new(Inner { kind, context, place, layer, text: text.into(), source: None }))
    }

    /// The same error with the structured error behind its sentence, for [`Error::detail`] and `source()`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, ErrorKind};
    /// let cause = "x".parse::<f64>().unwrap_err();
    /// let error = Error::new(ErrorKind::Format, "line 3: not a number").with_source(cause.clone());
    /// assert_eq!(error.detail(), Some(&cause));
    /// ```
    #[must_use]
    #[cold]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The kind of mistake.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{ErrorKind, Tensor};
    /// assert_eq!(Tensor::from(1.0).select(0, 0).unwrap_err().kind(), ErrorKind::Dim);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The path of the layer that failed, `encoder.2.linear1`; empty where no layer did.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Shape, "linear: no").inside("output", "Linear");
    /// assert_eq!(error.place(), "output");
    /// ```
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// The structured error behind the sentence, or behind that one and so on, if one of them is a `T`: a
    /// [`StateMismatch`](crate::module::StateMismatch), a [`Mismatch`](crate::gradcheck::Mismatch).
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Tensor, module::{Module, Param, StateDict, StateMismatch, StateProblem}};
    /// let mut param = Param::new(Tensor::from(1.0))?;
    /// let error = param.load_state_dict(&StateDict::new()).unwrap_err();
    /// let mismatch = error.detail::<StateMismatch>().expect("the keys do not fit");
    /// assert_eq!(mismatch.problems, [StateProblem::Missing("".into())]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn detail<T: std::error::Error + 'static>(&self) -> Option<&T> {
        let first = self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static));
        std::iter::successors(first, |error| error.source()).find_map(|error| error.downcast_ref())
    }

    /// The same error seen from one level further out: it happened in the part called `name`, a layer of kind `layer`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Shape, "linear: no").inside("output", "Linear");
    /// assert_eq!(error.to_string(), "in output (Linear): linear: no");
    /// ```
    #[must_use]
    #[cold]
    pub fn inside(mut self, name: impl fmt::Display, layer: &str) -> Error {
        if self.0.place.is_empty() {
            (self.0.place, self.0.layer) = (name.to_string(), layer.into());
        } else {
            self.0.place = format!("{name}.{}", self.0.place);
        }
        self
    }

    /// The same error with the part of the run it happened in: `epoch 3, train batch 2`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::NotFinite, "the loss is NaN").context("epoch 3");
    /// assert_eq!(error.to_string(), "epoch 3: the loss is NaN");
    /// ```
    #[must_use]
    #[cold]
    pub fn context(mut self, context: impl fmt::Display) -> Error {
        let inner = &mut self.0.context;
        *inner = if inner.is_empty() { context.to_string() } else { format!("{context}: {inner}") };
        self
    }
}

/// Two errors are equal if they say the same.
impl PartialEq for Error {
    fn eq(&self, other: &Error) -> bool {
        self.0.kind == other.0.kind && self.to_string() == other.to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { context, place, layer, text, .. } = &*self.0;
        if !context.is_empty() {
            write!(f, "{context}: ")?;
        }
        if !place.is_empty() {
            write!(f, "in {place} ({layer}): ")?;
        }
        f.write_str(text)
    }
}

/// The text, not the fields: a program that returns the error from `main` or unwraps it prints this.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
