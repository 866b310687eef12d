//! Losses of sequences.

mod ctc;
mod lengths;
mod rnnt;

pub use ctc::{CtcLoss, ctc_loss};
pub use rnnt::{RnntLoss, rnnt_loss};
