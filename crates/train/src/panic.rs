//! A panic as an error.

use autograd_core::{Error, ErrorKind};
use std::any::Any;

/// The error with the message of a panic.
pub(crate) fn error_of(panic: &(dyn Any + Send)) -> Error {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    Error::new(ErrorKind::User, format!("a panic: {message}"))
}
