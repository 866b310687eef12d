//! Activation functions of neural networks.

pub(crate) mod elu;
pub(crate) mod gelu;
mod glu;
mod hardsigmoid;
mod hardswish;
mod hardtanh;
pub(crate) mod leaky_relu;
mod logsigmoid;
mod mish;
mod prelu;
pub(crate) mod relu;
mod rrelu;
mod shrink;
pub(crate) mod sigmoid;
pub(crate) mod silu;
pub(crate) mod softplus;
mod softsign;
mod squareplus;
mod tanhshrink;
mod threshold;
