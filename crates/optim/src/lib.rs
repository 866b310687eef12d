//! Optimizers, schedules of their hyperparameters, and gradient clipping.
//!
//! An optimizer is its hyperparameters and one formula ([`Rule`]); the [`Driver`] does everything else: it walks the
//! model, knows parameter groups, missing gradients, step counts and saved state. [`Adam`] is a name around the driver
//! of its rule.
//!
//! ```
//! use autograd_core::{Tensor, module::Param};
//! use wengert_optim::{Optimizer, Sgd};
//!
//! let mut x = Param::new(Tensor::from([3.0, -2.0]))?;
//! let mut sgd = Sgd::new(0.25);
//! let loss = x.square().sum();
//! sgd.step(&mut x, &loss.backward()?)?;              // x − 0.25 · 2x
//! assert_eq!(x.to_vec::<f32>()?, [1.5, -1.0]);
//! # Ok::<(), autograd_core::Error>(())
//! ```
//!
//! A new optimizer is one file, like `optimizers/moments/adam.rs`; a new schedule is one file, like
//! `schedule/decay/step.rs`.

#![forbid(unsafe_code)]

#[cfg(test)]
#[macro_use]
mod cases;

mod accumulator;
mod average;
mod blend;
mod clip;
mod driver;
mod evaluation;
mod forward;
mod named;
mod noise;
mod norms;
mod optimizer;
mod optimizers;
mod range;
mod rule;
pub mod schedule;
mod turn;
mod wrappers;

pub use accumulator::GradientAccumulator;
pub use autograd_core::{Error, ErrorKind, Result};
pub use average::{AverageStart, Averaged, ExponentialAverage};
pub use clip::*;
pub use driver::{Driver, biases_and_norms};
pub use optimizer::{Objective, Optimizer, StepReport};
pub use optimizers::*;
pub use range::Range;
pub use rule::{Parameters, Rule, See};
pub use schedule::*;
pub use turn::{Decay, Turn};
pub use wrappers::*;
