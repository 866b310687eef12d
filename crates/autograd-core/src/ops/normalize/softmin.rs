//! Softmax of the negated input.

use crate::error::Result;
use crate::ops::check::Check;
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// `y = softmax(−x)` along `dim`: the smallest gets the largest share; see [`Tensor::softmax`].
    ///
    /// # Gradient
    /// `gx = y (Σ gy y − gy)`, the sum along `dim`; saves y.
    ///
    /// # Errors
    /// If `dim` does not exist or the dtype is not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.0, 1e9]).softmin(0)?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.5, 0.5, 0.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn softmin(&self, dim: impl Dim) -> Result<Tensor> {
        softmin_of(self, dim.signed())
    }
}

fn softmin_of(x: &Tensor, dim: isize) -> Result<Tensor> {
    let check = Check("softmin");
    check.float(x)?;
    check.dim(dim, x.shape())?;
    x.can_be_packed("softmin")?;
    x.neg().softmax(dim)
}

#[cfg(test)]
crate::ops::cases::cases![{
    let reference = |x: &[Vec<f64>]| {
        let rows = x[0].chunks(4).map(|row| (row, row.iter().map(|x| (-x).exp()).sum::<f64>()));
        rows.flat_map(|(row, sum)| row.iter().map(move |x| (-x).exp() / sum)).collect()
    };
    [Case::new("softmin", vec![Input::real(&[3, 4], -2.0..2.0)], |x| x[0].softmin(-1))
        .value(reference)
        .refuses(|x| x[0].softmin(2), "softmin: dim 2 is out of range for shape [3, 4] (−2 to 1)")]
}];
