//! Logarithm of the softmax.

use super::rows;
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x − ln Σ eˣ ` along one dim.
    ///
    /// # Gradient
    /// `gx = gy − eʸ Σ gy`, summed along the dim; saves y.
    ///
    /// # Numerics
    /// Computed as `(x − m) − ln Σ e^(x−m)` with `m = max x`: no overflow, no logarithm of a rounded zero, and adding the
    /// same to all x changes nothing. Where one y is near 0, it and its gradient come from the other elements, and keep
    /// their digits.
    ///
    /// # Errors
    /// If the dim is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).log_softmax(0)?;
    /// assert!((y.to_vec::<f32>()?[0] + 2f32.ln()).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log_softmax(&self, dim: isize) -> Result<Tensor> {
        rows::softmax::<true>("log_softmax", self, dim)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let row = |r: &[f64], x: f64| x - r.iter().map(|x| x.exp()).sum::<f64>().ln();
    let last =
        move |x: &[Vec<f64>]| x[0].chunks(4).flat_map(|r| r.iter().map(|x| row(r, *x)).collect::<Vec<_>>()).collect();
    let middle = move |x: &[Vec<f64>]| {
        let column = |i: usize| (0..3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).collect::<Vec<_>>();
        (0..24).map(|i| row(&column(i), x[0][i])).collect()
    };
    [
        Case::new("log_softmax(-1)", x(), |x| x[0].log_softmax(-1))
            .value(last)
            .refuses(|x| x[0].log_softmax(-4), "log_softmax: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].to_dtype(DType::I64).log_softmax(0),
                "log_softmax: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("log_softmax(1)", x(), |x| x[0].log_softmax(1)).value(middle),
    ]
}];
