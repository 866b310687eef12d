//! Derivatives as functions: differentiable gradients, products with Jacobians and Hessians, and the whole matrices.

mod grad;
mod hessian;
mod jacobian;
mod jvp;

pub use grad::{grad, grad_with, vjp};
pub use hessian::{hessian, hvp};
pub use jacobian::jacobian;
pub use jvp::jvp;

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

/// Fresh leaves with the values of `inputs`, which must be floats: others have no derivative, and zeros would hide that.
fn leaves(op: &'static str, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
    let leaf = |x: &&Tensor| Check(op).float(x).map(|_| x.detach().requires_grad());
    inputs.iter().map(leaf).collect()
}

/// One tangent for each input, of its shape and dtype.
fn fits(op: &'static str, inputs: &[&Tensor], tangents: &[&Tensor]) -> Result<()> {
    if inputs.len() != tangents.len() {
        let text = format!("{op}: there are {} tangents for {} inputs", tangents.len(), inputs.len());
        return Err(Error::new(ErrorKind::Argument, text));
    }
    for (x, tangent) in inputs.iter().zip(tangents) {
        Check(op).same_dtype(x, tangent)?;
        Check(op).is("a tangent", tangent, x.shape())?;
    }
    Ok(())
}
