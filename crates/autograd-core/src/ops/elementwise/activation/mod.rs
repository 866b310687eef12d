//! Activation functions of neural networks.

mod elu;
mod gelu;
mod glu;
mod hardsigmoid;
mod hardswish;
mod hardtanh;
mod leaky_relu;
mod logsigmoid;
mod mish;
mod prelu;
mod relu;
mod rrelu;
mod shrink;
pub(super) mod sigmoid;
mod silu;
mod softplus;
mod softsign;
mod squareplus;
mod tanhshrink;
mod threshold;
