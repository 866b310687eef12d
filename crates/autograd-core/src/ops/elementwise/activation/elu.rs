//! Exponential linear units.

use crate::error::Result;
use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::ops::check::Check;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Exponential linear unit.
    ///
    /// `y = x` where `x > 0`, else `alpha (eˣ − 1)`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else `gy · alpha eˣ`, also at 0; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 3 in `F64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1e9, 2.0]).elu(0.5).to_vec::<f32>()?, [-0.5, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by exponential linear units, 2016.
    pub fn elu(&self, alpha: f64) -> Tensor {
        ELU.of(alpha, self)
    }

    /// Scaled exponential linear unit, which keeps mean 0 and variance 1 of what goes through.
    ///
    /// `y = λ x` where `x > 0`, else `λ α (eˣ − 1)`, `λ = 1.0507`, `α = 1.6733`, element by element.
    ///
    /// # Gradient
    /// `gx = λ gy` where `x > 0`, else `λ α gy eˣ`, also at 0; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 3 in `F64`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1e9, 1.0]).selu().to_vec::<f32>()?, [-1.758_099_3, 1.050_701]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks, 2017.
    pub fn selu(&self) -> Tensor {
        SELU.of(0.0, self)
    }

    /// Continuously differentiable exponential linear unit.
    ///
    /// `y = x` where `x > 0`, else `alpha (e^(x / alpha) − 1)`, element by element.
    ///
    /// # Gradient
    /// `gx = gy` where `x > 0`, else `gy · e^(x / alpha)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 3 in `F64`.
    ///
    /// # Errors
    /// If `alpha` is 0 or NaN.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert_eq!(Tensor::from([-1e9, 2.0]).celu(0.5)?.to_vec::<f32>()?, [-0.5, 2.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Barron, Continuously differentiable exponential linear units, 2017.
    pub fn celu(&self, alpha: f64) -> Result<Tensor> {
        Check("celu").require(alpha != 0.0 && !alpha.is_nan(), "alpha", alpha, "a number other than 0")?;
        CELU.try_of(alpha, self)
    }
}

/// `λ` of `selu`
const SCALE: f64 = 1.0507009873554805;
/// `λ α` of `selu`
const NEGATIVE: f64 = 1.7580993408473766;

pub(crate) static ELU: Function = Function {
    name: "elu",
    loops: loops!(wide: |alpha, x| if x > 0.0 { x } else { alpha * math::expm1_f64(x) }),
    slope: Slope::Is(&ELU_SLOPE),
};

static ELU_SLOPE: Function = Function {
    name: "elu_slope",
    loops: loops!(wide: |alpha, x| if x > 0.0 { 1.0 } else { alpha * math::exp_f64(x) }),
    slope: Slope::Is(&ELU_CURVE),
};

/// Its own derivative.
static ELU_CURVE: Function = Function {
    name: "elu_curve",
    loops: loops!(wide: |alpha, x| if x > 0.0 { 0.0 } else { alpha * math::exp_f64(x) }),
    slope: Slope::Is(&ELU_CURVE),
};

static SELU: Function = Function {
    name: "selu",
    loops: loops!(wide: |_, x| if x > 0.0 { SCALE * x } else { NEGATIVE * math::expm1_f64(x) }),
    slope: Slope::Is(&SELU_SLOPE),
};

static SELU_SLOPE: Function = Function {
    name: "selu_slope",
    loops: loops!(wide: |_, x| if x > 0.0 { SCALE } else { NEGATIVE * math::exp_f64(x) }),
    slope: Slope::With(&ELU_CURVE, |_| NEGATIVE),
};

static CELU: Function = Function {
    name: "celu",
    loops: loops!(wide: |alpha, x| if x > 0.0 { x } else { alpha * math::expm1_f64(x / alpha) }),
    slope: Slope::Is(&CELU_SLOPE),
};

static CELU_SLOPE: Function = Function {
    name: "celu_slope",
    loops: loops!(wide: |alpha, x| if x > 0.0 { 1.0 } else { math::exp_f64(x / alpha) }),
    slope: Slope::Is(&CELU_CURVE),
};

static CELU_CURVE: Function = Function {
    name: "celu_curve",
    loops: loops!(wide: |alpha, x| if x > 0.0 { 0.0 } else { math::exp_f64(x / alpha) / alpha }),
    slope: Slope::Code(|alpha, x| Ok(CELU_CURVE.try_of(alpha, x)?.div_scalar(alpha))),
};

#[cfg(test)]
crate::ops::cases::cases![{
    let elu = |x: f64| if x > 0.0 { x } else { 0.7 * x.exp_m1() };
    let selu = |x: f64| 1.0507009873554805 * if x > 0.0 { x } else { 1.6732632423543772 * x.exp_m1() };
    let celu = |x: f64| if x > 0.0 { x } else { 0.7 * (x / 0.7).exp_m1() };
    [
        Case::unary("elu", -3.0..3.0, &[0.0], |x| x.elu(0.7), elu),
        Case::unary("selu", -3.0..3.0, &[0.0], |x| x.selu(), selu),
        Case::fallible_unary("celu", -3.0..3.0, &[0.0], |x| x.celu(0.7), celu)
            .refuses(|x| x[0].celu(0.0), "celu: alpha is 0.0, it must be a number other than 0"),
    ]
}];
