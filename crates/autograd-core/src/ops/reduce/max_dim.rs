//! Largest and smallest elements along one axis, with their positions.

use super::argmax::positions;
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// The largest elements along `axis` and their positions (`I64`): the first of ties, NaN counts as the largest.
    ///
    /// # Gradient
    /// gy goes to the element chosen, also among ties; to share it between them see [`Tensor::amax`].
    ///
    /// # Errors
    /// If the axis is out of range or has no elements.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (values, indices) = Tensor::from([[1.0, 4.0], [3.0, 2.0]]).max_dim(1, false)?;
    /// assert_eq!(values.to_vec::<f32>()?, [4.0, 3.0]);
    /// assert_eq!(indices.to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn max_dim(&self, axis: isize, keepdim: bool) -> Result<(Tensor, Tensor)> {
        chosen::<false>("max_dim", self, axis, keepdim)
    }

    /// The smallest elements along `axis` and their positions; otherwise as [`Tensor::max_dim`].
    ///
    /// # Errors
    /// If the axis is out of range or has no elements.
    pub fn min_dim(&self, axis: isize, keepdim: bool) -> Result<(Tensor, Tensor)> {
        chosen::<true>("min_dim", self, axis, keepdim)
    }
}

fn chosen<const SMALLEST: bool>(op: &'static str, x: &Tensor, axis: isize, keepdim: bool) -> Result<(Tensor, Tensor)> {
    let index = positions::<SMALLEST>(op, x, Some(axis), true)?;
    let values = x.gather(axis, &index)?;
    if keepdim || x.rank() == 0 { Ok((values, index)) } else { Ok((values.squeeze(&[axis])?, index.squeeze(&[axis])?)) }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || vec![Input::distinct(&[3, 4])];
    let columns =
        |x: &[Vec<f64>]| (0..4).map(|j| (0..3).map(|i| x[0][i * 4 + j]).fold(f64::NEG_INFINITY, f64::max)).collect();
    let rows = |x: &[Vec<f64>]| x[0].chunks(4).map(|r| r.iter().copied().fold(f64::INFINITY, f64::min)).collect();
    [
        Case::new("max_dim(0)", x(), |x| Ok(x[0].max_dim(0, false)?.0))
            .value(columns)
            .refuses(|x| Ok(x[0].max_dim(-3, false)?.0), "max_dim: axis -3 is out of range for shape [3, 4] (−2 to 1)"),
        Case::new("min_dim(-1)", x(), |x| Ok(x[0].min_dim(-1, true)?.0)).value(rows).refuses(
            |x| Ok(x[0].narrow(1, 0, 0)?.min_dim(1, true)?.0),
            "min_dim: axes [1] of shape [3, 0] have no elements, and min_dim of nothing is undefined",
        ),
    ]
}];
