//! Quantiles of the normal distribution.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::kernels::special::error;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

impl Tensor {
    /// Quantile of the normal distribution: `Φ(y) = x`, element by element; −∞ at 0, +∞ at 1, NaN outside. Integers and
    /// truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · √(2π) e^(y²/2)`, +∞ at 0 and 1; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`, however small x is; the derivatives within 4 in `F32`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.5, 0.975]).ndtri().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 1.959_964]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn ndtri(&self) -> Tensor {
        NDTRI.of(0.0, self)
    }
}

static NDTRI: Function =
    Function { name: "ndtri", loops: loops!(wide: |_, x| error::ndtri(x)), slope: Slope::Is(&SLOPE) };

/// `√(2π) e^(y²/2)`
static SLOPE: Function =
    Function { name: "ndtri_slope", loops: loops!(wide: |_, x| slope(error::ndtri(x))), slope: Slope::Is(&CURVE) };

/// `y s²`, `s = √(2π) e^(y²/2)`
static CURVE: Function = Function {
    name: "ndtri_curve",
    loops: loops!(wide: |_, x| curve(error::ndtri(x))),
    slope: Slope::Code(|_, x| {
        let (y, s) = (x.ndtri(), SLOPE.try_of(0.0, x)?);
        y.square().mul_scalar(2.0).add_scalar(1.0).try_mul(&s.square().try_mul(&s)?)
    }),
};

#[inline(always)]
fn slope(y: f64) -> f64 {
    2.0 * SQRT_2 * (math::exp_f64(0.5 * y * y) / FRAC_2_SQRT_PI)
}

#[inline(always)]
fn curve(y: f64) -> f64 {
    y * slope(y) * slope(y)
}

#[cfg(test)]
crate::ops::cases::cases![{
    // Bisection.
    let reference = |p: f64| {
        let (mut low, mut high) = (-4.0, 4.0);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if 0.5 + 0.5 * erf_reference(middle / SQRT_2) < p { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    [Case::unary("ndtri", 0.03..0.97, &[], |x| x.ndtri(), reference)]
}];
