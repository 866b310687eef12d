//! Gaussian error linear unit, exact and by the tanh formula.
//!
//! forward    y = x Φ(x),  Φ(x) = (1 + erf(x/√2)) / 2        y = x (1 + tanh u) / 2,  u = √(2/π) (x + 0.044715 x³)
//! backward   gx = gy (Φ(x) + x φ(x)),  φ(x) = e^(−x²/2)/√(2π)    gx = gy ((1 + t)/2 + x (1 − t²) u′/2), t = tanh u    saves x

use super::unary::{Keeps, Unary, unary};
use crate::error::Result;
use crate::kernels::real::Real;
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

impl Tensor {
    /// Gaussian error linear unit, by the error function.
    ///
    /// `y = x Φ(x)`, `Φ(x) = (1 + erf(x / √2)) / 2`.
    ///
    /// # Gradient
    /// `gx = gy · (Φ(x) + x φ(x))`, `φ(x) = e^(−x²/2) / √(2π)`; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).gelu().item::<f32>()? - 0.841_344_7).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Hendrycks, Gimpel, Gaussian error linear units, 2016.
    pub fn gelu(&self) -> Tensor {
        unary(self, Gelu)
    }

    /// Gaussian error linear unit, by the tanh formula of the paper.
    ///
    /// `y = x (1 + tanh u) / 2`, `u = √(2/π) (x + 0.044715 x³)`.
    ///
    /// # Gradient
    /// `gx = gy · ((1 + t) / 2 + x (1 − t²) u′ / 2)`, `t = tanh u`; saves x.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).gelu_tanh().item::<f32>()? - 0.841_192).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gelu_tanh(&self) -> Tensor {
        unary(self, GeluTanh)
    }
}

/// 1/√(2π)
const NORMAL: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 / 2.0;
/// √(2/π)
const SLOPE: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
const CUBIC: f64 = 0.044715;

#[derive(Clone, Copy)]
struct Gelu;

impl Unary for Gelu {
    const NAME: &'static str = "gelu";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        x * (T::of(0.5) * (T::ONE + (x * T::of(FRAC_1_SQRT_2)).erf()))
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        let cdf = T::of(0.5) * (T::ONE + (x * T::of(FRAC_1_SQRT_2)).erf());
        let density = T::of(NORMAL) * (T::of(-0.5) * x * x).exp();
        Some(gy * x.mul_add(density, cdf))
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        let cdf = x.mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
        let density = x.square().mul_scalar(-0.5).exp().mul_scalar(NORMAL);
        gy.try_mul(&cdf.try_add(&x.try_mul(&density)?)?)
    }
}

#[derive(Clone, Copy)]
struct GeluTanh;

impl Unary for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    const KEEPS: Keeps = Keeps::Input;

    #[inline(always)]
    fn value<T: Real>(self, x: T) -> T {
        let u = T::of(SLOPE) * x * (x * x).mul_add(T::of(CUBIC), T::ONE);
        x * (T::of(0.5) * (T::ONE + u.tanh()))
    }

    #[inline(always)]
    fn pull<T: Real>(self, gy: T, x: T) -> Option<T> {
        let t = (T::of(SLOPE) * x * (x * x).mul_add(T::of(CUBIC), T::ONE)).tanh();
        let slope = T::of(SLOPE) * (x * x).mul_add(T::of(3.0 * CUBIC), T::ONE);
        // Far out 1 − t² is exactly 0 while x · u′ overflows: keep 0 · ∞ from happening. At ±∞ it is NaN, as that of gelu.
        let bent = T::ONE - t * t;
        let tail = if bent == T::ZERO { x * T::ZERO } else { x * bent * slope };
        Some(gy * (T::of(0.5) * (T::ONE + t + tail)))
    }

    fn pull_tensor(self, gy: &Tensor, x: &Tensor) -> Result<Tensor> {
        let square = x.square();
        let u = x.try_mul(&square.mul_scalar(CUBIC).add_scalar(1.0))?.mul_scalar(SLOPE);
        let t = u.tanh();
        let slope = square.mul_scalar(3.0 * CUBIC).add_scalar(1.0).mul_scalar(SLOPE);
        let tail = x.try_mul(&t.square().neg().add_scalar(1.0))?.try_mul(&slope)?;
        gy.try_mul(&t.add_scalar(1.0).try_add(&tail)?.mul_scalar(0.5))
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let tanh = |x: f64| 0.5 * x * (1.0 + (SLOPE * (x + CUBIC * x.powi(3))).tanh());
    [
        Case::unary("gelu", -2.0..2.0, &[], |x| x.gelu(), |x| x * 0.5 * (1.0 + erf_reference(x * FRAC_1_SQRT_2))),
        Case::unary("gelu_tanh", -2.0..2.0, &[], |x| x.gelu_tanh(), tanh),
    ]
}];
