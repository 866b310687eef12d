//! Slices scaled down to a norm.

use super::vector::norm;
use crate::error::{Error, Result};
use crate::ops::check::Check;
use crate::ops::reduce::dims::{ReduceDims, keep};
use crate::shape::Dim;
use crate::tensor::Tensor;

impl Tensor {
    /// The slices `x[k]` along `dim`, each multiplied by `maxnorm / (‖x[k]‖ₚ + 10⁻⁷)` if its norm is above `maxnorm`.
    ///
    /// # Gradient
    /// Flows through the norm of the slices that are scaled. The factor of the others is 1.
    ///
    /// # Errors
    /// If the tensor has fewer than two dimensions, the dim is out of range, `p ≤ 0`, `maxnorm < 0`, or the dtype is
    /// not a float type.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([[3.0, 4.0], [0.3, 0.4]]).renorm(2.0, 0, 1.0)?.to_vec::<f32>()?;
    /// assert!((y[0] - 0.6).abs() < 1e-6 && (y[1] - 0.8).abs() < 1e-6);
    /// assert_eq!(y[2..], [0.3, 0.4]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn renorm(&self, p: f64, dim: impl Dim, maxnorm: f64) -> Result<Tensor> {
        renorm_of(self, p, dim.signed(), maxnorm)
    }
}

fn renorm_of(x: &Tensor, p: f64, dim: isize, maxnorm: f64) -> Result<Tensor> {
    let check = Check("renorm");
    check.float(x)?;
    if x.rank() < 2 {
        return Err(Error::shape("renorm", "the tensor", x.shape(), "at least two dimensions"));
    }
    let d = check.dim(dim, x.shape())?;
    check.require(p > 0.0, "p", p, "above 0")?;
    check.require(maxnorm >= 0.0, "maxnorm", maxnorm, "at least 0")?;
    if x.numel() == 0 {
        return x.reshape_to(x.shape());
    }
    let others: Vec<isize> = (0..x.rank()).filter(|k| *k != d).map(|k| k as isize).collect();
    let others: ReduceDims = keep(&others[..]);
    let above = norm("renorm", "p", &x.untied(), p, &others)?.gt_scalar(maxnorm);
    // The norm of a slice that is not scaled is taken of zeros: what it is leaks into no derivative.
    let [one, none] = [1.0, 0.0].map(|value| Tensor::full(&[], value, x.dtype()));
    let (one, scaled) = (one?, above.where_cond(x, &none?)?);
    let norms = norm("renorm", "p", &scaled, p, &others)?;
    let factor = norms.add_scalar(1e-7).powf(-1.0).mul_scalar(maxnorm);
    x.try_mul(&above.where_cond(&factor, &one)?)
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    // The first row is above the limit, the second below.
    let x = || vec![Input::real(&[2, 3], 0.5..1.0)];
    let scale = |x: &[Tensor]| x[0].try_mul(&Tensor::from([[9.0], [0.5]]).to_dtype(x[0].dtype()));
    let row = |x: &[f64], by: f64| {
        let norm = x.iter().map(|x| (x * by).powi(2)).sum::<f64>().sqrt();
        x.iter().map(|x| x * by * if norm > 2.0 { 2.0 / (norm + 1e-7) } else { 1.0 }).collect::<Vec<_>>()
    };
    [
        Case::new("renorm", x(), move |x| scale(x)?.renorm(2.0, 0, 2.0))
            .value(move |x| [row(&x[0][..3], 9.0), row(&x[0][3..], 0.5)].concat())
            .refuses(
                |x| x[0].select(0, 0)?.renorm(2.0, 0, 1.0),
                "renorm: the tensor has shape [3], expected at least two dimensions",
            )
            .refuses(|x| x[0].renorm(2.0, 2, 1.0), "renorm: dim 2 is out of range for shape [2, 3] (−2 to 1)")
            .refuses(|x| x[0].renorm(0.0, 0, 1.0), "renorm: p is 0.0, it must be above 0")
            .refuses(|x| x[0].renorm(1.0, 0, -1.0), "renorm: maxnorm is -1.0, it must be at least 0")
            .refuses(
                |x| x[0].to_dtype(DType::I64).renorm(1.0, 0, 1.0),
                "renorm: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("renorm(inf)", x(), |x| x[0].renorm(f64::INFINITY, -1, 0.25)).value(|x| {
            let largest = |c: usize| x[0][c].max(x[0][c + 3]);
            (0..6).map(|i| x[0][i] * 0.25 / (largest(i % 3) + 1e-7)).collect()
        }),
    ]
}];
