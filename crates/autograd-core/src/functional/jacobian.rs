//! All partial derivatives.

use super::{TensorList, leaves, value_of};
use crate::error::Result;
use crate::ops::check::Check;
use crate::tape::recording;
use crate::tensor::Tensor;

/// For each input the Jacobian of `y = f(inputs)`, of shape `[shape of y.., shape of x..]`: one backward walk for each
/// element of y.
///
/// # Errors
/// If `f` fails, or an input or the value is not of float type.
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
    recording(true, || {
        let xs = leaves("jacobian", &inputs.tensors())?;
        let y = value_of("jacobian", f, &xs)?;
        rows_of("jacobian", &y, &xs, false).map(L::of)
    })
}

/// The Jacobians of `y` with respect to tensors it was computed from.
pub(super) fn rows_of(op: &'static str, y: &Tensor, xs: &[Tensor], recorded: bool) -> Result<Vec<Tensor>> {
    let targets: Vec<&Tensor> = xs.iter().collect();
    for x in xs {
        let shape: Vec<usize> = y.shape().iter().chain(x.shape()).copied().collect();
        Check(op).room(&shape, x.dtype())?;
    }
    Check(op).list(y.numel())?;
    let mut rows: Vec<Vec<Tensor>> = xs.iter().map(|_| Vec::with_capacity(y.numel())).collect();
    for element in 0..y.numel() {
        let found = if y.is_tracked() {
            let unit = Tensor::from([element as i64]).one_hot(Some(y.numel()))?;
            let seed = unit.to_dtype(y.dtype()).reshape_to(y.shape())?;
            crate::tape::gradients_of(&[(y, Some(&seed))], &targets, recorded)?
        } else {
            vec![None; xs.len()]
        };
        for ((row, g), x) in rows.iter_mut().zip(found).zip(xs) {
            row.push(g.unwrap_or_else(|| x.detach().zeros_like()));
        }
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
