//! Norms over whole tensors, gathered in `f64`: the same bits on any number of threads.

use autograd_core::update::FoldRule;
use autograd_core::{Result, Tensor};

/// The root of the mean of the squares.
pub(crate) fn rms(x: &Tensor) -> Result<f64> {
    Ok(norm2(x)? / (x.numel() as f64).sqrt())
}

/// The 2-norm of a tensor.
pub(crate) fn norm2(x: &Tensor) -> Result<f64> {
    norm(std::iter::once(x), 2.0)
}

/// The p-norm of all elements of all tensors, gathered in `f64`; rescaled where powers over- or underflow.
pub(crate) fn norm<'a>(tensors: impl Iterator<Item = &'a Tensor> + Clone, p: f64) -> Result<f64> {
    if p == f64::INFINITY {
        return fold(&tensors, Largest);
    }
    let sum = if p == 2.0 { fold(&tensors, Squares)? } else { fold(&tensors, Powers { p, scale: 1.0 })? };
    // What has underflowed is below 1e-308 each: all of it together is lost in the rounding of such a sum.
    if sum.is_nan() || sum.is_finite() && sum >= 1e-280 {
        return Ok(root(sum, p));
    }
    let scale = fold(&tensors, Largest)?;
    if !scale.is_finite() || scale == 0.0 {
        return Ok(scale);
    }
    Ok(scale * root(fold(&tensors, Powers { p, scale })?, p))
}

fn root(sum: f64, p: f64) -> f64 {
    if p == 2.0 { sum.sqrt() } else { sum.powf(1.0 / p) }
}

fn fold<'a>(tensors: &(impl Iterator<Item = &'a Tensor> + Clone), rule: impl FoldRule) -> Result<f64> {
    tensors.clone().try_fold(0.0, |sum, g| Ok(rule.join(sum, g.fold(g, rule)?)))
}

#[derive(Clone, Copy)]
struct Squares;

impl FoldRule for Squares {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        x * x
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// `Σ (|x| / scale)ᵖ`
#[derive(Clone, Copy)]
struct Powers {
    p: f64,
    scale: f64,
}

impl FoldRule for Powers {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        (x.abs() / self.scale).powf(self.p)
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

#[derive(Clone, Copy)]
struct Largest;

impl FoldRule for Largest {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        x.abs()
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        // NaN must be seen.
        if a > b || a.is_nan() { a } else { b }
    }
}
