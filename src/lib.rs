#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use autograd_core as core;
pub use autograd_core::{
    Backward, DType, Error, Gradients, Tensor, custom, detect_anomaly, grad, gradcheck, graph, hessian, hvp, jacobian,
    jvp, no_grad, seeded, tensor, vjp,
};
pub use wengert_data as data;
pub use wengert_nn as nn;
pub use wengert_optim as optim;
pub use wengert_train as train;

pub mod prelude;
