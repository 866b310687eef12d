//! The way from a function of numbers to the tensor of its values.

use crate::error::Result;
use crate::kernels::elementwise::function::Compiled;
use crate::kernels::elementwise::zip::{zip, zip_flat};
use crate::kernels::nest::Nest;
use crate::ops::check::Check;
use crate::shape::{Shape, strides_in};
use crate::tensor::{Stored, Tensor};

/// `z = f(x)` of operands that are broadcast to a common shape; not recorded.
///
/// # Errors
/// If the shapes do not broadcast or there is no memory for the result.
pub(super) fn map<A: Stored, O: Stored, const N: usize>(
    op: &'static str,
    f: Compiled<N, A, O>,
    x: [&Tensor; N],
) -> Result<Tensor> {
    map_in(op, f, common_shape(op, x)?, x)
}

/// The shape that all operands broadcast to; none if they all are alike.
///
/// # Errors
/// If there is no such shape.
#[inline]
pub(super) fn common_shape<const N: usize>(op: &'static str, x: [&Tensor; N]) -> Result<Option<Shape>> {
    if x[1..].iter().all(|other| x[0].is_like(other)) {
        return Ok(None);
    }
    let mut shape = Check(op).broadcast(x[0].shape(), x[1].shape())?;
    for other in &x[2..] {
        shape = Check(op).broadcast(&shape, other.shape())?;
    }
    Ok(Some(shape))
}

/// `z = f(x)` in a shape that all operands broadcast to, or in the shape that all of them have.
///
/// # Errors
/// If there is no memory for the result.
pub(super) fn map_in<A: Stored, O: Stored, const N: usize>(
    op: &'static str,
    f: Compiled<N, A, O>,
    shape: Option<Shape>,
    x: [&Tensor; N],
) -> Result<Tensor> {
    if shape.is_none() && x.iter().all(|x| x.is_contiguous()) {
        return Tensor::compute::<O, N>(op, x[0].shape(), x, move |x, z| zip_flat(f, x.map(|x| x.flat()), z));
    }
    let shape = shape.as_deref().unwrap_or(x[0].shape());
    let strides = x.map(|x| strides_in(x.layout(), shape));
    let nest = Nest::new(shape, strides.each_ref().map(|strides| &strides[..]));
    Tensor::compute::<O, N>(op, shape, x, move |x, z| zip(f, &nest, x.map(|x| x.strided()), z))
}
