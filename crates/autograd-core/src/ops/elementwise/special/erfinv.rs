//! Inverse error function.

use crate::kernels::elementwise::pointwise::loops;
use crate::kernels::math;
use crate::kernels::special::error;
use crate::ops::elementwise::chain::{Function, Slope};
use crate::tensor::Tensor;
use std::f64::consts::FRAC_2_SQRT_PI;

impl Tensor {
    /// Inverse of the error function: `erf y = x`, element by element; ±∞ at ±1, NaN beyond. Integers and truth values
    /// become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · √π/2 · e^(y²)`, +∞ at ±1; saves x.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 4 in `F64`; the derivatives within 4 in `F32`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from([0.0, 0.5]).erfinv().to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.476_936_3]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn erfinv(&self) -> Tensor {
        ERFINV.of(0.0, self)
    }
}

static ERFINV: Function =
    Function { name: "erfinv", loops: loops!(pair: single, error::erfinv), slope: Slope::Is(&SLOPE) };

/// `√π/2 e^(y²)`
static SLOPE: Function =
    Function { name: "erfinv_slope", loops: loops!(pair: slope_single, slope_double), slope: Slope::Is(&CURVE) };

/// `2 y s²`, `s = √π/2 e^(y²)`
static CURVE: Function = Function {
    name: "erfinv_curve",
    loops: loops!(pair: curve_single, curve_double),
    slope: Slope::Code(|_, x| {
        let (y, s) = (x.erfinv(), SLOPE.try_of(0.0, x)?);
        y.square().mul_scalar(8.0).add_scalar(2.0).try_mul(&s.square().try_mul(&s)?)
    }),
};

#[inline(always)]
fn single(x: f32) -> f32 {
    error::erfinv_short(x.into()) as f32
}

#[inline(always)]
fn slope_single(x: f32) -> f32 {
    slope(error::erfinv_short(x.into())) as f32
}

#[inline(always)]
fn slope_double(x: f64) -> f64 {
    slope(error::erfinv(x))
}

#[inline(always)]
fn curve_single(x: f32) -> f32 {
    curve(error::erfinv_short(x.into())) as f32
}

#[inline(always)]
fn curve_double(x: f64) -> f64 {
    curve(error::erfinv(x))
}

#[inline(always)]
fn slope(y: f64) -> f64 {
    math::exp_f64(y * y) / FRAC_2_SQRT_PI
}

#[inline(always)]
fn curve(y: f64) -> f64 {
    2.0 * y * slope(y) * slope(y)
}

#[cfg(test)]
crate::ops::cases::cases![{
    // Bisection.
    let reference = |y: f64| {
        let (mut low, mut high) = (-3.0, 3.0);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if erf_reference(middle) < y { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    [Case::unary("erfinv", -0.9..0.9, &[], |x| x.erfinv(), reference)]
}];
