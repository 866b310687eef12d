//! Variance and mean together: an operation with two float outputs.

use super::dims::ReduceDims;
use super::var::{Measure, Spread, spread};
use crate::error::Result;
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::Tensor;
use std::sync::Arc;

impl Tensor {
    /// Variance and mean along `dims`, as [`Tensor::var_dim`] and [`Tensor::mean_dim`] give them.
    ///
    /// # Gradient
    /// `gx = g_var · 2 (x − μ) / (n − correction) + g_mean / n`. Saves x, and the
    /// mean and the squares of each row, once for both.
    ///
    /// # Errors
    /// If a dim is out of range or named twice, the dtype is not a float type, or `correction` is NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (var, mean) = Tensor::from([1.0, 2.0, 3.0, 6.0]).var_mean(.., 0.0)?;
    /// assert_eq!((var.item::<f32>()?, mean.item::<f32>()?), (3.5, 3.0));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn var_mean(&self, dims: impl Into<ReduceDims>, correction: f64) -> Result<(Tensor, Tensor)> {
        var_mean_of(self, &dims.into(), correction)
    }
}

fn var_mean_of(x: &Tensor, dims: &ReduceDims, correction: f64) -> Result<(Tensor, Tensor)> {
    let (var, spread) = spread("var_mean", x, dims, correction, Measure::Variance)?;
    let mean = crate::tape::unrecorded(|| x.mean_dim(dims.clone()))?;
    // Each output has a node. The two share what they save, and the walk adds up what they give.
    let state = Arc::new(Moments { x: Saved::input(0, x), spread });
    let var = record("var_mean", var, &[x], |_| VarOf(Arc::clone(&state)));
    let mean = record("var_mean", mean, &[x], |_| MeanOf(state));
    Ok((var, mean))
}

/// The values that the pull-backs of both outputs need.
struct Moments {
    x: Saved,
    spread: Spread,
}

struct VarOf(Arc<Moments>);

impl Pullback for VarOf {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let Moments { x, spread } = &*self.0;
        let (x, gy) = (x.get(at), at.gy());
        at.give(0, || spread.deviations(&x, &gy.mul_scalar(2.0 / spread.divisor)))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0.x);
        self.0.spread.saved(see);
    }
}

struct MeanOf(Arc<Moments>);

impl Pullback for MeanOf {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let Moments { x, spread } = &*self.0;
        let along = &spread.along;
        let gy = at.gy();
        at.give(0, || along.spread(&gy.div_scalar(along.count as f64))?.expand_to(x.value().shape()))
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        see(&self.0.x);
        self.0.spread.saved(see);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    use super::var::reference;
    use crate::DType;
    let x = || vec![Input::real(&[2, 3, 4], -2.0..2.0)];
    let mean = |r: &[f64]| r.iter().sum::<f64>() / r.len() as f64;
    let (var_of, mean_of) = (|x: &[Tensor]| x[0].var_mean(2, 1.0), |x: &[Tensor]| x[0].var_mean(keep(..), 0.0));
    [
        Case::new("var_mean", x(), move |x| var_of(x).map(|(var, mean)| var.try_mul(&mean))?)
            .value(move |x| x[0].chunks(4).map(|r| reference(r, 1.0) * mean(r)).collect())
            .not_counting_saved()
            .refuses(
                |x| Ok(x[0].to_dtype(DType::I64).var_mean(.., 1.0)?.0),
                "var_mean: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(|x| Ok(x[0].var_mean(3, 1.0)?.0), "var_mean: dim 3 is out of range for shape [2, 3, 4] (−3 to 2)")
            .refuses(|x| Ok(x[0].var_mean(.., f64::NAN)?.0), "var_mean: correction is NaN, it must be a number"),
        Case::new("var_mean (mean alone)", x(), move |x| Ok(mean_of(x)?.1)).value(move |x| vec![mean(&x[0])]),
        Case::new("var_mean (variance alone)", x(), move |x| Ok(var_of(x)?.0))
            .value(|x| x[0].chunks(4).map(|r| reference(r, 1.0)).collect()),
    ]
}];
