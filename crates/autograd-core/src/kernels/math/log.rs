//! The natural logarithm, of `x` and of `1 + x`.
//!
//! ```text
//! x = 2ᵉ m,   ⅔ ≤ m < 4/3,   f = m − 1,   ln x = e ln 2 + ln(1 + f),   ln(1 + f) = f + f² p(f)
//! ln(1 + x) = ln u + ln(1 + c/u),   u = 1 + x rounded,   c = (1 + x) − u exactly
//! ```
//!
//! A polynomial in `f` and not in `f / (2 + f)`: a vector division costs more than the longer polynomial. The interval
//! of `m` contains 1, so near `x = 1` the exponent is 0 and nothing cancels. `c` is found by Fast2Sum (T. J. Dekker, A
//! floating-point technique for extending the available precision, 1971) and joins `f` as `c 2⁻ᵉ`.
//!
//! Worst error measured: `ln` f32 0.89, f64 0.76 ulp; `ln_1p` f32 0.96, f64 0.87 ulp (f32: all bit patterns; f64: 60000
//! random arguments, all binades and the critical intervals, against mpmath with 45 digits).

use super::polynomial::{horner_f32, horner_f64};
use super::scale::{pow2_f32, pow2_f64};

/// `ln(1 + f) = f + f² p(f)` on −⅓ ≤ f ≤ ⅓: the coefficients of `p`, the first set to −½; relative error 2⁻²⁷.
pub(super) const LOG_F32: [f32; 9] = [
    -0.5,
    3.3333215e-01,
    -2.4999797e-01,
    2.0010416e-01,
    -1.6680485e-01,
    1.4005686e-01,
    -1.21844195e-01,
    1.398537e-01,
    -1.289059e-01,
];
/// `ln 2` rounded to a multiple of 2⁻¹⁶, so that its product with an exponent is exact.
const LN_2_HIGH_F32: f32 = 6.9314575e-1;
/// `ln 2 − LN_2_HIGH_F32`.
const LN_2_LOW_F32: f32 = 1.4286068e-6;
/// The bits of ⅔, the lower end of `m`.
const TWO_THIRDS_F32: u32 = 0x3f2aaaab;

/// `e` (integer and float) and `m` of a normal positive `x = 2ᵉ m`, `⅔ ≤ m < 4/3`.
#[inline(always)]
pub(super) fn split_f32(x: f32) -> (i32, f32, f32) {
    let shifted = x.to_bits().wrapping_sub(TWO_THIRDS_F32);
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(TWO_THIRDS_F32));
    let e = (shifted as i32) >> 23;
    (e, e as f32, m)
}

/// `e ln 2 + ln(1 + f) + more`, `more` below the last place of `f`.
#[inline(always)]
fn assemble_f32(e: f32, f: f32, more: f32) -> f32 {
    let sum = e.mul_add(LN_2_HIGH_F32, f);
    // The rounding error of the large part goes to the small one (Fast2Sum).
    let lost = f - (-e).mul_add(LN_2_HIGH_F32, sum);
    let small = e.mul_add(LN_2_LOW_F32, lost + more);
    sum + (f * f).mul_add(horner_f32(f, &LOG_F32), small)
}

/// The value at the ends of the domain: ∞ and NaN as they come, −∞ at the pole (`argument` 0), NaN below it.
#[inline(always)]
pub(super) fn edges_f32(x: f32, argument: f32, y: f32) -> f32 {
    let y = if x < f32::INFINITY { y } else { x };
    let y = if argument == 0.0 { f32::NEG_INFINITY } else { y };
    if argument < 0.0 { f32::NAN } else { y }
}

/// Natural logarithm in f32: −∞ at ±0, NaN below.
#[inline(always)]
pub fn ln_f32(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = if subnormal { x * 33_554_432.0 } else { x };
    let (_, e, m) = split_f32(scaled);
    let e = if subnormal { e - 25.0 } else { e };
    edges_f32(x, x, assemble_f32(e, m - 1.0, -0.0))
}

/// `ln(u + c) + more ln 2`, `c` below the last place of `u`, or `u` 1 and `c` not above ½; `u + c` normal and finite.
#[inline(always)]
pub(super) fn ln_sum_f32(u: f32, c: f32, more: f32) -> f32 {
    let (e_integer, e, m) = split_f32(u);
    // 2⁻ᵉ for e up to 128 would be subnormal; there c is far below the last bit and any small factor will do.
    let exponent = if e_integer > 64 { 64 } else { e_integer };
    let factor = pow2_f32(-exponent);
    let f = c.mul_add(factor, m - 1.0);
    let f_lost = c.mul_add(factor, (m - 1.0) - f);
    // Its weight is the derivative 1/(1 + f), to first order.
    let f_lost = (-f).mul_add(f_lost, f_lost);
    assemble_f32(e + more, f, f_lost)
}

/// `ln(1 + x)` in f32, accurate near zero: −∞ at −1, NaN below.
#[inline(always)]
pub fn ln_1p_f32(x: f32) -> f32 {
    let u = 1.0 + x;
    let c = if x > 1.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let y = edges_f32(x, u, ln_sum_f32(u, c, 0.0));
    // Keeps the sign of zero.
    if x.abs() < 1e-30 { x } else { y }
}

/// `ln(1 + f) = f + f² p(f)` on −⅓ ≤ f ≤ ⅓: the coefficients of `p`, the first set to −½; relative error 2⁻⁵⁹.
pub(super) const LOG_F64: [f64; 21] = [
    -0.5,
    0.3333333333333317,
    -0.24999999999999445,
    0.20000000000073334,
    -0.16666666666843719,
    0.1428571427449253,
    -0.12499999978404717,
    0.11111111953865478,
    -0.10000001377489189,
    0.09090872949367268,
    -0.08333281162198249,
    0.07693260658175247,
    -0.07144103986201648,
    0.06650722138158634,
    -0.06230744147724169,
    0.060512996558337515,
    -0.05746382659108989,
    0.04177232125294702,
    -0.038418264055871655,
    0.08496673467721325,
    -0.0832939317528429,
];
/// `ln 2` rounded to a multiple of 2⁻⁴², so that its product with an exponent is exact.
pub(super) const LN_2_HIGH_F64: f64 = 0.6931471805598903;
/// `ln 2 − LN_2_HIGH_F64`.
pub(super) const LN_2_LOW_F64: f64 = 5.497923018708371e-14;
/// The bits of ⅔, the lower end of `m`.
const TWO_THIRDS_F64: u64 = 0x3fe5555555555555;

/// `e` (integer and float) and `m` of a normal positive `x = 2ᵉ m`, `⅔ ≤ m < 4/3`.
#[inline(always)]
pub(super) fn split_f64(x: f64) -> (i64, f64, f64) {
    let shifted = x.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - TWO_THIRDS_F64);
    let m = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(TWO_THIRDS_F64));
    // AVX2 neither shifts 64-bit lanes arithmetically nor converts them to floats. Hence the exponent stays biased, and
    // is converted by its bits: an integer below 2⁵², put into the low bits of 2⁵², is added to it.
    let biased = shifted >> 52;
    let e = f64::from_bits(0x4330_0000_0000_0000 | biased) - (4_503_599_627_370_496.0 + 1023.0);
    ((biased as i64).wrapping_sub(1023), e, m)
}

/// `e ln 2 + ln(1 + f) + more`, `more` below the last place of `f`.
#[inline(always)]
fn assemble_f64(e: f64, f: f64, more: f64) -> f64 {
    let sum = e.mul_add(LN_2_HIGH_F64, f);
    // The rounding error of the large part goes to the small one (Fast2Sum).
    let lost = f - (-e).mul_add(LN_2_HIGH_F64, sum);
    let small = e.mul_add(LN_2_LOW_F64, lost + more);
    sum + (f * f).mul_add(horner_f64(f, &LOG_F64), small)
}

/// The value at the ends of the domain: ∞ and NaN as they come, −∞ at the pole (`argument` 0), NaN below it.
#[inline(always)]
pub(super) fn edges_f64(x: f64, argument: f64, y: f64) -> f64 {
    let y = if x < f64::INFINITY { y } else { x };
    let y = if argument == 0.0 { f64::NEG_INFINITY } else { y };
    if argument < 0.0 { f64::NAN } else { y }
}

/// Natural logarithm in f64: −∞ at ±0, NaN below.
#[inline(always)]
pub fn ln_f64(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal { x * 18_014_398_509_481_984.0 } else { x };
    let (_, e, m) = split_f64(scaled);
    let e = if subnormal { e - 54.0 } else { e };
    edges_f64(x, x, assemble_f64(e, m - 1.0, -0.0))
}

/// `ln(u + c) + more ln 2`, `c` below the last place of `u`, or `u` 1 and `c` not above ½; `u + c` normal and finite.
#[inline(always)]
pub(super) fn ln_sum_f64(u: f64, c: f64, more: f64) -> f64 {
    let (e_integer, e, m) = split_f64(u);
    // 2⁻ᵉ for e up to 1024 would be subnormal; there c is far below the last bit and any small factor will do.
    let exponent = if e_integer > 128 { 128 } else { e_integer };
    let factor = pow2_f64(-exponent);
    let f = c.mul_add(factor, m - 1.0);
    let f_lost = c.mul_add(factor, (m - 1.0) - f);
    // Its weight is the derivative 1/(1 + f), to first order.
    let f_lost = (-f).mul_add(f_lost, f_lost);
    assemble_f64(e + more, f, f_lost)
}

/// `ln(1 + x)` in f64, accurate near zero: −∞ at −1, NaN below.
#[inline(always)]
pub fn ln_1p_f64(x: f64) -> f64 {
    let u = 1.0 + x;
    let c = if x > 1.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let y = edges_f64(x, u, ln_sum_f64(u, c, 0.0));
    // Keeps the sign of zero.
    if x.abs() < 1e-290 { x } else { y }
}
