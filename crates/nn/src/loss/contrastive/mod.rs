//! Losses of the pairs of a batch: alike where their labels are equal.

mod circle;
mod nt_xent;
mod pairs;

pub use circle::{CircleLoss, circle_loss};
pub use nt_xent::{NtXentLoss, nt_xent_loss};
