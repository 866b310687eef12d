//! Second derivatives.

use super::jacobian::rows_of;
use super::{TensorList, all_fit, leaves, value_of};
use crate::error::{Error, Result};
use crate::tape::recording;
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
        let (xs, first) = first_derivatives("hessian", f, &inputs.tensors())?;
        let rows = first.iter().map(|g| rows_of(g, &xs, false).map(L::of));
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
    recording(true, || {
        let (inputs, tangents) = (inputs.tensors(), tangents.tensors());
        all_fit("hvp", &inputs, &tangents)?;
        let (xs, first) = first_derivatives("hvp", f, &inputs)?;
        let tracked = first.iter().zip(&tangents).filter(|(g, _)| g.is_tracked());
        let roots: Vec<(&Tensor, Option<&Tensor>)> = tracked.map(|(g, v)| (g, Some(*v))).collect();
        let found = crate::tape::gradients_of(&roots, &xs.iter().collect::<Vec<_>>(), false)?;
        Ok(L::of(found.into_iter().zip(&xs).map(|(h, x)| h.unwrap_or_else(|| x.detach().zeros_like())).collect()))
    })
}

fn first_derivatives(
    op: &'static str,
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: &[&Tensor],
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    let xs = leaves(op, inputs)?;
    let y = value_of(op, f, &xs)?;
    if y.numel() != 1 {
        return Err(Error::shape(op, "the value", y.shape(), "a single number"));
    }
    let targets: Vec<&Tensor> = xs.iter().collect();
    let first =
        if y.is_tracked() { crate::tape::gradients_of(&[(&y, None)], &targets, true)? } else { vec![None; xs.len()] };
    let first = first.into_iter().zip(&xs).map(|(g, x)| g.unwrap_or_else(|| x.detach().zeros_like())).collect();
    Ok((xs, first))
}
