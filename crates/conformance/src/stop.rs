//! The reasons why a case ends before everything has been compared.

/// The result of a step of a case.
pub type Outcome<T> = Result<T, Stop>;

/// The reason a case ends early.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The library has no such operation, or no equivalent of an argument. Never depends on a result.
    Unsupported(String),
    /// The library reported an error.
    Refused(String),
    /// A value or gradient is not what it should be.
    Differs(String),
    /// The case cannot be read.
    Malformed(String),
}

impl Stop {
    /// An argument without an equivalent in the library.
    pub fn argument(name: &str, value: impl std::fmt::Display) -> Stop {
        Stop::Unsupported(format!("{name} = {value}"))
    }
}

impl<E: std::error::Error> From<E> for Stop {
    /// Every error of the library is a refusal.
    fn from(error: E) -> Stop {
        Stop::Refused(error.to_string())
    }
}
