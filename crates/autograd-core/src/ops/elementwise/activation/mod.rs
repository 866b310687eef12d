//! Activation functions of neural networks.

mod gelu;
mod leaky_relu;
mod prelu;
mod relu;
pub(super) mod sigmoid;
mod silu;
mod softplus;
