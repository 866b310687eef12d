//! Modified Bessel functions of the first kind, and their derivatives of any order.
//!
//! ```text
//! Iₘ(x) = Σ (x/2)²ᵏ⁺ᵐ / (k! (k + m)!)
//! e⁻ˣ Iₘ(x) ~ Σ (−1)ᵏ aₖ(m) / xᵏ / √(2πx),   aₖ(m) = Π (4m² − (2j − 1)²) / (8 j)
//! Iₘ′ = (Iₘ₋₁ + Iₘ₊₁) / 2
//! ```
//!
//! All terms of the series are positive: nothing cancels. The derivatives of `e^(−|x|) Iₘ(x)` are differences up to
//! where the second sum, differentiated term by term, takes over.
//!
//! I₀, I₁ and I₁′ of `f32` have polynomials of their own, which vectorise: Chebyshev interpolation in 40-digit
//! arithmetic.

use crate::kernels::math::exp_f64;
use crate::kernels::math::exponential::Scalar;
use std::f64::consts::PI;

/// From here on the sum over 1 / xᵏ is as good as f64.
const FAR: f64 = 40.0;

/// `e^(−x) Iₘ(x)` for x from 0 to [`FAR`], or anything that is not too large for the sum.
fn series(m: f64, x: f64) -> f64 {
    let half = x / 2.0;
    let mut term = (1..=m as u32).fold((-x).exp(), |term, k| term * (half / f64::from(k)));
    let (mut sum, mut k) = (term, 1.0);
    while term > sum * 1e-18 {
        term *= half / k * (half / (k + m));
        sum += term;
        k += 1.0;
    }
    sum
}

/// The derivative of order n of `e^(−x) Iₘ(x)`, beyond [`FAR`].
fn far_scaled(m: f64, n: u32, x: f64) -> f64 {
    // Of x^(−k − ½) it is (−1)ⁿ (k + ½) (k + 3/2) .. x^(−k − ½ − n).
    let order = f64::from(n);
    let first = (0..n).fold(1.0 / (2.0 * PI * x).sqrt(), |term, j| term * (-(f64::from(j) + 0.5) / x));
    let (mut term, mut sum, mut k) = (first, first, 1.0);
    // The terms become smaller up to about k = 2x.
    while k < 60.0 && term.abs() > sum.abs() * 1e-18 {
        let odd = 2.0 * k - 1.0;
        term *= -(4.0 * m * m - odd * odd) / (8.0 * k * x) * ((k - 0.5 + order) / (k - 0.5));
        sum += term;
        k += 1.0;
    }
    sum
}

/// `e^(−x) Iₘ(x)` for x not negative.
fn scaled(m: f64, x: f64) -> f64 {
    if x > FAR { far_scaled(m, 0, x) } else { series(m, x) }
}

/// The derivative of order n of I₀, times `e^(−x)`, for x not negative.
fn derivative(n: u32, x: f64) -> f64 {
    if n < 2 {
        return scaled(f64::from(n), x);
    }
    // 2⁻ⁿ Σ binomial(n, k) I₍|n − 2k|₎
    let (mut binomial, mut sum) = (0.5f64.powi(n as i32), 0.0);
    for k in 0..=n {
        sum += binomial * scaled(f64::from(n.abs_diff(2 * k)), x);
        binomial *= f64::from(n - k) / f64::from(k + 1);
    }
    sum
}

/// `I₀(x)` on x² ≤ 64, in x²/4; error 2⁻³⁷.
const NEAR_0: [f64; 13] = [
    1.000000000005861,
    0.9999999998762107,
    0.2500000004327697,
    0.027777777183973045,
    0.001736111533897476,
    6.944426557484554e-05,
    1.929060824170048e-06,
    3.935881793983763e-08,
    6.162032925775774e-10,
    7.502613866109468e-12,
    8.109645077326972e-14,
    4.4354521629047e-16,
    8.008129540710816e-18,
];
/// `I₁(x) / (x/2)` on x² ≤ 64, in x²/4; error 2⁻³⁵.
const NEAR_1: [f64; 12] = [
    0.9999999999810016,
    0.5000000003418734,
    0.08333333231629912,
    0.0069444456278117085,
    0.0003472215119613321,
    1.1574325123298555e-05,
    2.75517079225757e-07,
    4.9291770442461085e-09,
    6.754619740918524e-11,
    8.103532776826348e-13,
    4.8846754512677756e-15,
    9.6140430790495e-17,
];
/// `√x e⁻ˣ I₀(x)` for x from 8 to 200, in 8/x; error 2⁻³³.
const FAR_0: [f64; 8] = [
    0.39894227994055365,
    0.006233491531625173,
    0.0004380413069715642,
    5.86530267014059e-05,
    5.593177629028331e-06,
    1.2672646148113444e-05,
    -8.900923524646993e-06,
    4.51172869944842e-06,
];
/// `√x e⁻ˣ I₁(x)` for x from 8 to 200, in 8/x; error 2⁻³³.
const FAR_1: [f64; 8] = [
    0.3989422809375923,
    -0.018700440769431344,
    -0.000730195720039711,
    -8.172492872519962e-05,
    -7.923262204653497e-06,
    -1.468992467158213e-05,
    1.0055225636629221e-05,
    -5.095027362855954e-06,
];

/// Coefficients of `a(x) − c xⁿ b(x)`.
const fn difference<const A: usize, const B: usize, const N: usize>(
    a: [f64; A],
    c: f64,
    n: usize,
    b: [f64; B],
) -> [f64; N] {
    let mut all = [0.0; N];
    let mut i = 0;
    while i < N {
        if i < A {
            all[i] += a[i];
        }
        if i >= n && i - n < B {
            all[i] -= c * b[i - n];
        }
        i += 1;
    }
    all
}

/// `I₁′(x) = I₀(x) − I₁(x) / x` on x² ≤ 64, in x²/4.
const NEAR_SLOPE: [f64; 13] = difference(NEAR_0, 0.5, 0, NEAR_1);
/// `√x e⁻ˣ I₁′(x)` for x from 8 to 200, in 8/x.
const FAR_SLOPE: [f64; 9] = difference(FAR_0, 0.125, 1, FAR_1);

/// What `near` and `far` make of x: far beyond the largest number of `f32` it stays finite.
#[inline(always)]
fn short<const N: usize, const M: usize>(x: f64, near: &[f64; N], far: &[f64; M]) -> f64 {
    let z = x.magnitude().at_most(200.0);
    let beyond = (8.0 / z).horner(&[0.0], far) * exp_f64(z) / z.sqrt();
    let middle = (0.25 * z * z).horner(&[0.0], near);
    if z > 8.0 { beyond } else { middle }
}

/// `I₀` of a number of `f32`, to 2⁻³².
#[inline(always)]
pub fn i0_short(x: f64) -> f64 {
    short(x, &NEAR_0, &FAR_0)
}

/// `I₁` of a number of `f32`, to 2⁻³².
#[inline(always)]
pub fn i1_short(x: f64) -> f64 {
    let y = short(x, &NEAR_1, &FAR_1);
    // Beyond 8 it is no quotient.
    (if x.magnitude() > 8.0 { y } else { 0.5 * x.magnitude() * y }).signed(x)
}

/// `I₁′` of a number of `f32`, to 2⁻³².
#[inline(always)]
pub fn i1_slope_short(x: f64) -> f64 {
    short(x, &NEAR_SLOPE, &FAR_SLOPE)
}

/// The sign of a derivative of order n of a function that is even in x.
fn sign(n: u32, x: f64) -> f64 {
    if n % 2 == 1 && x < 0.0 { -1.0 } else { 1.0 }
}

/// Beyond it every derivative of I₀ is larger than any number.
const LARGEST: f64 = 1000.0;

/// The derivative of order n of I₀; I₁ is the first.
pub fn i0(n: f64, x: f64) -> f64 {
    let (n, z) = (n as u32, x.abs());
    if z > LARGEST {
        return sign(n, x) * f64::INFINITY;
    }
    if z == 0.0 && n % 2 == 1 {
        return x;
    }
    let scaled = derivative(n, z);
    // In two steps, for the power overflows before the product.
    let half = (z / 2.0).exp();
    sign(n, x) * (scaled * half * half)
}

/// The derivative of order n of `e^(−|x|) I₀(x)` or, if `odd`, of `e^(−|x|) I₁(x)`; at 0 the mean of both sides.
fn scaled_derivative(odd: u32, n: u32, x: f64) -> f64 {
    let z = x.abs();
    if x.is_nan() {
        return x;
    }
    if z == 0.0 && (n + odd) % 2 == 1 {
        return if n == 0 { x } else { 0.0 };
    }
    let y = if z > FAR {
        far_scaled(f64::from(odd), n, z)
    } else {
        // Σ binomial(n, k) (−1)ⁿ⁻ᵏ times the derivatives of order k
        let (mut binomial, mut sum) = (if n % 2 == 1 { -1.0 } else { 1.0 }, 0.0);
        for k in 0..=n {
            sum += binomial * derivative(k + odd, z);
            binomial *= -f64::from(n - k) / f64::from(k + 1);
        }
        sum
    };
    sign(n + odd, x) * y
}

/// The derivative of order n of `e^(−|x|) I₀(x)`.
pub fn i0e(n: f64, x: f64) -> f64 {
    scaled_derivative(0, n as u32, x)
}

/// The derivative of order n of `e^(−|x|) I₁(x)`.
pub fn i1e(n: f64, x: f64) -> f64 {
    scaled_derivative(1, n as u32, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_of_single_numbers_agree_with_the_sums() {
        for i in -900..=900 {
            let x = f64::from(i) * 0.1 + 0.003;
            for (n, short) in [(0.0, i0_short as fn(f64) -> f64), (1.0, i1_short), (2.0, i1_slope_short)] {
                let (got, want) = (short(x), i0(n, x));
                assert!((got / want - 1.0).abs() < 3e-10, "order {n} at {x}: {got:e} and {want:e}");
            }
        }
        assert_eq!((i1_slope_short(0.0) as f32, i1_slope_short(1e30) as f32), (0.5, f32::INFINITY));
        assert!(i1_slope_short(f64::NAN).is_nan());
    }
}
