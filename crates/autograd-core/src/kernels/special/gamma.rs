//! The logarithm of the gamma function.
//!
//! ```text
//! ln Γ(x) = (x − 1) (x − 2) c(x − 3/2) on 1 ≤ x ≤ 2,   Γ(x + 1) = x Γ(x)
//! ln Γ(x) = (x − ½) (ln x − 1) + ½ ln 2π − ½ + Σ B₂ₖ / (2k (2k − 1) x²ᵏ⁻¹) from 8 on
//! ln |Γ(x)| = ln π − ln |sin πx| − ln Γ(1 − x) below 0
//! ```
//!
//! Near its zeros 1 and 2 nothing is lost; near those below 0 the error is one of the terms.

use crate::kernels::math::{ln_f64, sin_f64};
use std::f64::consts::PI;

/// The coefficients of `c`: Chebyshev interpolation in 50-digit arithmetic; absolute error 2⁻⁶².
const CENTRE: [f64; 23] = [
    0.4831289505409809,
    -0.14595989591430608,
    0.06291140107456494,
    -0.031308487501009494,
    0.016797098631185916,
    -0.009425622448625905,
    0.005446457844650585,
    -0.003212074069736748,
    0.0019229161355079497,
    -0.0011644146716071257,
    0.0007115223848906008,
    -0.00043799193485690124,
    0.00027127505354773154,
    -0.00016892719402703723,
    0.00010564474884131882,
    -6.609271409301556e-05,
    4.1635136148902716e-05,
    -2.7356444761067124e-05,
    1.734263784459851e-05,
    -8.07952925042159e-06,
    5.129828644815147e-06,
    -7.970873319492813e-06,
    5.1046182161001864e-06,
];
/// `B₂ₖ / (2k (2k − 1))`
const STIRLING: [f64; 9] = [
    0.08333333333333333,
    -0.002777777777777778,
    0.0007936507936507937,
    -0.0005952380952380953,
    0.0008417508417508417,
    -0.0019175269175269176,
    0.00641025641025641,
    -0.029550653594771242,
    0.17964437236883057,
];
/// `½ ln 2π − ½`
const CONSTANT: f64 = 0.4189385332046727;

/// `Σ c[i] xⁱ`, on any processor alike.
#[inline(always)]
pub(super) fn polynomial(x: f64, c: &[f64]) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The same in vectorised loops, as two chains of multiply-adds: one is so long that the CPU runs out of work that does
/// not wait for it.
#[inline(always)]
fn in_halves<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let (square, mut i) = (x * x, N & !1);
    let (mut even, mut odd): (f64, f64) = (if N % 2 == 1 { c[N - 1] } else { 0.0 }, 0.0);
    while i > 0 {
        i -= 2;
        even = even.mul_add(square, c[i]);
        odd = odd.mul_add(square, c[i + 1]);
    }
    odd.mul_add(x, even)
}

/// What is left of x when the nearest whole number is taken from it; `sin πx` and `tan πx` follow from it exactly.
#[inline(always)]
pub(super) fn from_nearest(x: f64) -> f64 {
    x - x.round()
}

/// `ln Γ(1 + x)` for x from 0 to 1; near 0 with all digits of x.
#[inline(always)]
pub(super) fn lgamma_1p(x: f64) -> f64 {
    x * (x - 1.0) * polynomial(x - 0.5, &CENTRE)
}

/// What Stirling's formula `ln Γ(x) = (x − ½) ln x − x + ½ ln 2π + ..` goes on with, from 8 on.
#[inline(always)]
pub(super) fn stirling(x: f64) -> f64 {
    let inverse = 1.0 / x;
    inverse * polynomial(inverse * inverse, &STIRLING)
}

/// `ln |Γ(x)|`; +∞ at 0, −1, −2 and so on, and at ±∞.
#[inline(always)]
pub fn lgamma(x: f64) -> f64 {
    let below = x < 0.0;
    let z = if below { 1.0 - x } else { x };
    let (small, far) = (z < 1.0, z >= 8.0);
    let (mut y, mut product) = (z, 1.0);
    for k in 1..7 {
        // Exact, and none waits for the one before.
        let (above, less) = (z > f64::from(k + 1), z - f64::from(k));
        product *= if above { less } else { 1.0 };
        y = if above { less } else { y };
    }
    // Below 1 at z + 1, but from z: the sum would be rounded, which counts where z is near 1.
    let rest = if small { z } else { y - 1.0 };
    let centre = rest * (rest - 1.0) * in_halves(rest - 0.5, &CENTRE);
    let log = ln_f64(if small | far { z } else { product });
    let near = centre + if small { -log } else { log };
    let inverse = 1.0 / z;
    let beyond = (z - 0.5) * (log - 1.0) + (CONSTANT + inverse * in_halves(inverse * inverse, &STIRLING));
    let right = if far { beyond } else { near };
    let left = -ln_f64(sin_f64(PI * from_nearest(x)).abs() / PI) - right;
    let y = if below { left } else { right };
    if (x <= 0.0) & (x == x.floor()) { f64::INFINITY } else { y }
}

/// `ln Γ(x)` of a positive number, for callers that are not vectorised: there a multiply-add is a call.
pub(super) fn lgamma_of_positive(x: f64) -> f64 {
    if x >= 8.0 {
        return (x - 0.5) * (x.ln() - 1.0) + (CONSTANT + stirling(x));
    }
    if x < 1.0 {
        return lgamma_1p(x) - x.ln();
    }
    let (mut x, mut product) = (x, 1.0);
    while x > 2.0 {
        x -= 1.0;
        product *= x;
    }
    product.ln() + lgamma_1p(x - 1.0)
}
