//! Activations as layers: element by element, or (softmax) along one dimension.
//!
//! `plain.rs` lists those without options; each of the others has a file.

mod gelu;
mod leaky_relu;
mod log_softmax;
mod plain;
mod prelu;
mod softmax;
mod softplus;

pub use gelu::{Approximate, GELU};
pub use leaky_relu::LeakyReLU;
pub use log_softmax::LogSoftmax;
pub use plain::{Identity, ReLU, SiLU, Sigmoid, Tanh};
pub use prelu::{PReLU, PReLUOptions};
pub use softmax::Softmax;
pub use softplus::Softplus;
