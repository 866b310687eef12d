//! Self-regularised unit.

use crate::error::Result;
use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x tanh(ln(1 + eˣ))`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · (t + x t′)`, `t = tanh(ln(1 + eˣ))`; saves x. At ±∞ it is NaN.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`, the derivatives within 4: with `n = eˣ (eˣ + 2)`, t is `n / (n + 2)`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).mish().item::<f32>()? - 0.865_098_4).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Misra, Mish: a self regularized non-monotonic activation function, 2019.
    pub fn mish(&self) -> Tensor {
        MISH.of(0.0, self)
    }
}

static MISH: Function = Function { name: "mish", loops: loops!(wide: |_, x| x * part(x)[0]), slope: Slope::Is(&SLOPE) };

/// `t + x t′`
static SLOPE: Function =
    Function { name: "mish_slope", loops: loops!(wide: |_, x| part(x)[0] + x * part(x)[1]), slope: Slope::Is(&CURVE) };

/// `2 t′ + x t″`
static CURVE: Function = Function {
    name: "mish_curve",
    loops: loops!(wide: |_, x| 2.0 * part(x)[1] + x * part(x)[2]),
    slope: Slope::Code(|_, x| last(x)),
};

/// t, t′ and t″. Beyond 30 t is 1 to all digits.
#[inline(always)]
fn part(x: f64) -> [f64; 3] {
    let w = math::exp_f64(if x > 30.0 { 30.0 } else { x });
    let n = w * (w + 2.0);
    let r = 1.0 / (n + 2.0);
    let first = 4.0 * w * (w + 1.0) * r * r;
    let second = 4.0 * w * (2.0 + w * (2.0 - w * (3.0 + 2.0 * w))) * r * r * r;
    if x > 30.0 { [1.0, 0.0, 0.0] } else { [n * r, first, second] }
}

/// `3 t″ + x t‴`, where `t = 1 − 2 / P`, `P = w² + 2w + 2`, and the derivatives of P are `2ᵏ w² + 2w`.
fn last(x: &Tensor) -> Result<Tensor> {
    let w = x.clamp(f64::NEG_INFINITY, 30.0)?.exp();
    let (square, twice) = (w.square(), w.mul_scalar(2.0));
    let of_order = |k: i32| square.mul_scalar(2f64.powi(k)).try_add(&twice);
    let (r, p1, p2, p3) = (of_order(0)?.add_scalar(2.0).reciprocal(), of_order(1)?, of_order(2)?, of_order(3)?);
    let q = p1.try_mul(&r)?;
    let second = p2.try_sub(&p1.try_mul(&q)?.mul_scalar(2.0))?;
    let bent = q.try_mul(&p1.try_mul(&q)?.try_sub(&p2)?)?.mul_scalar(6.0);
    // Where x is large, its factor is what rounding has left of 0.
    let sum = second.mul_scalar(3.0).try_add(&x.clamp(f64::NEG_INFINITY, 100.0)?.try_mul(&p3.try_add(&bent)?)?)?;
    Ok(sum.try_mul(&r.square())?.mul_scalar(2.0))
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("mish", -3.0..3.0, &[], |x| x.mish(), |x| x * x.exp().ln_1p().tanh())];
