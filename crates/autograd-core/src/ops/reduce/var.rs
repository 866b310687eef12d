//! Variance.

use super::along::Along;
use super::dims::{ReduceDims, keep};
use crate::error::Result;
use crate::kernels::rows::squared_deviations;
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::{Tensor, for_float};

/// `Σ (x − μ)²` divided by the count less the correction, and that divisor; not recorded.
pub(super) fn variance(
    op: &'static str,
    x: &Tensor,
    dims: &ReduceDims,
    correction: f64,
) -> Result<(Tensor, Along, f64)> {
    let float = Check(op).float(x)?;
    Check(op).require(!correction.is_nan(), "correction", correction, "a number")?;
    let along = Along::new(op, x, dims)?;
    let divisor = (along.count as f64 - correction).max(0.0);
    let rows = along.rows(x);
    let value = for_float!(float, T => Tensor::build::<T>(&along.shape, |y| {
        if along.count == 0 {
            y.fill(T::NAN);
        } else {
            squared_deviations::<T>(rows.flat(), along.count, y);
            y.iter_mut().for_each(|y| *y /= divisor as T);
        }
    }));
    Ok((value, along, divisor))
}

/// x − μ
pub(super) fn centred(x: &Tensor, along: &Along) -> Result<Tensor> {
    let dims = along.folded();
    if dims.is_empty() {
        return x.try_sub(x);
    }
    x.try_sub(&x.mean_dim(keep(&dims[..]))?)
}

impl Tensor {
    /// Variance of all elements: `Σ (x − μ)² / (n − correction)`. `correction` 1 is the unbiased estimate of a sample's
    /// variance, 0 the variance of a whole population.
    ///
    /// # Gradient
    /// `gx = gy · 2 (x − μ) / (n − correction)`; saves x.
    ///
    /// # Numerics
    /// Two passes: no cancellation. NaN where `n ≤ correction` and all elements are equal.
    ///
    /// # Errors
    /// If the dtype is not a float type or `correction` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0, 6.0]).var(0.0)?.item::<f32>()?, 3.5);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn var(&self /* all elements; over dim 1: var_dim(1, 1.0)? */, correction: f64) -> Result<Tensor> {
        self.var_dim(.., correction)
    }

    /// Variance along `dims`.
    ///
    /// # Errors
    /// As for [`Tensor::var`], or if a dim is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 2.0]]);
    /// assert_eq!(x.var_dim(0, 0.0)?.to_vec::<f32>()?, [1.0, 2.25]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn var_dim(&self, dims: impl Into<ReduceDims>, correction: f64) -> Result<Tensor> {
        let (value, along, divisor) = variance("var", self, &dims.into(), correction)?;
        Ok(record("var", value, &[self], |_| Var { x: Saved::input(0, self), along, divisor }))
    }
}

struct Var {
    x: Saved,
    along: Along,
    divisor: f64,
}

impl Pullback for Var {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || {
            let gy = self.along.spread(gy)?.mul_scalar(2.0 / self.divisor);
            centred(&x, &self.along)?.try_mul(&gy)
        })
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
    }
}

#[cfg(test)]
pub(super) fn reference(x: &[f64], correction: f64) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - correction)
}

#[cfg(test)]
crate::ops::cases::cases![{
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let rows = |x: &[Vec<f64>]| x[0].chunks(4).map(|r| reference(r, 0.0)).collect();
    [
        Case::new("var", x(), |x| x[0].var(1.0))
            .value(|x| vec![reference(&x[0], 1.0)])
            .refuses(|x| x[0].var(f64::NAN), "var: correction is NaN, it must be a number")
            .refuses(
                |x| x[0].to_dtype(DType::I64).var(1.0),
                "var: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("var_dim(-1)", x(), |x| x[0].var_dim(keep(-1), 0.0))
            .value(rows)
            .refuses(|x| x[0].var_dim(keep([0, 0]), 1.0), "var: dim 0 is named twice in [0, 0] (shape [2, 3, 4])"),
        Case::new("var_dim(0)", x(), |x| x[0].var_dim(0, 0.5))
            .value(|x| (0..12).map(|i| reference(&[x[0][i], x[0][12 + i]], 0.5)).collect()),
    ]
}];
