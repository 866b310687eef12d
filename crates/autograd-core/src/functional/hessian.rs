//! Second derivatives.

use super::jacobian::rows_of;
use super::{TensorList, all_fit, leaves, or_zeros, single, value_of};
use crate::error::Result;
use crate::tape::{gradients_of, recording};
use crate::tensor::Tensor;

/// The second derivatives of the number `f(inputs)`: entry `[i][j]` has shape `[shape of xᵢ.., shape of xⱼ..]`.
///
/// # Errors
/// If `f` fails or its value is not a single number of float type, an input is not of float type, or an operation on the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, hessian};
/// let x = Tensor::from([1.0, 2.0]);
/// let [[h]] = hessian(|x| x[0].prod(), [&x])?;
/// assert_eq!(h.to_vec::<f32>()?, [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn hessian<L: TensorList>(f: impl FnOnce(&[Tensor]) -> Result<Tensor>, inputs: L) -> Result<L::Of<L::Of<Tensor>>> {
    recording(true, || {
        let (_, xs, first) = first_derivatives("hessian", f, &inputs.tensors())?;
        let rows = first.iter().map(|g| rows_of("hessian", g, &xs, false).map(L::of));
        rows.collect::<Result<_>>().map(L::of)
    })
}

/// Hessian-vector product of the number `f(inputs)`: for each input `Σ H v` over the inputs and their tangents. It
/// takes one more backward walk than the gradient, whatever the size.
///
/// # Errors
/// As for [`hessian`], or if there is not one tangent for each input, of its shape and dtype.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, hvp};
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([10.0, 1.0]));
/// let [hv] = hvp(|x| x[0].prod(), [&x], [&v])?;
/// assert_eq!(hv.to_vec::<f32>()?, [1.0, 10.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn hvp<L: TensorList>(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: L,
    tangents: impl TensorList,
) -> Result<L::Of<Tensor>> {
    products("hvp", f, &inputs.tensors(), &tangents.tensors()).map(|(_, products)| L::of(products))
}

/// Vector-Hessian product: the number `y = f(inputs)`, and for each input `Σ vᵀ H` over the inputs and their cotangents.
/// Since H is symmetric, these are the products of [`hvp`], at the same cost.
///
/// # Errors
/// As for [`hvp`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, vhp};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from(3.0));
/// let (va, vb) = (Tensor::from([1.0, 0.0]), Tensor::from(1.0));
/// let (y, [ha, hb]) = vhp(|x| Ok(x[0].square().try_mul(&x[1])?.sum()), [&a, &b], [&va, &vb])?;
/// assert_eq!((y.to_f64()?, ha.to_vec::<f32>()?, hb.to_f64()?), (15.0, vec![8.0, 4.0], 2.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn vhp<L: TensorList>(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: L,
    cotangents: impl TensorList,
) -> Result<(Tensor, L::Of<Tensor>)> {
    products("vhp", f, &inputs.tensors(), &cotangents.tensors()).map(|(y, products)| (y, L::of(products)))
}

/// The value, and the derivatives of `Σ g v`.
fn products(
    op: &'static str,
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: &[&Tensor],
    vectors: &[&Tensor],
) -> Result<(Tensor, Vec<Tensor>)> {
    recording(true, || {
        all_fit(op, inputs, vectors)?;
        let (y, xs, first) = first_derivatives(op, f, inputs)?;
        let tracked = first.iter().zip(vectors).filter(|(g, _)| g.is_tracked());
        let roots: Vec<(&Tensor, Option<&Tensor>)> = tracked.map(|(g, v)| (g, Some(*v))).collect();
        let found = gradients_of(&roots, &xs.iter().collect::<Vec<_>>(), false)?;
        Ok((y.detach(), or_zeros(found, &xs)))
    })
}

/// The value, the leaves it was computed from, and its gradients, recorded.
fn first_derivatives(
    op: &'static str,
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: &[&Tensor],
) -> Result<(Tensor, Vec<Tensor>, Vec<Tensor>)> {
    let xs = leaves(op, inputs)?;
    let y = value_of(op, f, &xs)?;
    single(op, &y)?;
    let targets: Vec<&Tensor> = xs.iter().collect();
    let first = if y.is_tracked() { gradients_of(&[(&y, None)], &targets, true)? } else { vec![None; xs.len()] };
    let first = or_zeros(first, &xs);
    Ok((y, xs, first))
}
