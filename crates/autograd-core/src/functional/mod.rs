//! Derivatives as functions: differentiable gradients, products with Jacobians and Hessians, and the whole matrices.

mod grad;
mod hessian;
mod jacobian;
mod jvp;
mod list;

pub use grad::{grad, grad_with, vjp};
pub use hessian::{hessian, hvp};
pub use jacobian::jacobian;
pub use jvp::jvp;
pub use list::TensorList;

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

/// Fresh leaves with the values of `inputs`, which must be floats: others have no derivative, and zeros would hide that.
fn leaves(op: &'static str, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
    let leaf = |x: &&Tensor| Check(op).float(x).map(|_| x.detach().requires_grad());
    inputs.iter().map(leaf).collect()
}

/// The value of `f`, which must be of float type for the same reason.
fn value_of(op: &'static str, f: impl FnOnce(&[Tensor]) -> Result<Tensor>, xs: &[Tensor]) -> Result<Tensor> {
    let y = f(xs)?;
    Check(op).float(&y)?;
    Ok(y)
}

/// A tangent or a cotangent: of the shape and the dtype of the tensor it goes with.
fn fits(op: &'static str, what: &str, vector: &Tensor, x: &Tensor) -> Result<()> {
    Check(op).same_dtype(x, vector)?;
    Check(op).is(what, vector, x.shape())
}

/// One tangent for each input, of its shape and dtype.
fn all_fit(op: &'static str, inputs: &[&Tensor], tangents: &[&Tensor]) -> Result<()> {
    if inputs.len() != tangents.len() {
        let text = format!("{op}: there are {} tangents for {} inputs", tangents.len(), inputs.len());
        return Err(Error::new(ErrorKind::Argument, text));
    }
    inputs.iter().zip(tangents).try_for_each(|(x, tangent)| fits(op, "a tangent", tangent, x))
}
