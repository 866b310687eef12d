//! Variance.

use super::along::Along;
use super::dims::{ReduceDims, keep};
use crate::error::Result;
use crate::kernels::moments::{deviations, lost_squares, moments};
use crate::ops::check::Check;
use crate::tape::{Pull, Pullback, Saved, is_recording, record};
use crate::tensor::{Tensor, for_float};

/// The moments of rows, and what they were taken of.
pub(super) struct Spread {
    pub(super) along: Along,
    pub(super) divisor: f64,
    /// [`Moments`] of each row, `[rows, 3]`.
    moments: Saved,
}

/// What is made of the squared deviations.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Measure {
    /// σ²
    Variance,
    /// σ
    Deviation,
}

/// `Σ (x − μ)²` divided by the count less the correction, or the root of it, and what its derivative needs; not
/// recorded.
pub(super) fn spread(
    op: &'static str,
    x: &Tensor,
    dims: &ReduceDims,
    correction: f64,
    measure: Measure,
) -> Result<(Tensor, Spread)> {
    let float = Check(op).float(x)?;
    Check(op).require(!correction.is_nan(), "correction", correction, "a number")?;
    let along = Along::new(op, x, dims)?;
    let divisor = (along.count as f64 - correction).max(0.0);
    let rows = along.rows(x);
    let count = along.shape.iter().product();
    let length = along.count;
    let moments = for_float!(float, T => Tensor::compute::<T, 1>(op, &[count, 3], [&rows], move |[rows], y| {
        let (y, _) = y.as_chunks_mut::<3>();
        if length == 0 {
            y.fill([T::NAN; 3]);
        } else {
            moments::<T>(rows.flat(), length, y);
        }
    }))?;
    let value = for_float!(float, T => Tensor::compute::<T, 2>(op, &along.shape, [&moments, &rows], move |[of, x], y| {
        let ((moments, _), x) = (of.flat::<T>().as_chunks::<3>(), x.flat::<T>());
        for (i, (y, moments)) in y.iter_mut().zip(moments).enumerate() {
            let row = &x[i * length..][..length];
            *y = match (lost_squares(row, *moments), measure) {
                (None, Measure::Variance) => moments[2] / divisor as T,
                (None, Measure::Deviation) => (moments[2] / divisor as T).sqrt(),
                (Some([unit, sum]), Measure::Variance) => (sum / divisor * 4.0 * unit * unit) as T,
                (Some([unit, sum]), Measure::Deviation) => ((sum / divisor).sqrt() * 2.0 * unit) as T,
            };
        }
    }))?;
    Ok((value, Spread { along, divisor, moments: Saved::constant(&moments) }))
}

impl Spread {
    /// `(x − μ) · scale`, with one scale for each element of the result.
    pub(super) fn deviations(&self, x: &Tensor, scale: &Tensor) -> Result<Tensor> {
        let (along, moments) = (&self.along, self.moments.value());
        if !is_recording() && along.trailing() && along.count > 0 {
            let (x, scale) = (x.packed(), scale.packed());
            let (operands, count) = ([&*x, moments, &*scale], along.count);
            return for_float!(x.float(), T => {
                Tensor::compute::<T, 3>("var", x.shape(), operands, move |[x, moments, scale], y| {
                    let (moments, _) = moments.flat::<T>().as_chunks::<3>();
                    deviations::<T>(x.flat(), moments, scale.flat(), count, y);
                })
            });
        }
        let part = |i: isize| moments.narrow(1, i, 1)?.reshape_to(&along.kept);
        let about_centre = x.try_sub(&part(0)?)?;
        // The centre is a constant that nothing depends on; what it lacks to the mean does.
        let drift = match along.folded() {
            dims if dims.is_empty() => about_centre.clone(),
            dims if is_recording() => about_centre.mean_dim(keep(&dims[..]))?,
            _ => part(1)?,
        };
        about_centre.try_sub(&drift)?.try_mul(&along.spread(scale)?)
    }

    pub(super) fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.moments);
    }
}

impl Tensor {
    /// Variance of all elements: `Σ (x − μ)² / (n − correction)`. `correction` 1 is the unbiased estimate of a sample's
    /// variance, 0 the variance of a whole population.
    ///
    /// # Gradient
    /// `gx = gy · 2 (x − μ) / (n − correction)`; saves x, and the mean and the squares of each row.
    ///
    /// # Numerics
    /// By the corrected two-pass algorithm, with a mean of two parts: adding the same to all elements changes neither
    /// value nor derivatives, as far as the sums are exact, and of equal elements both are exactly 0. Squares that are
    /// too large or too small for the dtype are scaled, so that a deviation is right where its square is not, and so is
    /// its gradient, as long as `x − μ` is in range (a recorded one: sums of it). NaN where `n ≤ correction` and all
    /// elements are equal.
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
        var_dim_of(self, &dims.into(), correction)
    }
}

fn var_dim_of(x: &Tensor, dims: &ReduceDims, correction: f64) -> Result<Tensor> {
    let (value, spread) = spread("var", x, dims, correction, Measure::Variance)?;
    Ok(record("var", value, &[x], |_| Var { x: Saved::input(0, x), spread }))
}

struct Var {
    x: Saved,
    spread: Spread,
}

impl Pullback for Var {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (x, gy) = (self.x.get(at), at.gy());
        at.give(0, || self.spread.deviations(&x, &gy.mul_scalar(2.0 / self.spread.divisor)))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.x);
        self.spread.saved(see);
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
