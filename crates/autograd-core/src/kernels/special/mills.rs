//! The derivatives of `e^(x²) erfc x`.
//!
//! ```text
//! y′ = 2x y − 2/√π,   yₙ = 2x yₙ₋₁ + 2 (n − 1) yₙ₋₂
//! y ~ Σ (−1)ᵏ (2k − 1)!! / (2ᵏ √π x²ᵏ⁺¹)
//! ```
//!
//! The recurrence loses a factor of 2x² with each order; from 12 on the sum, differentiated term by term, loses
//! nothing.

use super::error::erfcx;
use std::f64::consts::FRAC_2_SQRT_PI;

/// From here on the sum is as good as f64.
const FAR: f64 = 12.0;

/// The derivative of order n of `e^(x²) erfc x`.
pub fn erfcx_derivative(n: f64, x: f64) -> f64 {
    let order = n as u32;
    if x > FAR {
        return far(order, x);
    }
    let value = erfcx(x);
    if order == 0 {
        return value;
    }
    let (mut before, mut last) = (value, 2.0 * x * value - FRAC_2_SQRT_PI);
    for k in 2..=order {
        (before, last) = (last, 2.0 * x * last + 2.0 * f64::from(k - 1) * before);
    }
    last
}

/// `Σ (−1)ᵏ (2k − 1)!! / (2ᵏ √π)` times the derivatives of `x^(−2k − 1)`
fn far(order: u32, x: f64) -> f64 {
    let n = f64::from(order);
    let first = (0..order).fold(FRAC_2_SQRT_PI / 2.0 / x, |term, j| term * (-f64::from(j + 1) / x));
    let (mut term, mut sum) = (first, first);
    for k in 1..20 {
        let k = f64::from(k);
        let power = 2.0 * k;
        // (2k + 1) .. (2k + n) against (2k − 1) .. (2k + n − 2)
        let rising = (power + n) / power * ((power + n - 1.0) / (power - 1.0));
        let next = term * (-(power - 1.0) / (2.0 * x * x)) * rising;
        if next.abs() >= term.abs() {
            break;
        }
        term = next;
        sum += term;
    }
    sum
}
