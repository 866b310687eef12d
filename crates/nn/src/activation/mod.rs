//! Activations as layers, one a file: element by element, or (softmax) along one dimension.

mod gelu;
mod identity;
mod leaky_relu;
mod log_softmax;
mod prelu;
mod relu;
mod sigmoid;
mod silu;
mod softmax;
mod softplus;
mod tanh;

pub use gelu::{Approximate, GELU};
pub use identity::Identity;
pub use leaky_relu::LeakyReLU;
pub use log_softmax::LogSoftmax;
pub use prelu::PReLU;
pub use relu::ReLU;
pub use sigmoid::Sigmoid;
pub use silu::SiLU;
pub use softmax::Softmax;
pub use softplus::Softplus;
pub use tanh::Tanh;
