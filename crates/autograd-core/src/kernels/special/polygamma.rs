//! The derivatives of the logarithm of the gamma function.
//!
//! ```text
//! ψ(x) = ln x − 1/(2x) − Σ B₂ₖ / (2k x²ᵏ) from 10 on,   ψ(x + 1) = ψ(x) + 1/x,   ψ(x) = ψ(1 − x) − π / tan πx
//! ψₙ(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x),   ζ(s, q) = Σ (q + k)⁻ˢ
//! ```
//!
//! The sum of ζ is that of its first terms and the Euler–Maclaurin formula for the others. Below 0 it is a sum over all
//! whole numbers less what is beyond: three ζ of positive arguments, however far it is.

use super::gamma::{from_nearest, lgamma, polynomial};
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
/// `B₂ₖ / (2k)!`
const MACLAURIN: [f64; 12] = [
    0.08333333333333333,
    -0.001388888888888889,
    3.306878306878307e-05,
    -8.267195767195768e-07,
    2.08767569878681e-08,
    -5.284190138687493e-10,
    1.3382536530684679e-11,
    -3.3896802963225827e-13,
    8.586062056277845e-15,
    -2.174868698558062e-16,
    5.5090028283602295e-18,
    -1.3954464685812522e-19,
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
    if n <= 20.0 { (1..=n as u64).product::<u64>() as f64 } else { lgamma(n + 1.0).exp() }
}

/// `ψ(x)`; −∞ at 0, +∞ at −0, NaN at −1, −2 and so on.
fn digamma(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY.copysign(-x);
    }
    if x < 0.0 {
        return if x == x.floor() { f64::NAN } else { digamma(1.0 - x) - PI / (PI * from_nearest(x)).tan() };
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / x / x;
    (x.ln() - 0.5 / x) - square * polynomial(square, &DIGAMMA) - sum
}

/// `Σ (q + k)⁻ˢ` over k from 0 on, for whole s from 2 on; +∞ at 0, −1, −2 and so on.
fn zeta(s: f64, q: f64) -> f64 {
    if q <= 0.0 {
        if q == q.floor() {
            return f64::INFINITY;
        }
        let above = q - q.floor();
        let even = if s % 2.0 == 0.0 { 1.0 } else { -1.0 };
        return zeta(s, above) + even * (zeta(s, 1.0 - above) - zeta(s, 1.0 - q));
    }
    if q == f64::INFINITY {
        return 0.0;
    }
    let far = s.min(200.0) + 10.0;
    let (mut a, mut sum) = (q, 0.0);
    while a < far {
        sum += a.powf(-s);
        a += 1.0;
    }
    let power = a.powf(-s);
    let (mut factor, mut rest) = (s * power / a, 0.0);
    for (k, c) in MACLAURIN.iter().enumerate() {
        rest += c * factor;
        let k = 2.0 * k as f64 + 1.0;
        factor *= (s + k) / a * ((s + k + 1.0) / a);
    }
    sum + (power * (a / (s - 1.0) + 0.5) + rest)
}
