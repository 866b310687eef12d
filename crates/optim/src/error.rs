//! What can go wrong while training, with everything needed to mend it.

use autograd_core::{DType, Shape, Tensor};
use std::fmt;

/// The result of an optimizer, a schedule or a clip that can fail on its arguments.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate. Every variant names the optimizer and the parameter, group or key at fault.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the core; hyperparameters outside their range are its `Argument`.
    #[error(transparent)]
    Core(#[from] autograd_core::Error),
    /// A gradient, or state that was made for something else, whose dtype or shape does not fit the parameter.
    #[error("{0}")]
    Misfit(Box<Misfit>),
    /// A number in a state dict that cannot be what its name says.
    #[error("{optimizer}: the state {key:?} is {value}, it must be {must}; nothing was loaded")]
    StateValue {
        /// The optimizer.
        optimizer: &'static str,
        /// The state's name.
        key: String,
        /// What stands there.
        value: String,
        /// What could stand there.
        must: &'static str,
    },
    /// State of a parameter that the model does not have.
    #[error("{optimizer}: there is state for {parameter:?}, but the model has no such parameter")]
    UnknownParameter {
        /// The optimizer.
        optimizer: &'static str,
        /// The parameter's name.
        parameter: String,
    },
    /// Two parameters with one name: their states could not be told apart.
    #[error("{optimizer}: two parameters are called {parameter:?}")]
    DuplicateParameter {
        /// The optimizer.
        optimizer: &'static str,
        /// The name.
        parameter: String,
    },
    /// A parameter group that no parameter belongs to.
    #[error("{optimizer}: no parameter of the model belongs to the group {group}")]
    EmptyGroup {
        /// The optimizer.
        optimizer: &'static str,
        /// The group's prefix, or its number.
        group: String,
    },
    /// A rule that works on another number of state tensors than it asked for.
    #[error("{optimizer}: the rule updates {got} state tensors, its slots are {expected}")]
    SlotCount {
        /// The optimizer.
        optimizer: &'static str,
        /// How many its formula takes.
        got: usize,
        /// How many it has.
        expected: usize,
    },
    /// A model that visits its parameters in another order each time.
    #[error("{optimizer}: the model does not visit its parameters in the same order twice")]
    UnstableOrder {
        /// The optimizer.
        optimizer: &'static str,
    },
}

/// A tensor of another dtype or shape than its parameter needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// The optimizer.
    pub optimizer: &'static str,
    /// `the gradient of` or `the state`.
    pub what: &'static str,
    /// The parameter's name, or that of its state.
    pub name: String,
    /// Dtype and shape of the tensor.
    pub got: (DType, Shape),
    /// Dtype and shape that fit.
    pub expected: (DType, Shape),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit { optimizer, what, name, got, expected } = self;
        write!(f, "{optimizer}: {what} {name:?} is {} {}, ", got.0, got.1)?;
        write!(f, "the parameter needs {} {}", expected.0, expected.1)
    }
}

impl Error {
    pub(crate) fn misfit(
        optimizer: &'static str,
        what: &'static str,
        name: String,
        got: &Tensor,
        expected: &Tensor,
    ) -> Error {
        let kind = |x: &Tensor| (x.dtype(), x.shape().into());
        Error::Misfit(Box::new(Misfit { optimizer, what, name, got: kind(got), expected: kind(expected) }))
    }
}

/// An error unless `ok`: the argument `name` of `op` has a value outside its range.
pub(crate) fn require(
    ok: bool,
    op: &'static str,
    name: &'static str,
    value: impl std::fmt::Debug,
    must: &'static str,
) -> Result<()> {
    if ok { Ok(()) } else { Err(autograd_core::Error::argument(op, name, value, must).into()) }
}

/// An error unless `value` is finite and at least 0.
pub(crate) fn require_non_negative(op: &'static str, name: &'static str, value: f64) -> Result<()> {
    require(value >= 0.0 && value.is_finite(), op, name, value, "finite and at least 0")
}

/// The text, not the fields: it is what a program prints that returns the error from `main` or unwraps it.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<Error> for autograd_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Core(error) => error,
            error => autograd_core::Error::user(error),
        }
    }
}
