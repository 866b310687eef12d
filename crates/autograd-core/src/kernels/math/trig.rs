//! Sine and cosine.
//!
//! ```text
//! x = k π/2 + r,   |r| ≤ π/4 (and a little),   sin x = ±sin r or ±cos r by k mod 4,   cos x = sin(x + π/2)
//! sin r = r + r³ s(r²),   cos r = 1 − r²/2 + r⁴ c(r²)
//! ```
//!
//! Reduction after W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, ch. 8: π/2 in three
//! parts, here each a full significand, with the products' errors recovered by fused multiply-adds; `r` is kept as a
//! sum `high + low`. It holds up to `SIN_LIMIT_*`; **beyond the limit the results are meaningless** and the caller must
//! use another function. ±∞ and NaN give NaN.
//!
//! Worst error measured up to the limits: `sin` f32 0.90, f64 0.73 ulp; `cos` f32 0.91, f64 0.74 ulp (f32: all bit
//! patterns up to the limit; f64: 40000 random arguments, all binades and the critical intervals, against mpmath with
//! 45 digits).

use core::f32::consts::{FRAC_2_PI as FRAC_2_PI_F32, FRAC_PI_2 as FRAC_PI_2_F32};
use core::f64::consts::{FRAC_2_PI as FRAC_2_PI_F64, FRAC_PI_2 as FRAC_PI_2_F64};

use super::polynomial::{horner_f32, horner_f64};
use super::scale::{nearest_f32, nearest_f64};

/// `sin_f32` and `cos_f32` are accurate for `|x|` up to this, 2²⁰.
pub const SIN_LIMIT_F32: f32 = 1_048_576.0;

/// `π/2 − (π/2 rounded to f32)`, rounded.
const FRAC_PI_2_MIDDLE_F32: f32 = -4.371139e-8;
/// The part of π/2 that those two lack, rounded.
const FRAC_PI_2_LOW_F32: f32 = -1.7151245e-15;
/// `sin r = r + r³ s(r²)` on |r| ≤ 0.83: the coefficients of `s`; relative error 2⁻³⁶.
pub(super) const SIN_F32: [f32; 4] = [-1.6666667e-01, 8.333327e-03, -1.9838827e-04, 2.7137346e-06];
/// `cos r = 1 − r²/2 + r⁴ c(r²)` on |r| ≤ 0.83: the coefficients of `c`; relative error 2⁻³².
pub(super) const COS_F32: [f32; 3] = [4.1666638e-02, -1.3886922e-03, 2.4389723e-05];

/// `x − k π/2` as an unevaluated sum, and `k`.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> (f32, f32, i32) {
    let (k_float, k) = nearest_f32(x, FRAC_2_PI_F32);
    // Exact: a multiple of the last place of π/2, and small.
    let first = (-k_float).mul_add(FRAC_PI_2_F32, x);
    let product = k_float * FRAC_PI_2_MIDDLE_F32;
    let product_lost = k_float.mul_add(FRAC_PI_2_MIDDLE_F32, -product);
    let high = first - product;
    // Exact too, even where `product` is the larger: `first` is a multiple of the last place of `product`.
    let high_lost = (first - high) - product;
    let low = (-k_float).mul_add(FRAC_PI_2_LOW_F32, high_lost - product_lost);
    (high, low, k)
}

/// `sin(high + low + quadrant π/2)`.
#[inline(always)]
fn sin_quadrant_f32(high: f32, low: f32, quadrant: i32) -> f32 {
    let r2 = high * high;
    let sin = high + (high * r2).mul_add(horner_f32(r2, &SIN_F32), low);

    // 1 − r²/2 loses up to half a unit in the last place, which the tail gives back.
    let leading = r2.mul_add(-0.5, 1.0);
    let lost = r2.mul_add(-0.5, 1.0 - leading);
    let tail = (r2 * r2).mul_add(horner_f32(r2, &COS_F32), lost);
    let cos = leading + (-high).mul_add(low, tail);

    let magnitude = if quadrant & 1 == 0 { sin } else { cos };
    // Bit 1 of the quadrant moved to the sign.
    let sign = ((quadrant & 2) as u32) << 30;
    f32::from_bits(magnitude.to_bits() ^ sign)
}

/// `sin x` in f32 for `|x| ≤ SIN_LIMIT_F32`; −0 stays −0.
#[inline(always)]
pub fn sin_f32(x: f32) -> f32 {
    let (high, low, k) = reduce_f32(x);
    let y = sin_quadrant_f32(high, low, k);
    // The sum high + low loses the sign of zero.
    if x == 0.0 { x } else { y }
}

/// `cos x` in f32 for `|x| ≤ SIN_LIMIT_F32`.
#[inline(always)]
pub fn cos_f32(x: f32) -> f32 {
    let (high, low, k) = reduce_f32(x);
    sin_quadrant_f32(high, low, k.wrapping_add(1))
}

/// `sin_f64` and `cos_f64` are accurate for `|x|` up to this, 2³².
pub const SIN_LIMIT_F64: f64 = 4_294_967_296.0;

/// `π/2 − (π/2 rounded to f64)`, rounded.
const FRAC_PI_2_MIDDLE_F64: f64 = 6.123233995736766e-17;
/// The part of π/2 that those two lack, rounded.
const FRAC_PI_2_LOW_F64: f64 = -1.4973849048591698e-33;
/// `sin r = r + r³ s(r²)` on |r| ≤ 0.786: the coefficients of `s`; relative error 2⁻⁶⁸.
pub(super) const SIN_F64: [f64; 7] = [
    -0.16666666666666666,
    0.008333333333333323,
    -0.00019841269841254687,
    2.755731921400533e-06,
    -2.5052104866125068e-08,
    1.605836113146349e-10,
    -7.578437980393412e-13,
];
/// `cos r = 1 − r²/2 + r⁴ c(r²)` on |r| ≤ 0.786: the coefficients of `c`; relative error 2⁻⁶³.
pub(super) const COS_F64: [f64; 6] = [
    0.041666666666666595,
    -0.0013888888888872939,
    2.4801587288775125e-05,
    -2.755731415651265e-07,
    2.0875697660413767e-09,
    -1.1358367650678677e-11,
];

/// `x − k π/2` as an unevaluated sum, and `k`.
#[inline(always)]
pub(super) fn reduce_f64(x: f64) -> (f64, f64, i64) {
    let (k_float, k) = nearest_f64(x, FRAC_2_PI_F64);
    // Exact: a multiple of the last place of π/2, and small.
    let first = (-k_float).mul_add(FRAC_PI_2_F64, x);
    let product = k_float * FRAC_PI_2_MIDDLE_F64;
    let product_lost = k_float.mul_add(FRAC_PI_2_MIDDLE_F64, -product);
    let high = first - product;
    // Exact too, even where `product` is the larger: `first` is a multiple of the last place of `product`.
    let high_lost = (first - high) - product;
    let low = (-k_float).mul_add(FRAC_PI_2_LOW_F64, high_lost - product_lost);
    (high, low, k)
}

/// `sin(high + low + quadrant π/2)`.
#[inline(always)]
fn sin_quadrant_f64(high: f64, low: f64, quadrant: i64) -> f64 {
    let r2 = high * high;
    let sin = high + (high * r2).mul_add(horner_f64(r2, &SIN_F64), low);

    // 1 − r²/2 loses up to half a unit in the last place, which the tail gives back.
    let leading = r2.mul_add(-0.5, 1.0);
    let lost = r2.mul_add(-0.5, 1.0 - leading);
    let tail = (r2 * r2).mul_add(horner_f64(r2, &COS_F64), lost);
    let cos = leading + (-high).mul_add(low, tail);

    let magnitude = if quadrant & 1 == 0 { sin } else { cos };
    // Bit 1 of the quadrant moved to the sign.
    let sign = ((quadrant & 2) as u64) << 62;
    f64::from_bits(magnitude.to_bits() ^ sign)
}

/// `sin x` in f64 for `|x| ≤ SIN_LIMIT_F64`; −0 stays −0.
#[inline(always)]
pub fn sin_f64(x: f64) -> f64 {
    let (high, low, k) = reduce_f64(x);
    let y = sin_quadrant_f64(high, low, k);
    // The sum high + low loses the sign of zero.
    if x == 0.0 { x } else { y }
}

/// `cos x` in f64 for `|x| ≤ SIN_LIMIT_F64`.
#[inline(always)]
pub fn cos_f64(x: f64) -> f64 {
    let (high, low, k) = reduce_f64(x);
    sin_quadrant_f64(high, low, k.wrapping_add(1))
}
