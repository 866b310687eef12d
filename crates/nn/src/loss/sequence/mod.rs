//! Losses of sequences.

mod ctc;
mod lengths;
mod rnnt;

pub use ctc::{CtcLoss, ctc_loss};
pub use lengths::Lengths;
pub use rnnt::{RnntLoss, rnnt_loss};
