//! The few names that nearly every program uses: `use wengert::prelude::*;`.
//!
//! Traits whose methods are called, the tensor with its literal, and the namespaces [`nn`], [`optim`], [`data`] and
//! [`train`]: `nn::Linear`, `optim::Adam` and `data::KFold` say where they come from, and a new layer takes no name
//! from a program. What is used most besides is at the root (`wengert::Result`, `wengert::seeded`, `wengert::grad`),
//! all else of the core in [`wengert::core`](crate::core).

#[doc(no_inline)]
pub use crate::core::module::{Module, Param};
#[doc(no_inline)]
pub use crate::core::{DType, Rng, RngExt, Tensor, keep, tensor};
#[doc(no_inline)]
pub use crate::data::{self, Dataset, Fit, Splitter, Transform};
#[doc(no_inline)]
pub use crate::nn::{self, Layer, Loss, Module};
#[doc(no_inline)]
pub use crate::optim::{self, Optimizer, Schedule};
#[doc(no_inline)]
pub use crate::train::{self, Callback, Metric};
