//! Tensors, a tape of differentiable operations, and gradient checks: the core of `wengert`.
//!
//! A tensor is an immutable value; an operation computes a new value and, if its derivative can be asked for, writes
//! one node on the tape. `backward` walks the tape backwards and returns the gradients.
//!
//! ```
//! use autograd_core::{Tensor, grad};
//!
//! let x = Tensor::from(2.0).requires_grad();
//! let y = x.powf(3.0);
//! let dy = grad(&y, &[&x])?;          // 3 x²
//! let ddy = grad(&dy[0], &[&x])?;     // 6 x
//! assert_eq!((dy[0].item::<f32>()?, ddy[0].item::<f32>()?), (12.0, 12.0));
//! # Ok::<(), autograd_core::Error>(())
//! ```
//!
//! The folders, each of which uses only those before it: `kernels` (arithmetic), `tensor` (values), `tape` (the record
//! of operations, and the backward walk), `ops` (the operations), `functional`, `gradcheck` and `module`.

mod description;
mod error;
mod functional;
pub mod gradcheck;
mod kernels;
pub mod module;
mod ops;
mod shape;
mod storage;
mod tape;
mod tensor;
mod threads;

pub use description::Description;
pub use error::{BoxError, Error, ErrorKind, Result};
pub use functional::{grad, grad_with, hessian, hvp, jacobian, jvp, vjp};
pub use gradcheck::gradcheck;
pub use ops::custom::custom;
pub use ops::reduce::dims::{ReduceDims, keep};
pub use shape::Shape;
pub use tape::{
    Backward, Gradients, Graph, GraphNode, NodeId, Pull, Pullback, Saved, detect_anomaly, graph, is_recording, no_grad,
    record_custom,
};
pub use tensor::{DType, Element, Nested, Tensor};

/// Checks of arguments that return what they prove: for operations, layers and losses.
pub mod check {
    pub use crate::ops::check::Check;
    pub use crate::tensor::Float;
}

/// For writing optimizers: one element of an update rule, run over whole tensors by [`Tensor::update`], and numbers
/// that all elements contribute to ([`Tensor::fold`]).
pub mod update {
    pub use crate::kernels::fold::FoldRule;
    pub use crate::kernels::number::Number;
    pub use crate::kernels::real::Real;
    pub use crate::kernels::update::ElementRule;
}

/// The memory that tensors hold.
pub mod memory {
    pub use crate::tensor::pool::{Stats, stats, trim};
}

/// The generator that examples and tests use: ChaCha with 8 rounds, whose numbers are the same on every machine and in
/// every version.
pub type SeededRng = rand::rngs::ChaCha8Rng;

/// A random generator that gives the same numbers for the same seed.
pub fn seeded(seed: u64) -> SeededRng {
    rand::SeedableRng::seed_from_u64(seed)
}
