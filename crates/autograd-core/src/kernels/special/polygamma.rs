//! The derivatives of the logarithm of the gamma function.
//!
//! ```text
//! ψ(x) = ln x − 1/(2x) − Σ B₂ₖ / (2k x²ᵏ) from 10 on,   ψ(x + 1) = ψ(x) + 1/x,   ψ(x) = ψ(1 − x) − π / tan πx
//! ψ₁(x) = 1/x + 1/(2x²) + Σ B₂ₖ / x²ᵏ⁺¹ from 10 on,   ψ₁(x + 1) = ψ₁(x) − 1/x²,   ψ₁(x) = (π / sin πx)² − ψ₁(1 − x)
//! ψₙ(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x)
//! ```

use super::gamma::{from_nearest, lgamma_of_positive, polynomial};
use super::zeta::zeta;
use crate::kernels::math::{ln_f64, sin_f64, tan_f64};
use std::f64::consts::PI;

/// `B₂ₖ / 2k`
const DIGAMMA: [f64; 8] = [
    0.08333333333333333,
    -0.008333333333333333,
    0.003968253968253968,
    -0.004166666666666667,
    0.007575757575757576,
    -0.021092796092796094,
    0.08333333333333333,
    -0.4432598039215686,
];

/// `B₂ₖ`
const TRIGAMMA: [f64; 9] = [
    0.16666666666666666,
    -0.03333333333333333,
    0.023809523809523808,
    -0.03333333333333333,
    0.07575757575757576,
    -0.2531135531135531,
    1.1666666666666667,
    -7.092156862745098,
    54.971177944862156,
];

/// `ψₙ(x)`, the derivative of order n + 1 of `ln Γ(x)`.
pub fn polygamma(n: f64, x: f64) -> f64 {
    if n == 0.0 {
        return digamma(x);
    }
    let sign = if n % 2.0 == 0.0 { -1.0 } else { 1.0 };
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if n == 1.0 && x < 0.0 && x == x.floor() {
        // The square of an infinity; the sine of a multiple of π, rounded, makes a number of it, as it does in PyTorch.
        return (PI / (PI * x).sin()).powi(2) - zeta(2.0, 1.0 - x);
    }
    sign * factorial(n) * zeta(n + 1.0, x)
}

/// `n!`
fn factorial(n: f64) -> f64 {
    if n <= 20.0 { (1..=n as u64).product::<u64>() as f64 } else { lgamma_of_positive(n + 1.0).exp() }
}

/// `ψ(x)`; −∞ at 0, +∞ at −0, NaN at −1, −2 and so on.
#[inline(always)]
pub fn digamma(x: f64) -> f64 {
    let below = x < 0.0;
    let (mut z, mut sum) = (if below { 1.0 - x } else { x }, 0.0);
    for _ in 0..10 {
        let (near, term, next) = (z < 10.0, 1.0 / z, z + 1.0);
        sum += if near { term } else { 0.0 };
        z = if near { next } else { z };
    }
    let square = 1.0 / z / z;
    let right = (ln_f64(z) - 0.5 / z) - square * polynomial(square, &DIGAMMA) - sum;
    let left = right - PI / tan_f64(PI * from_nearest(x));
    let y = if below { left } else { right };
    if below & (x == x.floor()) { f64::NAN } else { y }
}

/// `ψ₁(x)`, and NaN at −1, −2 and so on, for which the caller goes to [`polygamma`].
#[inline(always)]
pub fn trigamma(x: f64) -> f64 {
    let below = x < 0.0;
    let (mut z, mut sum) = (if below { 1.0 - x } else { x }, 0.0);
    for _ in 0..10 {
        let (near, term, next) = (z < 10.0, 1.0 / (z * z), z + 1.0);
        sum += if near { term } else { 0.0 };
        z = if near { next } else { z };
    }
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let right = sum + (inverse + square * (0.5 + inverse * polynomial(square, &TRIGAMMA)));
    let quotient = PI / sin_f64(PI * from_nearest(x));
    let left = quotient * quotient - right;
    let y = if below { left } else { right };
    if below & (x == x.floor()) { f64::NAN } else { y }
}
