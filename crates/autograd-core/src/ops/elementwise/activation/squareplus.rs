//! Smooth rectifier without an exponential.

use crate::error::Result;
use crate::kernels::elementwise::pointwise::loops;
use crate::ops::check::Check;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = (x + √(x² + b)) / 2`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · (1 + x / √(x² + b)) / 2`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 3 in `F64`: left of 0 it is `b / 2 / (√(x² + b) − x)`.
    ///
    /// # Errors
    /// If b is negative or not finite.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1.5]).squareplus(4.0)?.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Barron, Squareplus: a softplus-like algebraic rectifier, 2021.
    pub fn squareplus(&self, b: f64) -> Result<Tensor> {
        Check("squareplus").require(b >= 0.0 && b.is_finite(), "b", b, "finite and not negative")?;
        SQUAREPLUS.try_of(b, self)
    }
}

static SQUAREPLUS: Function =
    Function { name: "squareplus", loops: loops!(wide: |b, x| value(b, x)), slope: Slope::Is(&SLOPE) };

/// `(1 + x / r) / 2`, `r = √(x² + b)`
static SLOPE: Function =
    Function { name: "squareplus_slope", loops: loops!(wide: |b, x| slope(b, x)), slope: Slope::Is(&CURVE) };

/// `b / (2 r³)`
static CURVE: Function = Function {
    name: "squareplus_curve",
    loops: loops!(wide: |b, x| 0.5 * b / (root(b, x) * root(b, x) * root(b, x))),
    slope: Slope::Code(|b, x| {
        let square = x.square().add_scalar(b);
        CURVE.try_of(b, x)?.try_mul(x)?.try_div(&square).map(|y| y.mul_scalar(-3.0))
    }),
};

/// `√(x² + b)`
#[inline(always)]
fn root(b: f64, x: f64) -> f64 {
    let root = x.mul_add(x, b).sqrt();
    if x.abs() > 1e100 { x.abs() } else { root }
}

#[inline(always)]
fn value(b: f64, x: f64) -> f64 {
    let left = 0.5 * b / (root(b, x) - x);
    if x < 0.0 { left } else { 0.5 * (x + root(b, x)) }
}

#[inline(always)]
fn slope(b: f64, x: f64) -> f64 {
    let r = root(b, x);
    let left = 0.5 * b / (r - x) / r;
    let ratio = if x > 1e100 { 1.0 } else { x / r };
    if x < 0.0 { left } else { 0.5 + 0.5 * ratio }
}

#[cfg(test)]
crate::ops::cases::cases![
    Case::fallible_unary("squareplus", -3.0..3.0, &[], |x| x.squareplus(1.5), |x| 0.5 * (x + (x * x + 1.5).sqrt()))
        .refuses(|x| x[0].squareplus(-1.0), "squareplus: b is -1.0, it must be finite and not negative")
];
