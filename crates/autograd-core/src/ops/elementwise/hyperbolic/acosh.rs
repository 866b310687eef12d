//! Inverse hyperbolic cosine.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::area;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Inverse hyperbolic cosine.
    ///
    /// `y = ln(x + √(x² − 1))`, element by element; NaN below 1. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy / √(x² − 1)`, +∞ at 1 (the true limit); saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, also near 1, the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([1.0, 2.0]).acosh().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.316_957_9]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn acosh(&self) -> Tensor {
        ACOSH.of(0.0, self)
    }
}

pub(crate) static ACOSH: Function =
    Function { name: "acosh", loops: loops!(each: |_, x| area::acosh(x)), slope: Slope::Is(&SLOPE) };

/// `1 / √(x² − 1)`
static SLOPE: Function =
    Function { name: "acosh_slope", loops: loops!(wide: |_, x| slope(x)), slope: Slope::Is(&CURVE) };

/// `−x (x² − 1)^(−3/2)`
static CURVE: Function = Function {
    name: "acosh_curve",
    loops: loops!(wide: |_, x| -(x.clamp(-1e200, 1e200) * slope(x) * slope(x) * slope(x))),
    slope: Slope::Code(|_, x| {
        // (2x² + 1) s⁵ by x² = 1/s² + 1: x² overflows where s³ is 0.
        let s = SLOPE.try_of(0.0, x)?;
        let squared = s.square();
        squared.mul_scalar(3.0).add_scalar(2.0).try_mul(&squared.try_mul(&s)?)
    }),
};

/// `1 / √((x − 1) (x + 1))`, NaN below 1
#[inline(always)]
fn slope(x: f64) -> f64 {
    let s = 1.0 / ((x - 1.0) * (x + 1.0)).sqrt();
    let s = if x > 1e100 { 1.0 / x } else { s };
    if x < 1.0 { f64::NAN } else { s }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("acosh", 1.2..4.0, &[], |x| x.acosh(), f64::acosh)];
