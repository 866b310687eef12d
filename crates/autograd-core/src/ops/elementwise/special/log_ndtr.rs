//! Logarithm of the normal distribution function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math::normal;
use crate::kernels::special::{error, mills};
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

impl Tensor {
    /// Logarithm of the distribution function of the normal distribution.
    ///
    /// `y = ln Φ(x)`, element by element; about `−x²/2` on the left, where Φ itself is 0. Integers and truth values
    /// become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · φ(x) / Φ(x)`; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`; the derivatives within 4.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, -10.0]).log_ndtr().to_vec::<f32>()?;
    /// assert!(y.iter().zip([-0.693_147_2, -53.231_285]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn log_ndtr(&self) -> Tensor {
        LOG_NDTR.of(0.0, self)
    }
}

static LOG_NDTR: Function =
    Function { name: "log_ndtr", loops: loops!(wide: |_, x| error::log_ndtr(x)), slope: Slope::Is(&SLOPE) };

/// `φ / Φ`
static SLOPE: Function =
    Function { name: "log_ndtr_slope", loops: loops!(wide: |_, x| slope(x)), slope: Slope::Is(&CURVE) };

/// `−s (x + s)`, `s = φ / Φ`
static CURVE: Function = Function {
    name: "log_ndtr_curve",
    loops: loops!(called: curve),
    slope: Slope::Code(|_, x| {
        let (slope, curve) = (SLOPE.try_of(0.0, x)?, CURVE.try_of(0.0, x)?);
        let rest = slope.try_mul(&curve.add_scalar(1.0))?;
        curve.try_mul(&x.try_add(&slope)?)?.neg().try_sub(&rest)
    }),
};

/// `φ / Φ`
#[inline(always)]
fn slope(x: f64) -> f64 {
    let left = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 / error::erfcx(-x * FRAC_1_SQRT_2);
    if x < 0.0 { left } else { normal::normal_density(x) / error::ndtr(x) }
}

/// `s (x + s)` is `s G′(−x) / G(−x)`, `G = Φ(−z) / φ(z)`, whose derivative keeps its digits.
fn curve(_: f64, x: f64) -> f64 {
    // −1 + 1/x² and so on.
    if x < -1e8 {
        return -1.0;
    }
    let z = -x * FRAC_1_SQRT_2;
    if x < 0.0 {
        slope(x) * FRAC_1_SQRT_2 * (mills::erfcx_derivative(1.0, z) / mills::erfcx_derivative(0.0, z))
    } else {
        -slope(x) * (x.min(50.0) + slope(x))
    }
}

#[cfg(test)]
crate::ops::cases::cases![Case::unary(
    "log_ndtr",
    -2.0..2.0,
    &[],
    |x| x.log_ndtr(),
    |x| (0.5 + 0.5 * erf_reference(x * FRAC_1_SQRT_2)).ln()
)];
