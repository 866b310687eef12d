//! All partial derivatives.

use super::{Point, TensorList, at};
use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::Tensor;

/// For each input the Jacobian of `y = f(inputs)`, of shape `[shape of y.., shape of x..]`: one backward walk for each
/// element of y.
///
/// # Gradient
/// The results are tracked if an input, or what `f` captures, is, unless inside [`no_grad`](crate::no_grad).
///
/// # Errors
/// If `f` fails, or an input or the value is not of float type; where the results are tracked, also if an operation on
/// the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, jacobian};
/// let x = Tensor::from([1.0, 2.0]);
/// let [j] = jacobian(|x| Ok(x[0].square()), [&x])?;
/// assert_eq!(j.to_vec::<f32>()?, [2.0, 0.0, 0.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn jacobian<L: TensorList>(f: impl FnOnce(&[Tensor]) -> Result<Tensor>, inputs: L) -> Result<L::Of<Tensor>> {
    at("jacobian", &inputs.tensors(), |point| {
        let y = point.value_of(f)?;
        rows_of("jacobian", &y, &point, point.records(&y, &[])).map(L::of)
    })
}

/// The Jacobians of `y` with respect to the arguments it was computed from.
pub(super) fn rows_of(op: &'static str, y: &Tensor, point: &Point, recorded: bool) -> Result<Vec<Tensor>> {
    let xs = &point.xs;
    for x in xs {
        let shape: Vec<usize> = y.shape().iter().chain(x.shape()).copied().collect();
        Check(op).room(&shape, x.dtype())?;
    }
    Check(op).list(y.numel())?;
    let mut rows: Vec<Vec<Tensor>> = xs.iter().map(|_| Vec::with_capacity(y.numel())).collect();
    for element in 0..y.numel() {
        let unit = Tensor::from([element as i64]).one_hot(Some(y.numel()))?;
        let seed = unit.to_dtype(y.dtype()).reshape_to(y.shape())?;
        let gradients = point.gradients(y, Some(&seed), recorded)?;
        rows.iter_mut().zip(gradients).for_each(|(row, g)| row.push(g));
    }
    let stacked = rows.iter().zip(xs).map(|(row, x)| {
        let shape: Vec<usize> = y.shape().iter().chain(x.shape()).copied().collect();
        if row.is_empty() {
            return Tensor::zeros(&shape, x.dtype());
        }
        Tensor::stack(&row.iter().collect::<Vec<_>>(), 0)?.reshape_to(&shape)
    });
    stacked.collect()
}
