//! Optimizers, learning-rate schedules and gradient clipping.
//!
//! An optimizer is its hyperparameters and one formula ([`Rule`]); the [`Driver`] does everything else: it walks the
//! model, knows parameter groups, missing gradients, step counts and saved state. `Adam` is `Driver<AdamRule>`.
//!
//! ```
//! use autograd_core::{Tensor, module::Param};
//! use wengert_optim::{Optimizer, Sgd};
//!
//! let mut x = Param::new(Tensor::from([3.0, -2.0]));
//! let mut sgd = Sgd::new(0.25);
//! let loss = x.square().sum();
//! sgd.step(&mut x, &loss.backward()?)?;              // x − 0.25 · 2x
//! assert_eq!(x.to_vec::<f32>()?, [1.5, -1.0]);
//! # Ok::<(), wengert_optim::Error>(())
//! ```
//!
//! A new optimizer is one file, like `adam.rs`; a new schedule is one file, like `schedule/step.rs`.

#![forbid(unsafe_code)]

mod adam;
mod adamw;
mod clip;
mod driver;
mod error;
mod optimizer;
mod rule;
pub mod schedule;
mod sgd;

pub use adam::{Adam, AdamRule};
pub use adamw::AdamW;
pub use clip::{clip_grad_norm, clip_grad_value};
pub use driver::Driver;
pub use error::{Error, Misfit, Result};
pub use optimizer::{Optimizer, StepReport};
pub use rule::{Rule, Turn};
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdRule};
