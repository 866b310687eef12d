//! Second derivatives.

use super::jacobian::rows_of;
use super::point::{result, walk};
use super::{Point, TensorList, all_fit, at, or_zeros, single};
use crate::error::Result;
use crate::tensor::Tensor;

/// The second derivatives of the number `f(inputs)`: entry `[i][j]` has shape `[shape of xᵢ.., shape of xⱼ..]`.
///
/// # Gradient
/// The results are tracked if an input, or what `f` captures, is, unless inside [`no_grad`](crate::no_grad): pass
/// parameters inside it where third derivatives are not wanted.
///
/// # Errors
/// If `f` fails or its value is not a single number of float type, an input is not of float type, or an operation on
/// the way has no second derivative; where the results are tracked, a third one.
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
    at("hessian", &inputs.tensors(), |point| {
        let (y, first) = first_derivatives("hessian", f, &point)?;
        let recorded = point.records(&y, &[]);
        let rows = first.iter().map(|g| rows_of("hessian", g, &point, recorded).map(L::of));
        rows.collect::<Result<_>>().map(L::of)
    })
}

/// Hessian-vector product of the number `f(inputs)`: for each input `Σ H v` over the inputs and their tangents. It
/// takes one more backward walk than the gradient, whatever the size.
///
/// # Gradient
/// As for [`hessian`]; tangents count like inputs.
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

/// Vector-Hessian product: the number `y = f(inputs)`, and for each input `Σ vᵀ H` over the inputs and their
/// cotangents. Since H is symmetric, these are the products of [`hvp`], at the same cost.
///
/// # Gradient
/// As for [`hvp`].
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
    all_fit(op, inputs, vectors)?;
    at(op, inputs, |point| {
        let (y, first) = first_derivatives(op, f, &point)?;
        let recorded = point.records(&y, vectors);
        let tracked = first.iter().zip(vectors).filter(|(g, _)| g.is_tracked());
        let roots: Vec<(&Tensor, Option<&Tensor>)> = tracked.map(|(g, v)| (g, Some(*v))).collect();
        let found = walk(&roots, &point.xs.iter().collect::<Vec<_>>(), recorded)?;
        let is_tracked = point.records(&y, &[]);
        Ok((result(y, is_tracked), or_zeros(found, &point.xs)))
    })
}

/// The value and its gradients, recorded.
fn first_derivatives(
    op: &'static str,
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    point: &Point,
) -> Result<(Tensor, Vec<Tensor>)> {
    let y = point.value_of(f)?;
    single(op, &y)?;
    let first = point.gradients(&y, None, true)?;
    Ok((y, first))
}
