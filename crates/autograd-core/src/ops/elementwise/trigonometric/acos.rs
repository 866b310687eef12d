//! Arccosine.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::arc;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Arccosine: the angle, in radians, whose cosine is x.
    ///
    /// `y = acos x`, element by element, from 0 to π; NaN beyond ±1. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy / √(1 − x²)`, −∞ at ±1 (the true limit); saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4, also near ±1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 0.5]).acos().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.047_197_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn acos(&self) -> Tensor {
        ACOS.of(0.0, self)
    }
}

pub(crate) static ACOS: Function =
    Function { name: "acos", loops: loops!(each: |_, x| arc::acos(x)), slope: Slope::Is(&SLOPE) };

/// `−1 / √(1 − x²)`
static SLOPE: Function =
    Function { name: "acos_slope", loops: loops!(wide: |_, x| -slope(x)), slope: Slope::Is(&CURVE) };

/// `−x (1 − x²)^(−3/2)`
static CURVE: Function = Function {
    name: "acos_curve",
    loops: loops!(wide: |_, x| -x * (slope(x) * slope(x) * slope(x))),
    slope: Slope::Code(|_, x| {
        let s = SLOPE.try_of(0.0, x)?;
        let s5 = s.square().square().try_mul(&s)?;
        x.square().mul_scalar(2.0).add_scalar(1.0).try_mul(&s5)
    }),
};

/// `1 / √((1 − x) (1 + x))`
#[inline(always)]
fn slope(x: f64) -> f64 {
    1.0 / ((1.0 - x) * (1.0 + x)).sqrt()
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("acos", -0.9..0.9, &[], |x| x.acos(), f64::acos)];
