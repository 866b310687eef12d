//! A number in the place of what a mask selects.

use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// `value` where the mask is true, else x; both are broadcast.
    ///
    /// # Gradient
    /// `gx = gy` where the mask is false, else 0, also where x is infinite or NaN; saves the mask.
    ///
    /// # Errors
    /// If `mask` is not `Bool`, the shapes do not broadcast, or no number of the dtype is `value`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, f64::NAN]).masked_fill(&Tensor::from([false, true]), 0.5)?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn masked_fill(&self, mask: &Tensor, value: f64) -> Result<Tensor> {
        Check("masked_fill").dtype(mask, DType::Bool)?;
        Check("masked_fill").broadcast(self.shape(), mask.shape())?;
        mask.where_cond(&Tensor::filled("masked_fill", &[], value, self.dtype())?, self)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let inputs = vec![Input::real(&[3, 4], -2.0..2.0), Input::mask(&[4])];
    [Case::new("masked_fill", inputs, |x| x[0].masked_fill(&x[1], 0.25))
        .value(|x| (0..12).map(|i| if x[1][i % 4] == 1.0 { 0.25 } else { x[0][i] }).collect())
        .refuses(
            |x| x[0].to_dtype(DType::I64).masked_fill(&x[1], f64::NEG_INFINITY),
            "masked_fill: value is -inf, it must be a whole number of 64 bits",
        )
        .refuses(|x| x[0].masked_fill(&x[0], 0.25), "masked_fill: dtype is F64, expected Bool; to_dtype converts")
        .refuses(
            |x| x[0].t()?.masked_fill(&x[1].expand(&[3, 4])?, 0.25),
            "masked_fill: shapes [4, 3] and [3, 4] do not broadcast: 4 ≠ 3 in dimension −2 (counted from the end)",
        )]
}];
