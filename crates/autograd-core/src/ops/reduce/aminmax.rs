//! Smallest and largest element at once.

use super::along::Along;
use super::dims::ReduceDims;
use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// The smallest and the largest elements along `dims`, as [`Tensor::amin`] and [`Tensor::amax`] give them.
    ///
    /// # Errors
    /// If a dim is out of range, named twice or has no elements, or the tensor is `Bool`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (least, most) = Tensor::from([3.0, 1.0, 2.0]).aminmax(..)?;
    /// assert_eq!((least.item::<f32>()?, most.item::<f32>()?), (1.0, 3.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn aminmax(&self, dims: impl Into<ReduceDims>) -> Result<(Tensor, Tensor)> {
        aminmax_of(self, &dims.into())
    }
}

fn aminmax_of(x: &Tensor, dims: &ReduceDims) -> Result<(Tensor, Tensor)> {
    Along::new("aminmax", x, dims)?.not_empty("aminmax", x)?;
    if x.dtype() != DType::I64 {
        Check("aminmax").float(x)?;
    }
    Ok((x.amin(dims.clone())?, x.amax(dims.clone())?))
}

#[cfg(test)]
crate::ops::cases::cases![{
    let both = |x: &[Tensor]| {
        let (least, most) = x[0].aminmax(1)?;
        most.mul_scalar(2.0).try_sub(&least)
    };
    [Case::new("aminmax(1)", vec![Input::distinct(&[3, 4])], both)
        .value(|x| {
            let end = |r: &[f64], join: fn(f64, f64) -> f64| r.iter().copied().fold(r[0], join);
            x[0].chunks(4).map(|r| 2.0 * end(r, f64::max) - end(r, f64::min)).collect()
        })
        .refuses(|x| Ok(x[0].aminmax(2)?.0), "aminmax: dim 2 is out of range for shape [3, 4] (−2 to 1)")
        .refuses(
            |x| Ok(x[0].narrow(0, 0, 0)?.aminmax(0)?.0),
            "aminmax: dims [0] of shape [0, 4] have no elements, and aminmax of nothing is undefined",
        )
        .refuses(
            |x| Ok(x[0].to_dtype(DType::Bool).aminmax(0)?.0),
            "aminmax: dtype is Bool, expected F32 or F64; to_dtype converts",
        )]
}];
