//! Covariance and correlation.

use crate::error::{Error, ErrorKind, Result};
use crate::ops::check::Check;
use crate::tensor::{DType, Tensor, for_float};
use std::cmp::Ordering;

/// The options of [`Tensor::cov`].
///
/// # Examples
/// ```
/// # use autograd_core::{CovOptions, Tensor};
/// let x = Tensor::from([[0.0, 2.0, 4.0]]);
/// assert_eq!(x.cov(CovOptions::new())?.item::<f32>()?, 4.0);
/// let twice = Tensor::from([1, 2, 1]);
/// assert_eq!(x.cov(CovOptions::new().correction(0.0).fweights(&twice))?.item::<f32>()?, 2.0);
/// let half = Tensor::from([0.5, 0.5, 0.0]);
/// assert_eq!(x.cov(CovOptions::new().correction(0.0).aweights(&half))?.item::<f32>()?, 1.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CovOptions {
    correction: f64,
    fweights: Option<Tensor>,
    aweights: Option<Tensor>,
}

impl Default for CovOptions {
    fn default() -> Self {
        CovOptions::new()
    }
}

impl CovOptions {
    /// Correction 1, no weights.
    pub fn new() -> Self {
        CovOptions { correction: 1.0, fweights: None, aweights: None }
    }

    /// What is taken off the number of observations in the divisor; default 1, the unbiased estimate.
    pub fn correction(mut self, correction: f64) -> Self {
        self.correction = correction;
        self
    }

    /// How often each observation was made, `[N]`, `I64`; default once.
    pub fn fweights(mut self, fweights: &Tensor) -> Self {
        self.fweights = Some(fweights.clone());
        self
    }

    /// The importance of each observation, `[N]`, of the tensor's dtype; default 1.
    pub fn aweights(mut self, aweights: &Tensor) -> Self {
        self.aweights = Some(aweights.clone());
        self
    }
}

impl Tensor {
    /// The covariances of variables, of each of which a row has the observations: `Σ w (xᵢ − μᵢ) (xⱼ − μⱼ) / d`.
    /// Without weights, w is 1 and d is `N − correction`; otherwise w is the product of both, and d is `Σ w −
    /// correction Σ w a / Σ w`, where a is the importance.
    ///
    /// # Shapes
    /// `[V, N] → [V, V]`; a scalar for one variable, `[1, N]`, `[N]` or a single number.
    ///
    /// # Gradient
    /// Flows to the observations and to the importances.
    ///
    /// # Errors
    /// If the tensor has more than two dimensions or is no float, or the weights do not fit it, are negative or add up
    /// to 0.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{CovOptions, Tensor};
    /// let x = Tensor::from([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]);
    /// assert_eq!(x.cov(CovOptions::new())?.to_vec::<f32>()?, [1.0, -1.0, -1.0, 1.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn cov(&self, options: CovOptions) -> Result<Tensor> {
        covariances("cov", self, &options)
    }

    /// The correlations of variables, `cᵢⱼ / √(cᵢᵢ cⱼⱼ)` of their [`Tensor::cov`], from −1 to 1; NaN for one that does
    /// not vary.
    ///
    /// # Gradient
    /// Flows to the observations; 0 where the value is ±1.
    ///
    /// # Errors
    /// If the tensor has more than two dimensions or is no float.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let x = Tensor::from([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]);
    /// let y = x.corrcoef()?.to_vec::<f32>()?;
    /// assert!((y[1] + 1.0).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn corrcoef(&self) -> Result<Tensor> {
        let c = covariances("corrcoef", self, &CovOptions::new())?;
        if c.rank() == 0 {
            return c.try_div(&c);
        }
        let deviations = c.diagonal(0, 0, 1)?.sqrt();
        let by_rows = c.try_div(&deviations.unsqueeze(1)?)?;
        by_rows.try_div(&deviations.unsqueeze(0)?)?.clamp(-1.0, 1.0)
    }
}

fn covariances(op: &'static str, x: &Tensor, options: &CovOptions) -> Result<Tensor> {
    Check(op).float(x)?;
    Check(op).require(!options.correction.is_nan(), "correction", options.correction, "a number")?;
    if x.rank() > 2 {
        return Err(Error::shape(op, "the tensor", x.shape(), "at most two dimensions"));
    }
    x.can_be_packed(op)?;
    let x = x.atleast_2d();
    let [variables, n] = Check(op).shape("the tensor", &x, "[V, N]")?;
    let mut weights = None;
    if let Some(often) = &options.fweights {
        Check(op).is("fweights", often, &[n])?;
        Check(op).dtype(often, DType::I64)?;
        let counts = often.untied().contiguous();
        Tensor::look(op, [&counts], move |[counts]| weighty(op, "fweights", counts.flat::<i64>(), 0))?;
        weights = Some(counts.to_dtype(x.dtype()));
    }
    if let Some(important) = &options.aweights {
        Check(op).is("aweights", important, &[n])?;
        let float = Check(op).same_float(&x, important)?;
        let packed = important.untied().contiguous();
        for_float!(float, T => {
            Tensor::look(op, [&packed], move |[given]| weighty(op, "aweights", given.flat::<T>(), 0.0))?;
        });
        weights = Some(match weights {
            None => important.reshape_to(&[n])?,
            Some(often) => often.try_mul(important)?,
        });
    }
    let (centred, weighted, divisor) = match &weights {
        None => {
            let centred = centred(&x, |x| x.mean_dim(crate::keep(1)))?;
            let divisor = Tensor::full(&[], (n as f64 - options.correction).max(0.0), x.dtype())?;
            (centred.clone(), centred, divisor)
        }
        Some(w) => {
            let total = w.sum();
            let centred = centred(&x, |x| x.try_mul(w)?.sum_dim(crate::keep(1))?.try_div(&total))?;
            let importance = match &options.aweights {
                None => Tensor::full(&[], 1.0, x.dtype())?,
                Some(important) => w.try_mul(important)?.sum().try_div(&total)?,
            };
            let divisor = total.try_sub(&importance.mul_scalar(options.correction))?.clamp(0.0, f64::INFINITY)?;
            (centred.clone(), centred.try_mul(w)?, divisor)
        }
    };
    let c = weighted.matmul(&centred.t()?)?.try_div(&divisor)?;
    if variables == 1 { c.reshape_to(&[]) } else { Ok(c) }
}

/// `x − μ`, by a mean in two parts: of equal elements it is 0, though their mean as one number may be rounded.
fn centred(x: &Tensor, mean: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let near = x.try_sub(&crate::tape::unrecorded(|| mean(x))?)?;
    near.try_sub(&mean(&near)?)
}

/// The weights must not be negative, and not all of them 0.
fn weighty<T: PartialOrd + Copy + std::fmt::Debug>(op: &str, what: &str, weights: &[T], zero: T) -> Result<()> {
    if let Some(negative) =
        weights.iter().find(|w| !matches!((*w).partial_cmp(&zero), Some(Ordering::Greater | Ordering::Equal)))
    {
        return Err(Error::argument(op, what, negative, "at least 0"));
    }
    if weights.iter().all(|w| *w == zero) {
        return Err(Error::new(ErrorKind::Argument, format!("{op}: {what} add up to 0, and nothing has a weight")));
    }
    Ok(())
}

#[cfg(test)]
crate::ops::cases::cases![{
    let x = || Input::real(&[3, 5], -2.0..2.0);
    // One covariance by the formula.
    let one = |x: &[f64], i: usize, j: usize, w: &[f64], divisor: f64| {
        let total: f64 = w.iter().sum();
        let row = |i: usize| &x[i * 5..i * 5 + 5];
        let mean = |i: usize| row(i).iter().zip(w).map(|(x, w)| x * w).sum::<f64>() / total;
        let terms = row(i).iter().zip(row(j)).zip(w);
        terms.map(|((a, b), w)| w * (a - mean(i)) * (b - mean(j))).sum::<f64>() / divisor
    };
    let all = move |x: &[f64], w: &[f64], divisor: f64| -> Vec<f64> {
        (0..9).map(|k| one(x, k / 3, k % 3, w, divisor)).collect()
    };
    // A result for tens of thousands of variables is larger than memory, though it could be taken for possible.
    let few = |x: &Tensor| {
        let variables = x.shape().first().copied().unwrap_or(1);
        Check("cov").require(variables < 1000, "V", variables, "below 1000")
    };
    let often = || Tensor::from([1, 0, 2, 3, 1]);
    let counts = [1.0, 0.0, 2.0, 3.0, 1.0];
    [
        Case::new("cov", vec![x()], move |x| few(&x[0]).and_then(|()| x[0].cov(CovOptions::new())))
            .value(move |x| all(&x[0], &[1.0; 5], 4.0))
            .refuses(
                |x| x[0].unsqueeze(0)?.cov(CovOptions::new()),
                "cov: the tensor has shape [1, 3, 5], expected at most two dimensions",
            )
            .refuses(
                |x| x[0].cov(CovOptions::new().correction(f64::NAN)),
                "cov: correction is NaN, it must be a number",
            )
            .refuses(
                |x| x[0].cov(CovOptions::new().fweights(&Tensor::from([1, 1, -1, 1, 1]))),
                "cov: fweights is -1, it must be at least 0",
            )
            .refuses(
                |x| x[0].cov(CovOptions::new().fweights(&Tensor::from([0; 5]))),
                "cov: fweights add up to 0, and nothing has a weight",
            )
            .refuses(
                |x| x[0].cov(CovOptions::new().fweights(&Tensor::from([1, 1]))),
                "cov: fweights has shape [2], expected [5]",
            )
            .refuses(
                |x| x[0].cov(CovOptions::new().aweights(&x[0].select(0, 0)?.full_like(-1.0))),
                "cov: aweights is -1.0, it must be at least 0",
            )
            .refuses(
                |x| x[0].to_dtype(DType::I64).cov(CovOptions::new()),
                "cov: dtype is I64, expected F32 or F64; to_dtype converts",
            ),
        Case::new("cov with both weights", vec![x(), Input::real(&[5], 0.5..1.5)], move |x| {
            few(&x[0])?;
            x[0].cov(CovOptions::new().correction(0.5).fweights(&often()).aweights(&x[1]))
        })
        .value(move |x| {
            let w: Vec<f64> = x[1].iter().zip(counts).map(|(a, f)| a * f).collect();
            let total: f64 = w.iter().sum();
            let importance = w.iter().zip(&x[1]).map(|(w, a)| w * a).sum::<f64>() / total;
            all(&x[0], &w, total - 0.5 * importance)
        }),
        Case::new("cov of one variable", vec![Input::real(&[5], -2.0..2.0)], |x| x[0].cov(CovOptions::new()))
            .value(move |x| vec![one(&x[0], 0, 0, &[1.0; 5], 4.0)]),
        Case::new("corrcoef", vec![x()], move |x| few(&x[0]).and_then(|()| x[0].corrcoef()))
            .value(move |x| {
                let c = all(&x[0], &[1.0; 5], 1.0);
                (0..9).map(|k| c[k] / (c[k / 3 * 4] * c[k % 3 * 4]).sqrt()).collect()
            })
            .refuses(
                |x| x[0].unsqueeze(0)?.corrcoef(),
                "corrcoef: the tensor has shape [1, 3, 5], expected at most two dimensions",
            ),
    ]
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_does_not_vary_has_no_covariance() -> Result<()> {
        let x = Tensor::from([[0.1f32; 3], [1.0, 2.0, 4.0]]);
        assert_eq!(x.cov(CovOptions::new())?.to_f64s()[..3], [0.0; 3]);
        let correlations = x.corrcoef()?.to_f64s();
        assert!(correlations[..3].iter().all(|c| c.is_nan()) && correlations[3] == 1.0, "{correlations:?}");
        // An offset changes nothing.
        let far = Tensor::from([[1e6f32, 1e6 + 1.0, 1e6 + 2.0, 1e6 + 7.0]]).cov(CovOptions::new())?.item::<f32>()?;
        assert!((far - 29.0 / 3.0).abs() < 1e-5, "{far}");
        Ok(())
    }
}
