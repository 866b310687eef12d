//! Layers, losses and initialisers.
//!
//! A layer is a [`Module`](autograd_core::module::Module) (a named tree of parameters) with a `forward`. Layers and
//! losses are compositions of the core's differentiable operations: there is no hand-written derivative here, but for
//! the clamp of `RnntLoss`. Names, defaults and weight layouts are PyTorch's.
//!
//! ```
//! use autograd_core::{Tensor, module::Module, seeded};
//! use wengert_nn::{Layer, Linear, ReLU, cross_entropy, sequential};
//!
//! let mut rng = seeded(7);
//! let model = sequential![Linear::new(2, 8, &mut rng)?, ReLU, Linear::new(8, 3, &mut rng)?];
//! let x = Tensor::from([[0.5, -1.0], [2.0, 0.1]]);
//! let loss = cross_entropy(&model.forward(&x)?, &Tensor::from([0, 2]))?;
//! let gradients = loss.backward()?;
//! assert_eq!(gradients.len(), model.parameters().len());
//! assert_eq!(model.named_parameters()[2].0, "2.weight");
//! # Ok::<(), wengert_nn::Error>(())
//! ```

#![forbid(unsafe_code)]

#[cfg(test)]
#[macro_use]
mod cases;

pub mod activation;
mod checkpoint;
mod diagnose;
mod functional;
pub mod gradcheck;
mod hooks;
pub mod init;
mod kinds;
mod layer;
pub mod layers;
pub mod loss;
mod observe;
mod summary;

pub use activation::*;
/// Types of the core that options of layers take.
#[doc(no_inline)]
pub use autograd_core::{Bag, InterpolateMode, PadMode, Padding, PerDim};
pub use autograd_core::{Error, ErrorKind, Result};
pub use checkpoint::checkpoint;
pub use diagnose::{Ailment, Diagnosis, Doctor, ParameterRow, UnitsRow, diagnose, diagnose_run};
pub use functional::functional_call;
pub use hooks::{Hooked, LayerCall};
pub use layer::{DynLayer, Layer, inputs};
pub use layers::*;
pub use loss::*;
pub use summary::{Row, Summary, summary, summary_of, summary_with};
pub use wengert_derive::Module;
