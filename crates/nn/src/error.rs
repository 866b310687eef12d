//! The error of all crates, under the names that this one uses.

pub use autograd_core::{Error, ErrorKind, Result};
