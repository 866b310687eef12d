//! Gaussian error linear unit, exact and by the tanh formula.

use crate::kernels::number::Number;
use crate::ops::elementwise::driver::{Elementwise, Keeps, elementwise};
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// # Activations
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
        elementwise([self], Gelu)
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
        elementwise([self], GeluTanh)
    }
}

/// 1/√(2π)
const NORMAL: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 / 2.0;
/// √(2/π)
const SLOPE: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
const CUBIC: f64 = 0.044715;

/// Φ(x)
#[inline(always)]
fn cdf<N: Number>(x: N) -> N {
    N::of(0.5) * (N::of(1.0) + (x * N::of(FRAC_1_SQRT_2)).erf())
}

/// √(2/π) (x + 0.044715 x³)
#[inline(always)]
fn u<N: Number>(x: N) -> N {
    N::of(SLOPE) * x * (x * x).mul_add(N::of(CUBIC), N::of(1.0))
}

#[derive(Clone, Copy)]
struct Gelu;

impl Elementwise<1> for Gelu {
    const NAME: &'static str = "gelu";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x * cdf(x)
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let density = N::of(NORMAL) * (N::of(-0.5) * x * x).exp();
        [gy * x.mul_add(density, cdf(x))]
    }
}

#[derive(Clone, Copy)]
struct GeluTanh;

impl Elementwise<1> for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x]: [N; 1]) -> N {
        x * (N::of(0.5) * (N::of(1.0) + u(x).tanh()))
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x]: [N; 1], _: N) -> [N; 1] {
        let (one, t) = (N::of(1.0), u(x).tanh());
        let slope = N::of(SLOPE) * (x * x).mul_add(N::of(3.0 * CUBIC), one);
        // Far out 1 − t² is exactly 0 while x · u′ overflows: this avoids 0 · ∞. At ±∞ the gradient is NaN, like that
        // of gelu.
        let bent = one - t * t;
        let tail = x * bent * N::select(bent.eq(N::of(0.0)), one, slope);
        [gy * (N::of(0.5) * (one + t + tail))]
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
