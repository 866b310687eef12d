//! Inverse hyperbolic tangent.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::area;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;

impl Tensor {
    /// Inverse hyperbolic tangent.
    ///
    /// `y = ½ ln((1 + x) / (1 − x))`, element by element; ±∞ at ±1, NaN beyond. Integers and truth values become `F32`
    /// first.
    ///
    /// # Gradient
    /// `gx = gy / (1 − x²)`; saves x.
    ///
    /// # Numerics
    /// Within 2 ulp, the derivatives within 4, also near ±1.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).atanh().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.549_306_15]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn atanh(&self) -> Tensor {
        ATANH.of(0.0, self)
    }
}

pub(crate) static ATANH: Function =
    Function { name: "atanh", loops: loops!(each: |_, x| area::atanh(x)), slope: Slope::Is(&SLOPE) };

/// `1 / (1 − x²)`
static SLOPE: Function =
    Function { name: "atanh_slope", loops: loops!(wide: |_, x| slope(x)), slope: Slope::Is(&CURVE) };

/// `2x / (1 − x²)²`
static CURVE: Function = Function {
    name: "atanh_curve",
    loops: loops!(wide: |_, x| 2.0 * (x * slope(x) * slope(x))),
    slope: Slope::Code(|_, x| {
        // (6x² + 2) s³ by x² = 1 − 1/s.
        let s = SLOPE.try_of(0.0, x)?;
        s.mul_scalar(8.0).add_scalar(-6.0).try_mul(&s.square())
    }),
};

/// `1 / ((1 − x) (1 + x))`
#[inline(always)]
fn slope(x: f64) -> f64 {
    1.0 / ((1.0 - x) * (1.0 + x))
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary("atanh", -0.9..0.9, &[], |x| x.atanh(), f64::atanh)];
