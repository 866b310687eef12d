//! Rounding to an integer and powers of two, by bit patterns.
//!
//! Adding 1.5·2²³ (f64: 1.5·2⁵²) to a small `x` leaves no room for a fraction: the sum is rounded to an integer, which
//! sits in its low bits, in two's complement. A cast `x as i32` saturates and does not vectorise; this does.

/// 1.5·2²³; between 2²³ and 2²⁴ neighbouring f32 are 1 apart.
const ROUND_F32: f32 = 12_582_912.0;
/// 1.5·2⁵²; between 2⁵² and 2⁵³ neighbouring f64 are 1 apart.
const ROUND_F64: f64 = 6_755_399_441_055_744.0;

/// The integer nearest to `x·factor` as float and as integer, for results below 2²² in magnitude.
#[inline(always)]
pub(super) fn nearest_f32(x: f32, factor: f32) -> (f32, i32) {
    let shifted = x.mul_add(factor, ROUND_F32);
    let integer = shifted.to_bits().wrapping_sub(ROUND_F32.to_bits()) as i32;
    (shifted - ROUND_F32, integer)
}

/// The integer nearest to `x·factor` as float and as integer, for results below 2⁵¹ in magnitude.
#[inline(always)]
pub(super) fn nearest_f64(x: f64, factor: f64) -> (f64, i64) {
    let shifted = x.mul_add(factor, ROUND_F64);
    let integer = shifted.to_bits().wrapping_sub(ROUND_F64.to_bits()) as i64;
    (shifted - ROUND_F64, integer)
}

/// `2ᵏ` for −126 ≤ k ≤ 127; any bits outside.
#[inline(always)]
pub(super) fn pow2_f32(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}

/// `2ᵏ` for −1022 ≤ k ≤ 1023; any bits outside.
#[inline(always)]
pub(super) fn pow2_f64(k: i64) -> f64 {
    f64::from_bits((k.wrapping_add(1023) as u64) << 52)
}

/// `x·2ᵏ` for −252 ≤ k ≤ 254, rounded once: a subnormal result comes from an exact first product.
#[inline(always)]
pub(super) fn scale_f32(x: f32, k: i32) -> f32 {
    let half = k >> 1;
    x * pow2_f32(half) * pow2_f32(k.wrapping_sub(half))
}

/// `x·2ᵏ` for −2044 ≤ k ≤ 2046, rounded once.
#[inline(always)]
pub(super) fn scale_f64(x: f64, k: i64) -> f64 {
    // AVX2 has no arithmetic shift of 64-bit lanes: shift a non-negative number instead.
    let half = ((k.wrapping_add(4096) as u64) >> 1) as i64 - 2048;
    x * pow2_f64(half) * pow2_f64(k.wrapping_sub(half))
}
