//! Largest and smallest elements along one dim, with their positions.

use super::argmax::positions;
use super::dims::{ReduceDims, keep};
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// The largest elements along `dim` and their positions (`I64`): the first of ties, NaN counts as the largest.
    ///
    /// # Gradient
    /// gy goes to the element chosen, also among ties; to share it between them see [`Tensor::amax`].
    ///
    /// # Errors
    /// If the dim is out of range or has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, indices) = Tensor::from([[1.0, 4.0], [3.0, 2.0]]).max_dim(1)?;
    /// assert_eq!(values.to_vec::<f32>()?, [4.0, 3.0]);
    /// assert_eq!(indices.to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_dim(&self, dim: impl Into<ReduceDims>) -> Result<(Tensor, Tensor)> {
        max_dim_of(self, &dim.into())
    }

    /// The smallest elements along `dim` and their positions; otherwise like [`Tensor::max_dim`].
    ///
    /// # Errors
    /// If the dim is out of range or has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// let (values, indices) = x.min_dim(1)?;
    /// assert_eq!((values.to_vec::<f32>()?, indices.to_vec::<i64>()?), (vec![1.0, 2.0], vec![0, 1]));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn min_dim(&self, dim: impl Into<ReduceDims>) -> Result<(Tensor, Tensor)> {
        min_dim_of(self, &dim.into())
    }
}

fn max_dim_of(x: &Tensor, dim: &ReduceDims) -> Result<(Tensor, Tensor)> {
    extremes::<false>("max_dim", x, dim)
}

fn min_dim_of(x: &Tensor, dim: &ReduceDims) -> Result<(Tensor, Tensor)> {
    extremes::<true>("min_dim", x, dim)
}

fn extremes<const SMALLEST: bool>(op: &'static str, x: &Tensor, dims: &ReduceDims) -> Result<(Tensor, Tensor)> {
    let dim = dims.only(op, x.shape())?;
    let index = positions::<SMALLEST>(op, x, &keep(dim))?;
    let values = x.gather(dim, &index)?;
    if dims.keep || x.rank() == 0 {
        return Ok((values, index));
    }
    Ok((values.squeeze(&[dim])?, index.squeeze(&[dim])?))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[3, 4])];
    let columns =
        |x: &[Vec<f64>]| (0..4).map(|j| (0..3).map(|i| x[0][i * 4 + j]).fold(f64::NEG_INFINITY, f64::max)).collect();
    let rows = |x: &[Vec<f64>]| x[0].chunks(4).map(|r| r.iter().copied().fold(f64::INFINITY, f64::min)).collect();
    [
        Case::new("max_dim(0)", x(), |x| Ok(x[0].max_dim(0)?.0))
            .value(columns)
            .refuses(|x| Ok(x[0].max_dim(-3)?.0), "max_dim: dim -3 is out of range for shape [3, 4] (−2 to 1)"),
        Case::new("max_dim(keep)", x(), |x| Ok(x[0].max_dim(keep(0))?.0))
            .value(columns)
            .refuses(|x| Ok(x[0].max_dim(..)?.0), "max_dim: needs one dim, got .. (shape [3, 4])"),
        Case::new("min_dim(-1)", x(), |x| Ok(x[0].min_dim(keep(-1))?.0)).value(rows).refuses(
            |x| Ok(x[0].narrow(1, 0, 0)?.min_dim(keep(1))?.0),
            "min_dim: dims [1] of shape [3, 0] have no elements, and min_dim of nothing is undefined",
        ),
    ]
}];
