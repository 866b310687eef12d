//! Norms over whole tensors, gathered in `f64`: the same bits on any number of threads.

use crate::turn::{Decay, Turn};
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

/// `Σ x y`
pub(crate) fn dot(x: &Tensor, y: &Tensor) -> Result<f64> {
    x.fold(y, Products)
}

/// `Σ |x|`
pub(crate) fn abs_sum(x: &Tensor) -> Result<f64> {
    x.fold(x, Sizes)
}

/// The 2-norm of the gradient that a turn descends along. No tensor is made of it, unless its squares over- or
/// underflow.
pub(crate) fn descent_norm(turn: &Turn<'_>) -> Result<f64> {
    if turn.decay != Decay::Coupled || turn.weight_decay == 0.0 {
        return norm2(turn.gradient);
    }
    let sign = if turn.maximize { -1.0 } else { 1.0 };
    let sum = turn.gradient.fold(turn.parameter, SquaresOfSums { sign, l2: turn.weight_decay })?;
    if sum.is_finite() && sum >= 1e-280 { Ok(sum.sqrt()) } else { norm2(&turn.descent()?) }
}

/// The 2-norm of a turn's parameter as its formula finds it, which is after a decoupled decay.
pub(crate) fn parameter_norm(turn: &Turn<'_>) -> Result<f64> {
    let shrink = if turn.decay == Decay::Decoupled { (1.0 - turn.lr * turn.weight_decay).abs() } else { 1.0 };
    Ok(norm2(turn.parameter)? * shrink)
}

/// A factor in two parts, the first to be multiplied with first: one of a norm may be too large or too small for `F32`
/// where its product is neither.
pub(crate) fn in_two_parts(factor: f64) -> [f64; 2] {
    if (1e-30..1e30).contains(&factor) { [factor, 1.0] } else { [factor.sqrt(); 2] }
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
struct Products;

impl FoldRule for Products {
    #[inline(always)]
    fn element(self, x: f64, y: f64) -> f64 {
        x * y
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

#[derive(Clone, Copy)]
struct Sizes;

impl FoldRule for Sizes {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        x.abs()
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
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

/// `Σ (± x + λ y)²`
#[derive(Clone, Copy)]
struct SquaresOfSums {
    sign: f64,
    l2: f64,
}

impl FoldRule for SquaresOfSums {
    #[inline(always)]
    fn element(self, x: f64, y: f64) -> f64 {
        let sum = self.sign * x + self.l2 * y;
        sum * sum
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
