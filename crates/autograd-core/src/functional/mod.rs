//! Derivatives as functions: differentiable gradients, products with Jacobians and Hessians, and the whole matrices.
//!
//! They are recorded like operations: where an input, or what the function has captured, is tracked, so are the
//! results, and one function inside another gives derivatives of derivatives.

mod again;
mod checkpoint;
mod ggnvp;
mod grad;
mod hessian;
mod jacobian;
mod jvp;
mod linearize;
mod list;
mod per_sample;
mod point;
mod root;
mod solver;
mod value_and_grad;

pub use checkpoint::{checkpoint, checkpoint_with};
pub use ggnvp::ggnvp;
pub use grad::{grad, grad_with, vjp};
pub use hessian::{hessian, hvp, vhp};
pub use jacobian::jacobian;
pub use jvp::jvp;
pub use linearize::{LinearMap, linearize};
pub use list::TensorList;
pub use per_sample::per_sample_grads;
pub use root::{Implicit, custom_root, fixed_point};
pub use value_and_grad::value_and_grad;

use linearize::Linearized;
use point::{Point, at};

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::Tensor;

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

/// What is differentiated must be a single number.
fn single(op: &'static str, y: &Tensor) -> Result<()> {
    if y.numel() == 1 { Ok(()) } else { Err(Error::shape(op, "the value", y.shape(), "a single number")) }
}

/// The gradients that were found, and zeros where nothing flows.
fn or_zeros(found: Vec<Option<Tensor>>, xs: &[Tensor]) -> Vec<Tensor> {
    found.into_iter().zip(xs).map(|(g, x)| g.unwrap_or_else(|| x.detach().zeros_like())).collect()
}
