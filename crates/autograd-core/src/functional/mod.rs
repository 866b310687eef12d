//! Derivatives as functions: differentiable gradients, products with Jacobians and Hessians, and the whole matrices.

mod grad;
mod hessian;
mod jacobian;
mod jvp;

pub use grad::{grad, grad_with, vjp};
pub use hessian::{hessian, hvp};
pub use jacobian::jacobian;
pub use jvp::jvp;

use crate::tensor::Tensor;

/// Fresh leaves with the values of `inputs`.
fn leaves(inputs: &[&Tensor]) -> Vec<Tensor> {
    inputs.iter().map(|x| x.detach().requires_grad()).collect()
}
