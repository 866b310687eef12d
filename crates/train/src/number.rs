//! A loss or a penalty as a number.

use autograd_core::{Error, ErrorKind, Result, Tensor};

/// The value of a loss or a penalty.
pub(crate) fn number(what: &str, value: &Tensor) -> Result<f64> {
    one_float(what, value)?;
    value.to_f64()
}

/// Whether a loss or a penalty is one float; its number is not looked at.
pub(crate) fn one_float(what: &str, value: &Tensor) -> Result<()> {
    if value.rank() == 0 && value.dtype().is_float() {
        return Ok(());
    }
    let (dtype, shape) = (value.dtype(), value.shape());
    let text = format!("the {what} is {dtype} {shape:?}, it must be one float (shape []); reduce it with mean or sum");
    Err(Error::new(ErrorKind::Shape, text))
}
