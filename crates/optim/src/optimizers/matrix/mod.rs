//! Steps from the rows and columns of a gradient that is a matrix.

mod adafactor;
mod muon;

pub use adafactor::Adafactor;
pub use muon::{AdjustLr, Muon};

register![Adafactor, Muon];
