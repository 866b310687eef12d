//! Steps from the rows and columns of a gradient that is a matrix.

mod adafactor;
mod galore;
mod muon;

pub use adafactor::Adafactor;
pub use galore::GaLore;
pub use muon::{AdjustLr, Muon};

register![Adafactor, Muon, GaLore];
