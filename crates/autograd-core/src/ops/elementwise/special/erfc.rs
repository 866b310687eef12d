//! Complementary error function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::normal;
use crate::kernels::special::error;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::FRAC_2_SQRT_PI;

impl Tensor {
    /// Complementary error function.
    ///
    /// `y = 1 − erf x = 2/√π ∫ₓ^∞ e^(−t²) dt`, element by element, small where x is large. Integers and truth values
    /// become `F32` first.
    ///
    /// # Gradient
    /// `gx = −gy · 2/√π · e^(−x²)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`, however small; the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).erfc().to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.0, 0.479_500_1]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn erfc(&self) -> Tensor {
        ERFC.of(0.0, self)
    }
}

pub(crate) static ERFC: Function =
    Function { name: "erfc", loops: loops!(wide: |_, x| error::erfc(x)), slope: Slope::Is(&SLOPE) };

/// `−2/√π e^(−x²)`
static SLOPE: Function = Function {
    name: "erfc_slope",
    loops: loops!(wide: |_, x| -FRAC_2_SQRT_PI * normal::gauss(x)),
    slope: Slope::Is(&CURVE),
};

/// `4/√π x e^(−x²)`
static CURVE: Function = Function {
    name: "erfc_curve",
    loops: loops!(wide: |_, x| 2.0 * FRAC_2_SQRT_PI * normal::gauss_times(x)),
    slope: Slope::Code(|_, x| {
        // x² overflows where x e^(−x²) is 0.
        let curve = x.try_mul(&CURVE.try_of(0.0, x)?)?.mul_scalar(-2.0);
        SLOPE.try_of(0.0, x)?.mul_scalar(-2.0).try_add(&curve)
    }),
};

#[cfg(test)]
crate::ops::cases::cases![Case::unary("erfc", -2.0..2.0, &[], |x| x.erfc(), |x| 1.0 - erf_reference(x))];
