//! Arctangent.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::arc;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Arctangent: the angle, in radians, whose tangent is x.
    ///
    /// `y = atan x`, element by element, from −π/2 to π/2. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / (1 + x²)`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4; no square overflows.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).atan().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.785_398_2]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn atan(&self) -> Tensor {
        ATAN.of(0.0, self)
    }
}

pub(crate) static ATAN: Function =
    Function { name: "atan", loops: loops!(each: |_, x| arc::atan(x)), slope: Slope::Is(&SLOPE) };

/// `1 / (1 + x²)`
static SLOPE: Function =
    Function { name: "atan_slope", loops: loops!(wide: |_, x| slope(x)), slope: Slope::Is(&CURVE) };

/// `−2x / (1 + x²)²`
static CURVE: Function = Function {
    name: "atan_curve",
    loops: loops!(wide: |_, x| -2.0 * (x.clamp(-1e200, 1e200) * slope(x)) * slope(x)),
    slope: Slope::Code(|_, x| {
        // (6x² − 2) s³ by x² = 1/s − 1: x² overflows where s³ is 0.
        let s = SLOPE.try_of(0.0, x)?;
        s.mul_scalar(-8.0).add_scalar(6.0).try_mul(&s.square())
    }),
};

/// `1 / (1 + x²)`
#[inline(always)]
fn slope(x: f64) -> f64 {
    let s = 1.0 / x.mul_add(x, 1.0);
    if x.abs() > 1e100 { 1.0 / x / x } else { s }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("atan", -3.0..3.0, &[], |x| x.atan(), f64::atan)];
