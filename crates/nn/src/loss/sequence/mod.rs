//! Losses of sequences.

mod ctc;

pub use ctc::{CtcLoss, ctc_loss};
