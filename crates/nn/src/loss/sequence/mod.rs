//! Losses of sequences.

mod ctc;
mod rnnt;

pub use ctc::{CtcLoss, ctc_loss};
pub use rnnt::{RnntLoss, rnnt_loss};

use autograd_core::{Error, ErrorKind, Result};

/// An error unless there is one length for each sample, none above `most`.
fn lengths(op: &'static str, name: &str, lengths: &[usize], samples: usize, most: usize) -> Result<()> {
    if lengths.len() != samples {
        let text = format!("{op}: there are {} {name} for {samples} samples", lengths.len());
        return Err(Error::new(ErrorKind::Shape, text));
    }
    match lengths.iter().position(|length| *length > most) {
        None => Ok(()),
        Some(n) => {
            let text = format!("{op}: {name} of sample {n} is {}, it must be at most {most}", lengths[n]);
            Err(Error::new(ErrorKind::Argument, text))
        }
    }
}

/// An error if a length is 0.
fn at_least_1(op: &'static str, what: &str, lengths: &[usize]) -> Result<()> {
    match lengths.iter().position(|length| *length == 0) {
        None => Ok(()),
        Some(n) => {
            let text = format!("{op}: {what} of sample {n} is 0, it must be at least 1");
            Err(Error::new(ErrorKind::Argument, text))
        }
    }
}
