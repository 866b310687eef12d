//! Second derivatives.

use super::jacobian::rows_of;
use super::{fits, leaves};
use crate::error::Result;
use crate::tape::recording;
use crate::tensor::Tensor;

/// The second derivatives of the number `f(inputs)`: entry `[i][j]` has shape `[shape of xᵢ.., shape of xⱼ..]`.
///
/// # Errors
/// If `f` fails or its value is not a single number, or an operation on the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, hessian};
/// let x = Tensor::from([1.0, 2.0]);
/// let h = hessian(|x| x[0].prod(), &[&x])?;
/// assert_eq!(h[0][0].to_vec::<f32>()?, [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn hessian(f: impl FnOnce(&[Tensor]) -> Result<Tensor>, inputs: &[&Tensor]) -> Result<Vec<Vec<Tensor>>> {
    recording(true, || {
        let (xs, first) = first_derivatives("hessian", f, inputs)?;
        first.iter().map(|g| rows_of(g, &xs, false)).collect()
    })
}

/// Hessian-vector product of the number `f(inputs)`: for each input `Σ H v` over the inputs and their tangents. It
/// takes one more backward walk than the gradient, whatever the size.
///
/// # Errors
/// As for [`hessian`], or if a tangent does not have its input's shape.
///
/// # Examples
/// ```
/// # use autograd_core::{Tensor, hvp};
/// let x = Tensor::from([1.0, 2.0]);
/// let hv = hvp(|x| Ok(x[0].powf(3.0).sum()), &[&x], &[&Tensor::from([1.0, 10.0])])?;
/// assert_eq!(hv[0].to_vec::<f32>()?, [6.0, 120.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn hvp(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: &[&Tensor],
    tangents: &[&Tensor],
) -> Result<Vec<Tensor>> {
    recording(true, || {
        fits("hvp", inputs, tangents)?;
        let (xs, first) = first_derivatives("hvp", f, inputs)?;
        let tracked = first.iter().zip(tangents).filter(|(g, _)| g.is_tracked());
        let roots: Vec<(&Tensor, Option<&Tensor>)> = tracked.map(|(g, v)| (g, Some(*v))).collect();
        let found = crate::tape::gradients_of(&roots, &xs.iter().collect::<Vec<_>>(), false)?;
        Ok(found.into_iter().zip(&xs).map(|(h, x)| h.unwrap_or_else(|| x.detach().zeros_like())).collect())
    })
}

fn first_derivatives(
    op: &'static str,
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: &[&Tensor],
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    let xs = leaves(op, inputs)?;
    let y = f(&xs)?;
    let targets: Vec<&Tensor> = xs.iter().collect();
    let first =
        if y.is_tracked() { crate::tape::gradients_of(&[(&y, None)], &targets, true)? } else { vec![None; xs.len()] };
    let first = first.into_iter().zip(&xs).map(|(g, x)| g.unwrap_or_else(|| x.detach().zeros_like())).collect();
    Ok((xs, first))
}
