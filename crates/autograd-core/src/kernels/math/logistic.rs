//! The logistic function, "sigmoid".
//!
//! ```text
//! σ(x) = 1 / (1 + e⁻ˣ),   e⁻ˣ = 2ᵏ (1 + r_high + tail)
//! 1 + e⁻ˣ = (1 + 2ᵏ + 2ᵏ r_high) + 2ᵏ tail
//! ```
//!
//! The denominator is summed like `eˣ − 1` in `exp.rs`, to little more than half a unit in the last place. All of it is
//! scaled down, and the quotient with it, so that the left tail reaches down to the subnormal numbers without an
//! overflow.
//!
//! Worst error measured: `sigmoid` f32 1.56, f64 1.05 ulp (f32: every third bit pattern; f64: 40000 random
//! arguments, all binades and the critical intervals, against mpmath with 45 digits). In f64 the quotient is corrected.

use super::exp::{parts_f32, parts_f64};
use super::scale::{pow2_f32, pow2_f64};

/// 2⁻⁶⁴: `1 + e⁻ˣ` times this does not overflow where the result is subnormal.
pub(super) const SHRINK_F32: f32 = f32::from_bits((127 - 64) << 23);
/// 2⁻⁵¹²: `1 + e⁻ˣ` times this does not overflow where the result is subnormal.
pub(super) const SHRINK_F64: f64 = f64::from_bits((1023 - 512) << 52);

/// `1 + e⁻ᶻ` times [`SHRINK_F32`], rounded once, for z from −112 to 40; NaN passes.
#[inline(always)]
pub(super) fn denominator_f32(z: f32) -> f32 {
    let parts = parts_f32(-z);
    let one = SHRINK_F32;
    let scale = pow2_f32(parts.k.wrapping_sub(64));
    // one + scale (1 + high + tail), the rounding error of the large part kept for the small one.
    let sum = one + scale;
    let (larger, smaller) = if scale > one { (scale, one) } else { (one, scale) };
    let sum_lost = smaller - (sum - larger);
    let leading = parts.high.mul_add(scale, sum);
    let lost = parts.high.mul_add(scale, sum - leading) + sum_lost;
    leading + parts.tail.mul_add(scale, lost)
}

/// `1 / (1 + e⁻ˣ)` in f32, accurate in both tails.
#[inline(always)]
pub fn sigmoid_f32(x: f32) -> f32 {
    // Beyond these the result rounds to 0 or 1, and within them the powers of two above are normal numbers. NaN passes.
    let z = if x < -104.0 { -104.0 } else { x };
    let z = if z > 40.0 { 40.0 } else { z };
    SHRINK_F32 / denominator_f32(z)
}

/// `1 + e⁻ᶻ` times [`SHRINK_F64`], rounded once, for z from −754 to 40; NaN passes.
#[inline(always)]
pub(super) fn denominator_f64(z: f64) -> f64 {
    let (leading, small) = denominator_of_two_f64(z);
    leading + small
}

/// The same as a sum, the second number small.
#[inline(always)]
fn denominator_of_two_f64(z: f64) -> (f64, f64) {
    let parts = parts_f64(-z);
    let one = SHRINK_F64;
    let scale = pow2_f64(parts.k.wrapping_sub(512));
    // one + scale (1 + high + tail), the rounding error of the large part kept for the small one.
    let sum = one + scale;
    let (larger, smaller) = if scale > one { (scale, one) } else { (one, scale) };
    let sum_lost = smaller - (sum - larger);
    let leading = parts.high.mul_add(scale, sum);
    let lost = parts.high.mul_add(scale, sum - leading) + sum_lost;
    (leading, parts.tail.mul_add(scale, lost))
}

/// `1 / (1 + e⁻ˣ)` in f64, accurate in both tails.
#[inline(always)]
pub fn sigmoid_f64(x: f64) -> f64 {
    // Beyond these the result rounds to 0 or 1, and within them the powers of two above are normal numbers. NaN passes.
    let z = if x < -746.0 { -746.0 } else { x };
    let z = if z > 40.0 { 40.0 } else { z };
    let (leading, small) = denominator_of_two_f64(z);
    let denominator = leading + small;
    let quotient = SHRINK_F64 / denominator;
    // First-order correction for the rounding of the denominator d: 1/(d + δ) ≈ q − q (q δ), q = 1/d.
    let denominator_lost = (leading - denominator) + small;
    let relative = quotient * denominator_lost * (1.0 / SHRINK_F64);
    (-relative).mul_add(quotient, quotient)
}
