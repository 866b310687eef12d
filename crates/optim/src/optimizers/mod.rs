//! The optimizers, one file each: formula, hyperparameters, references, differences between frameworks.

mod adam;
pub use adam::Adam;
mod adamw;
pub use adamw::AdamW;
mod lbfgs;
pub use lbfgs::{Lbfgs, LineSearch};
mod nadam;
pub use nadam::NAdam;
mod rmsprop;
pub use rmsprop::RmsProp;
mod sgd;
pub use sgd::Sgd;
