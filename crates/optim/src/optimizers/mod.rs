//! The optimizers, one file each: formula, hyperparameters, references, differences between frameworks.

#[macro_use]
mod register;

mod descent;
mod lbfgs;
mod matrix;
mod moments;
mod polyak;
mod scaled;
mod schedule_free;

pub use descent::*;
pub use lbfgs::{Lbfgs, LineSearch};
pub use matrix::*;
pub use moments::*;
pub use polyak::*;
pub use register::{by_name, optimizer_names};
pub use scaled::*;
pub use schedule_free::*;
