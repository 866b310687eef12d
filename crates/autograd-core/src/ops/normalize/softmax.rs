//! Softmax.

use super::rows;
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = eˣ / Σ eˣ ` along one dim.
    ///
    /// # Gradient
    /// `gx = y (gy − Σ gy y)`, summed along the dim; saves y.
    ///
    /// # Numerics
    /// The largest element m is subtracted first: no overflow, and adding the same to all x changes nothing. The sum is
    /// divided by once for each row; the rounding of `x − m` makes the relative error `|x − m|` half units in the last
    /// place at most, plus 4. Where one y is near 1, its gradient comes from the other elements, and keeps its digits. A
    /// row of −∞ alone gives NaN.
    ///
    /// # Errors
    /// If the dim is out of range or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([7.0, 7.0]).softmax(0)?.to_vec::<f32>()?, [0.5, 0.5]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softmax(&self, dim: isize) -> Result<Tensor> {
        rows::softmax::<false>("softmax", self, dim)
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let row = |r: &[f64], x: f64| x.exp() / r.iter().map(|x| x.exp()).sum::<f64>();
    let last =
        move |x: &[Vec<f64>]| x[0].chunks(4).flat_map(|r| r.iter().map(|x| row(r, *x)).collect::<Vec<_>>()).collect();
    let middle = move |x: &[Vec<f64>]| {
        let column = |i: usize| (0..3).map(|j| x[0][i / 12 * 12 + j * 4 + i % 4]).collect::<Vec<_>>();
        (0..24).map(|i| row(&column(i), x[0][i])).collect()
    };
    [
        Case::new("softmax(-1)", x(), |x| x[0].softmax(-1))
            .value(last)
            .refuses(|x| x[0].softmax(-4), "softmax: dim -4 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(
                |x| x[0].to_dtype(DType::I64).softmax(0),
                "softmax: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("softmax(1)", x(), |x| x[0].softmax(1)).value(middle),
    ]
}];
