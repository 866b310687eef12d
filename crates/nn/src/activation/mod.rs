//! Activations as layers: element by element, or (softmax) along one dimension.
//!
//! `plain.rs` lists those without options; each of the others has a file.

mod celu;
mod elu;
mod gelu;
mod glu;
mod hardshrink;
mod hardtanh;
mod leaky_relu;
mod log_softmax;
mod plain;
mod prelu;
mod rrelu;
mod softmax;
mod softmax2d;
mod softmin;
mod softplus;
mod softshrink;
mod sparse_plus;
mod sparse_sigmoid;
mod sparsemax;
mod squared_relu;
mod squareplus;
mod swiglu;
mod threshold;

pub use celu::CELU;
pub use elu::ELU;
pub use gelu::{Approximate, GELU};
pub use glu::GLU;
pub use hardshrink::Hardshrink;
pub use hardtanh::Hardtanh;
pub use leaky_relu::LeakyReLU;
pub use log_softmax::LogSoftmax;
pub use plain::{
    Exponential, Hardsigmoid, Hardswish, Identity, LogSigmoid, Mish, ReLU, ReLU6, SELU, SiLU, Sigmoid, Softsign, Tanh,
    Tanhshrink,
};
pub use prelu::{PReLU, PReLUOptions};
pub use rrelu::RReLU;
pub use softmax::Softmax;
pub use softmax2d::Softmax2d;
pub use softmin::Softmin;
pub use softplus::Softplus;
pub use softshrink::Softshrink;
pub use sparse_plus::SparsePlus;
pub use sparse_sigmoid::SparseSigmoid;
pub use sparsemax::Sparsemax;
pub use squared_relu::SquaredReLU;
pub use squareplus::Squareplus;
pub use swiglu::SwiGLU;
pub use threshold::Threshold;

use autograd_core::check::Check;
use autograd_core::{DType, Result, Tensor};

/// Room for the result of a method of this name, which gives a plain tensor. Of an expanded input it may be larger than
/// memory.
fn has_room(op: &'static str, x: &Tensor) -> Result<()> {
    let dtype = if x.dtype().is_float() { x.dtype() } else { DType::F32 };
    Check(op).room(x.shape(), dtype)
}
