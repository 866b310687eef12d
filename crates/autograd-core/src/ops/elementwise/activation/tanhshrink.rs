//! A number less its hyperbolic tangent.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::kernels::math::gate;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// `y = x − tanh x`, element by element. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy tanh² x`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`, also near 0, where y is about x³/3; the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).tanhshrink().item::<f32>()? - 0.238_405_8).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn tanhshrink(&self) -> Tensor {
        TANHSHRINK.of(0.0, self)
    }
}

static TANHSHRINK: Function =
    Function { name: "tanhshrink", loops: loops!(wide: |_, x| value(x)), slope: Slope::Is(&SLOPE) };

/// `tanh² x`
static SLOPE: Function = Function {
    name: "tanhshrink_slope",
    loops: loops!(wide: |_, x| math::tanh_f64(x) * math::tanh_f64(x)),
    slope: Slope::Is(&CURVE),
};

/// `2 tanh x / cosh² x`
static CURVE: Function = Function {
    name: "tanhshrink_curve",
    loops: loops!(wide: |_, x| 2.0 * math::tanh_f64(x) * gate::tanh_slope(x)),
    slope: Slope::Code(|_, x| {
        let square = x.tanh().square();
        let rest = square.neg().add_scalar(1.0);
        square.mul_scalar(-3.0).add_scalar(1.0).mul_scalar(2.0).try_mul(&rest)
    }),
};

/// `x − tanh x = (x cosh x − sinh x) / cosh x`, of which the numerator is `Σ 2k / (2k + 1)! x²ᵏ⁺¹` near 0.
#[inline(always)]
fn value(x: f64) -> f64 {
    let square = x * x;
    let series = SERIES.iter().rev().fold(0.0, |sum: f64, c| sum.mul_add(square, *c));
    let near = x * square * series / math::cosh_f64(x);
    if x.abs() < 1.0 { near } else { x - math::tanh_f64(x) }
}

/// `2k / (2k + 1)!` for k from 1 on
const SERIES: [f64; 9] = [
    1.0 / 3.0,
    1.0 / 30.0,
    1.0 / 840.0,
    1.0 / 45_360.0,
    1.0 / 3_991_680.0,
    1.0 / 518_918_400.0,
    1.0 / 93_405_312_000.0,
    1.0 / 22_230_464_256_000.0,
    1.0 / 6_758_061_133_824_000.0,
];

#[cfg(test)]
crate::ops::cases::cases![Case::unary("tanhshrink", -3.0..3.0, &[], |x| x.tanhshrink(), |x| x - x.tanh())];
