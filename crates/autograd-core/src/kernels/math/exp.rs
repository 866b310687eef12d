//! The exponential function and `eˣ − 1`.
//!
//! ```text
//! x = k ln 2 + r,   |r| ≤ ½ ln 2,   eˣ = 2ᵏ eʳ,   eʳ = 1 + r + r² q(r)
//! eˣ − 1 = (2ᵏ − 1 + 2ᵏ r_high) + 2ᵏ (eʳ − 1 − r_high)
//! ```
//!
//! Reduction after W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, ch. 6: `ln 2` in two
//! parts, the product with the first is exact in the fused multiply-add. In `eˣ − 1` the first bracket is rounded with
//! its error kept (Fast2Sum) and the second is small, so the cancellation against 1 loses nothing.
//!
//! Worst error measured: `exp` f32 0.85, f64 1.00 ulp; `expm1` f32 1.04, f64 1.05 ulp (f32: all bit patterns; f64:
//! 60000 random arguments, all binades and the critical intervals, against mpmath with 45 digits).

use core::f32::consts::{LN_2 as LN_2_F32, LOG2_E as LOG2_E_F32};
use core::f64::consts::{LN_2 as LN_2_F64, LOG2_E as LOG2_E_F64};

use super::polynomial::{horner_f32, horner_f64};
use super::scale::{nearest_f32, nearest_f64, pow2_f32, pow2_f64, scale_f32, scale_f64};

/// `eʳ = 1 + r + r² q(r)` on |r| ≤ ½ ln 2: the coefficients of `q`; error of `eʳ − 1` relative to itself 2⁻³¹.
const EXP_F32: [f32; 6] = [5.0e-01, 1.6666666e-01, 4.1666362e-02, 8.333387e-03, 1.3940624e-03, 1.984759e-04];
/// `ln 2 − (ln 2 rounded to f32)`, so the two together carry twice the digits.
const LN_2_LOW_F32: f32 = -1.9046542e-9;

/// `e` to the power `x = k ln 2 + high + low`, taken apart: `e^x = 2ᵏ (1 + high + tail)`.
pub(super) struct PartsF32 {
    /// The integer nearest to `x / ln 2`.
    pub(super) k: i32,
    /// `x − k ln 2` with `ln 2` rounded: exact.
    pub(super) high: f32,
    /// The part of `eʳ − 1` that `high` lacks; at most 0.08, so its own rounding hardly counts.
    pub(super) tail: f32,
}

/// Takes `e^x` apart; `|x|` below 2²⁰.
#[inline(always)]
pub(super) fn parts_f32(x: f32) -> PartsF32 {
    parts_of_sum_f32(x, -0.0)
}

/// Takes `e^(x + more)` apart; `|x|` below 2²⁰, and `more` below the last place of x.
#[inline(always)]
pub(super) fn parts_of_sum_f32(x: f32, more: f32) -> PartsF32 {
    let (k_float, k) = nearest_f32(x, LOG2_E_F32);
    let high = (-k_float).mul_add(LN_2_F32, x);
    let low = (-k_float).mul_add(LN_2_LOW_F32, more);
    let r = high + low;
    let tail = (r * r).mul_add(horner_f32(r, &EXP_F32), low);
    PartsF32 { k, high, tail }
}

/// `e^x` in f32.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    // Beyond these the result is ∞ or 0 anyway, and within them 2ᵏ stays a pair of normal numbers. NaN passes.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let parts = parts_f32(x);
    scale_f32(1.0 + (parts.high + parts.tail), parts.k)
}

/// `e^(−s/2) = 1 + s p(s)` on |s| ≤ ln 2: the coefficients of `p`.
const HALVED_F32: [f32; 6] = [-0.50000006, 0.12499999, -0.020833032, 0.0026044, -0.0002616791, 2.1629568e-5];

/// `e^(−(square + lost)/2) = (1 + more) 2ᵏ`: `more` and `2^(k + 64)`, for `square` up to 240 and `lost` below its last
/// place. It lacks a factor of `e^(k l)`, l = 1.9e-9 what the rounded `ln 2` lacks, for the user's own factors to have.
#[inline(always)]
pub(super) fn halved_f32(square: f32, lost: f32) -> (f32, f32) {
    let (k_float, k) = nearest_f32(square, -0.5 * LOG2_E_F32);
    let s = k_float.mul_add(2.0 * LN_2_F32, square) + lost;
    (s * horner_f32(s, &HALVED_F32), pow2_f32(k.wrapping_add(64)))
}

/// `e^x − 1` in f32, accurate near zero.
#[inline(always)]
pub fn expm1_f32(x: f32) -> f32 {
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -18.0 { -18.0 } else { clamped };
    let parts = parts_f32(clamped);
    // Half of the result, because 2ᵏ itself overflows just below the largest finite result.
    let scale = pow2_f32(parts.k.wrapping_sub(1));
    let leading = parts.high.mul_add(scale, scale - 0.5);
    let lost = parts.high.mul_add(scale, (scale - 0.5) - leading);
    let y = 2.0 * (leading + parts.tail.mul_add(scale, lost));
    // Halving would lose a subnormal's last bit, and 0.5 − 0.5 the sign of zero.
    if x.abs() < 1e-30 { x } else { y }
}

/// `eʳ = 1 + r + r² q(r)` on |r| ≤ ½ ln 2: the coefficients of `q`; error of `eʳ − 1` relative to itself 2⁻⁶¹.
const EXP_F64: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.04166666666666652,
    0.008333333333321697,
    0.0013888888888958762,
    0.00019841269885952287,
    2.4801587180429142e-05,
    2.7557244389054605e-06,
    2.755739526104923e-07,
    2.5108973391179914e-08,
    2.0877804580670117e-09,
];
/// `ln 2 − (ln 2 rounded to f64)`, so the two together carry twice the digits.
const LN_2_LOW_F64: f64 = 2.3190468138462996e-17;

/// `e` to the power `x = k ln 2 + high + low`, taken apart: `e^x = 2ᵏ (1 + high + tail)`.
pub(super) struct PartsF64 {
    /// The integer nearest to `x / ln 2`.
    pub(super) k: i64,
    /// `x − k ln 2` with `ln 2` rounded: exact.
    pub(super) high: f64,
    /// The part of `eʳ − 1` that `high` lacks; at most 0.08, so its own rounding hardly counts.
    pub(super) tail: f64,
}

/// Takes `e^x` apart; `|x|` below 2⁴⁰.
#[inline(always)]
pub(super) fn parts_f64(x: f64) -> PartsF64 {
    parts_of_sum_f64(x, -0.0)
}

/// Takes `e^(x + more)` apart; `|x|` below 2⁴⁰, and `more` below the last place of x.
#[inline(always)]
pub(super) fn parts_of_sum_f64(x: f64, more: f64) -> PartsF64 {
    let (k_float, k) = nearest_f64(x, LOG2_E_F64);
    let high = (-k_float).mul_add(LN_2_F64, x);
    let low = (-k_float).mul_add(LN_2_LOW_F64, more);
    let r = high + low;
    let tail = (r * r).mul_add(horner_f64(r, &EXP_F64), low);
    PartsF64 { k, high, tail }
}

/// `e^(−s/2) = 1 + s p(s)` on |s| ≤ ln 2: the coefficients of `p`, those of `e^r` times powers of −½.
const HALVED_F64: [f64; 12] = {
    let mut c = [-0.5; 12];
    let mut i = 1;
    while i < c.len() {
        c[i] = EXP_F64[i - 1];
        let mut halvings = 0;
        while halvings <= i {
            c[i] *= -0.5;
            halvings += 1;
        }
        i += 1;
    }
    c
};

/// Like [`halved_f32`] with `2^(k + 512)`, for `square` up to 1600; it lacks nothing.
#[inline(always)]
pub(super) fn halved_f64(square: f64, lost: f64) -> (f64, f64) {
    let (k_float, k) = nearest_f64(square, -0.5 * LOG2_E_F64);
    let high = k_float.mul_add(2.0 * LN_2_F64, square);
    let s = high + k_float.mul_add(2.0 * LN_2_LOW_F64, lost);
    (s * horner_f64(s, &HALVED_F64), pow2_f64(k.wrapping_add(512)))
}

/// `e^x` in f64.
#[inline(always)]
pub fn exp_f64(x: f64) -> f64 {
    // Beyond these the result is ∞ or 0 anyway, and within them 2ᵏ stays a pair of normal numbers. NaN passes.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let parts = parts_f64(x);
    scale_f64(1.0 + (parts.high + parts.tail), parts.k)
}

/// `e^x − 1` in f64, accurate near zero.
#[inline(always)]
pub fn expm1_f64(x: f64) -> f64 {
    let clamped = if x > 710.0 { 710.0 } else { x };
    let clamped = if clamped < -38.0 { -38.0 } else { clamped };
    let parts = parts_f64(clamped);
    // Half of the result, because 2ᵏ itself overflows just below the largest finite result.
    let scale = pow2_f64(parts.k.wrapping_sub(1));
    let leading = parts.high.mul_add(scale, scale - 0.5);
    let lost = parts.high.mul_add(scale, (scale - 0.5) - leading);
    let y = 2.0 * (leading + parts.tail.mul_add(scale, lost));
    // Halving would lose a subnormal's last bit, and 0.5 − 0.5 the sign of zero.
    if x.abs() < 1e-290 { x } else { y }
}

macro_rules! differences {
    ($t:ident, $parts:ident, $pow2:ident, $scale:ident, ($Near:ident, $near:literal), ($low:literal, $high:literal), $less:ident, $exp_near:ident, $exp_less:ident) => {
        /// `x − m`, and what its rounding has lost, exactly: x ≤ m, so the lower of x and −m is the one of larger
        /// magnitude (Fast2Sum).
        #[inline(always)]
        fn $less(x: $t, m: $t) -> ($t, $t) {
            let difference = x - m;
            let (low, high) = if x < -m { (x, -m) } else { (-m, x) };
            (difference, high - (difference - low))
        }

        /// `m − x` up to which `e^(x − m)` is a normal number.
        pub const $Near: $t = $near;

        #[doc = concat!("`e^(x − m)`, x not above m and at most [`", stringify!($Near), "`] below it: the bits of [`", stringify!($exp_less), "`].")]
        #[inline(always)]
        pub fn $exp_near(x: $t, m: $t) -> $t {
            let (difference, lost) = $less(x, m);
            let parts = $parts(difference, lost);
            (1.0 + (parts.high + parts.tail)) * $pow2(parts.k)
        }

        /// `e^(x − m)`, x not above m: the difference is not rounded.
        #[inline(always)]
        pub fn $exp_less(x: $t, m: $t) -> $t {
            let (difference, lost) = $less(x, m);
            // Beyond the limits, infinite or not, nothing that was lost counts.
            let lost = if difference.abs() < -$low { lost } else { 0.0 };
            let difference = if difference > $high { $high } else { difference };
            let difference = if difference < $low { $low } else { difference };
            let parts = $parts(difference, lost);
            $scale(1.0 + (parts.high + parts.tail), parts.k)
        }
    };
}
differences!(
    f32,
    parts_of_sum_f32,
    pow2_f32,
    scale_f32,
    (NEAR_F32, 87.0),
    (-106.0, 89.0),
    less_f32,
    exp_near_f32,
    exp_less_f32
);
differences!(
    f64,
    parts_of_sum_f64,
    pow2_f64,
    scale_f64,
    (NEAR_F64, 708.0),
    (-748.0, 710.0),
    less_f64,
    exp_near_f64,
    exp_less_f64
);
