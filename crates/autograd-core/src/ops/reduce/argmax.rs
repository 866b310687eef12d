//! Position of the largest and of the smallest element.
//!
//! forward    y = the first i with xᵢ = max x
//! backward   none: positions carry no gradient

use super::along::Along;
use crate::error::Result;
use crate::kernels::reduce::extreme_positions;
use crate::ops::check;
use crate::tensor::{DType, Tensor, for_float};

impl Tensor {
    /// Position of the largest element along `axis` (among all elements in row-major order, if `None`) as `I64`: the first
    /// of ties; a NaN counts as the largest.
    ///
    /// # Errors
    /// If the axis is out of range or has no elements, or the tensor is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 4.0, 4.0], [2.0, 0.0, 1.0]]);
    /// assert_eq!(x.argmax(Some(1), false)?.to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn argmax(&self, axis: Option<isize>, keepdim: bool) -> Result<Tensor> {
        positions::<false>("argmax", self, axis, keepdim)
    }

    /// Position of the smallest element; otherwise as [`Tensor::argmax`].
    ///
    /// # Errors
    /// If the axis is out of range or has no elements, or the tensor is `Bool`.
    pub fn argmin(&self, axis: Option<isize>, keepdim: bool) -> Result<Tensor> {
        positions::<true>("argmin", self, axis, keepdim)
    }
}

pub(super) fn positions<const SMALLEST: bool>(
    op: &'static str,
    x: &Tensor,
    axis: Option<isize>,
    keepdim: bool,
) -> Result<Tensor> {
    if x.dtype() == DType::I64 {
        // Exact up to 2⁵³, which no count of anything in memory exceeds.
        return positions::<SMALLEST>(op, &x.to_dtype(DType::F64), axis, keepdim);
    }
    check::float(op, x)?;
    let along = Along::new(op, x, axis.as_slice(), keepdim)?.not_empty(op, x)?;
    let rows = along.rows(x);
    Ok(for_float!(x.dtype(), T => Tensor::build::<i64>(DType::I64, &along.shape, |y| {
        if along.count > 0 {
            extreme_positions::<T, SMALLEST>(rows.flat(), along.count, y);
        }
    }), else rows))
}

#[cfg(test)]
pub(super) fn cases() -> Vec<crate::ops::cases::Case> {
    use crate::ops::cases::{Case, Input};
    let best = |r: &[f64], sign: f64| {
        (0..r.len()).max_by(|i, j| (sign * r[*i]).total_cmp(&(sign * r[*j]))).expect("not empty") as f64
    };
    let x = || vec![Input::distinct(&[3, 4])];
    vec![
        Case::new("argmax", x(), |x| x[0].argmax(None, false))
            .value(move |x| vec![best(&x[0], 1.0)])
            .without_gradient()
            .refuses(
                |x| x[0].narrow(0, 0, 0)?.argmax(None, false),
                "argmax: axes [0, 1] of shape [0, 4] have no elements, and argmax of nothing is undefined",
            )
            .refuses(
                |x| x[0].to_dtype(DType::Bool).argmax(None, false),
                "argmax: dtype is Bool, expected F32 or F64; to_dtype converts",
            ),
        Case::new("argmin(1)", x(), |x| x[0].argmin(Some(1), true))
            .value(move |x| x[0].chunks(4).map(|r| best(r, -1.0)).collect())
            .without_gradient()
            .refuses(|x| x[0].argmin(Some(2), true), "argmin: axis 2 is out of range for shape [3, 4] (−2 to 1)"),
    ]
}
