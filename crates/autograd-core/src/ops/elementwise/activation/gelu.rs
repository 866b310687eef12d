//! Gaussian error linear unit, exact and by the tanh formula.

use crate::kernels::math::{gate, normal};
use crate::kernels::number::{Number, special};
use crate::ops::elementwise::smooth::smooth;
use crate::tensor::Tensor;

/// # Activations
impl Tensor {
    /// Gaussian error linear unit, by the error function.
    ///
    /// `y = x Φ(x)`, `Φ(x) = (1 + erf(x / √2)) / 2`.
    ///
    /// # Gradient
    /// `gx = gy · (Φ(x) + x φ(x))`, `φ(x) = e^(−x²/2) / √(2π)`; saves x. At ±∞ it is NaN.
    ///
    /// # Numerics
    /// Within 5 ulp in `F32` and 6 in `F64`, also where it is small on the left; its derivatives within 4, the first
    /// also near its zero.
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
        smooth::<Gelu>(self)
    }

    /// Gaussian error linear unit, by the tanh formula of the paper.
    ///
    /// `y = x (1 + tanh u) / 2`, `u = √(2/π) (x + 0.044715 x³)`.
    ///
    /// # Gradient
    /// `gx = gy · ((1 + t) / 2 + x (1 − t²) u′ / 2)`, `t = tanh u`; saves x. At ±∞ it is NaN.
    ///
    /// # Numerics
    /// Within 2 ulp, also where it is small on the left, the derivatives within 4 and 5: it is computed as `x σ(2u)`,
    /// and `1 − t²` is not computed.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// assert!((Tensor::from(1.0).gelu_tanh().item::<f32>()? - 0.841_192).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gelu_tanh(&self) -> Tensor {
        smooth::<GeluTanh>(self)
    }
}

special! {
    pub(crate) Gelu: "gelu", normal::gelu;
    |x| x.special::<Slope>()
}

special! {
    /// `Φ(x) + x φ(x)`
    Slope: "gelu_slope", normal::gelu_slope;
    |x| x.special::<Curve>()
}

special! {
    /// `φ(x) (2 − x²)`
    Curve: "gelu_curve", normal::gelu_curve;
    // x (x² − 4) φ; one factor after the other, for φ is 0 before a power of x is infinite
    |x| {
        let first = x * x.special::<Density>();
        x * (x * first) - N::of(4.0) * first
    }
}

special! {
    /// `φ(x)`
    Density: "normal_density", normal::normal_density;
    |x| -(x * x.special::<Self>())
}

special! {
    GeluTanh: "gelu_tanh", gate::gelu_tanh;
    |x| x.special::<TanhSlope>()
}

special! {
    /// `σ + x v′ σ′`, of `v = 2u`
    TanhSlope: "gelu_tanh_slope", gate::gelu_tanh_slope;
    |x| x.special::<TanhCurve>()
}

special! {
    /// `σ′ k`, `k = 2 v′ + x v″ − x v′² t`, `t = tanh u`
    TanhCurve: "gelu_tanh_curve", gate::gelu_tanh_curve;
    // σ′ (k′ − k v′ t)
    |x| {
        let x = within(x);
        let (t, v_slope, v_curve) = (half(x).tanh(), slope(x), N::of(6.0 * gate::CUBIC_BEND.0) * x);
        let density = x.special::<TanhDensity>();
        let squared = v_slope * v_slope;
        let t_slope = N::of(2.0) * (density * v_slope);
        let k = N::of(4.0) * v_slope - N::of(2.0 * gate::CUBIC.0) - x * squared * t;
        let k_slope = N::of(4.0) * v_curve - squared * t - x * (N::of(2.0) * (v_slope * v_curve * t) + squared * t_slope);
        density * (k_slope - k * v_slope * t)
    }
}

special! {
    /// `σ′`
    TanhDensity: "gelu_tanh_density", gate::cubic_density;
    |x| {
        let x = within(x);
        -(x.special::<Self>() * slope(x) * half(x).tanh())
    }
}

/// x from −30 to 30: beyond, σ′ is 0, and the powers of x that it is multiplied with must not be infinite.
#[inline(always)]
fn within<N: Number>(x: N) -> N {
    let (low, high) = (N::of(-30.0), N::of(30.0));
    N::select(x.lt(low), low, N::select(x.gt(high), high, x))
}

/// `u`, half of `v`
#[inline(always)]
fn half<N: Number>(x: N) -> N {
    x * (x * x).mul_add(N::of(gate::CUBIC_BEND.0 / 2.0), N::of(gate::CUBIC.0 / 2.0))
}

/// `v′`
#[inline(always)]
fn slope<N: Number>(x: N) -> N {
    (x * x).mul_add(N::of(3.0 * gate::CUBIC_BEND.0), N::of(gate::CUBIC.0))
}

#[cfg(test)]
crate::ops::cases::cases![{
    use std::f64::consts::{FRAC_1_PI, FRAC_1_SQRT_2};
    let tanh = |x: f64| 0.5 * x * (1.0 + ((2.0 * FRAC_1_PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
    [
        Case::unary("gelu", -2.0..2.0, &[], |x| x.gelu(), |x| x * 0.5 * (1.0 + erf_reference(x * FRAC_1_SQRT_2)))
            .within_ulps([5.0, 4.0, 4.0]),
        Case::unary("gelu_tanh", -2.0..2.0, &[], |x| x.gelu_tanh(), tanh).within_ulps([2.0, 4.0, 5.0]),
    ]
}];
