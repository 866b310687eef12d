//! The distance of two tensors.

use super::vector::norm;
use crate::error::Result;
use crate::ops::check::Check;
use crate::tensor::Tensor;

impl Tensor {
    /// The p-norm of the difference to `other`, over all elements; the two are broadcast.
    ///
    /// # Gradient
    /// That of [`Tensor::vector_norm`]: 0 at distance 0.
    ///
    /// # Errors
    /// If the shapes do not broadcast, the dtypes differ or are no float type, `p` is NaN, or there is nothing to take
    /// the largest of.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([4.0, 6.0]));
    /// assert_eq!(a.dist(&b, 2.0)?.item::<f32>()?, 5.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn dist(&self, other: &Tensor, p: f64) -> Result<Tensor> {
        Check("dist").same_float(self, other)?;
        let shape = Check("dist").broadcast(self.shape(), other.shape())?;
        Check("dist").room(&shape, self.dtype())?;
        norm("dist", "p", &self.try_sub(other)?, p, &(..).into())
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let two = || vec![Input::real(&[2, 3], -2.0..2.0), Input::real(&[3], 3.0..5.0)];
    let power = |p: f64| {
        move |x: &[Vec<f64>]| {
            let sum: f64 = (0..6).map(|i| (x[0][i] - x[1][i % 3]).abs().powf(p)).sum();
            vec![sum.powf(1.0 / p)]
        }
    };
    [
        Case::new("dist", two(), |x| x[0].dist(&x[1], 2.0))
            .value(power(2.0))
            .refuses(
                |x| x[0].dist(&x[1].narrow(0, 0, 2)?, 2.0),
                "dist: shapes [2, 3] and [2] do not broadcast: 3 ≠ 2 in dimension −1 (counted from the end)",
            )
            .refuses(|x| x[0].dist(&x[1], f64::NAN), "dist: p is NaN, it must be a number")
            .refuses(
                |x| x[0].dist(&x[1].to_dtype(DType::F32), 2.0),
                "dist: dtypes F64 and F32 do not mix; convert one with to_dtype",
            ),
        Case::new("dist(4)", two(), |x| x[0].dist(&x[1], 4.0)).value(power(4.0)),
    ]
}];
