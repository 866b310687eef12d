//! Power in double precision.

use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor};

impl Tensor {
    /// [`Tensor::pow`] in double precision: `z = aᵇ`, element by element, whatever the dtypes of both; the result is
    /// `F64`.
    ///
    /// # Gradient
    /// That of [`Tensor::pow`], cast back.
    ///
    /// # Errors
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let z = Tensor::from([2, 3]).float_power(&Tensor::from([0.5, -1.0]))?;
    /// assert_eq!(z.to_vec::<f64>()?, [2f64.sqrt(), 1.0 / 3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn float_power(&self, exponent: &Tensor) -> Result<Tensor> {
        let check = Check("float_power");
        check.broadcast(self.shape(), exponent.shape())?;
        check.room(self.shape(), DType::F64).and(check.room(exponent.shape(), DType::F64))?;
        self.to_dtype(DType::F64).pow(&exponent.to_dtype(DType::F64))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let inputs = vec![Input::real(&[3, 4], 0.3..2.0), Input::real(&[4], -1.0..2.0)];
    let reference = |x: &[Vec<f64>]| (0..12).map(|i| x[0][i].powf(x[1][i % 4])).collect();
    [Case::new("float_power", inputs, |x| Ok(x[0].float_power(&x[1])?.to_dtype(x[0].dtype())))
        .value(reference)
        .refuses(
            |x| x[0].float_power(&x[0].t()?),
            "float_power: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted from the end)",
        )]
}];
