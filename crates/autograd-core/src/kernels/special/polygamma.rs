//! The derivatives of the logarithm of the gamma function.
//!
//! ```text
//! ψ(x) = ln x − 1/(2x) − Σ B₂ₖ / (2k x²ᵏ) from 10 on,   ψ(x + 1) = ψ(x) + 1/x,   ψ(x) = ψ(1 − x) − π / tan πx
//! ψₙ(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x)
//! ```

use super::gamma::{from_nearest, lgamma, polynomial};
use super::zeta::zeta;
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
