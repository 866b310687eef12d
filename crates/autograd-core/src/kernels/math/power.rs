//! Powers.
//!
//! ```text
//! |x|ᵉ = e^(e ln |x|),   |x| = 2ᵏ (1 + f),   ⅔ ≤ 1 + f < 4/3,   ln |x| = k ln 2 + ln(1 + f)
//! ln(1 + f) = 2 artanh s = s (2 + s² (⅔ + s² q(s²))),   s = f / (2 + f)
//! ```
//!
//! An error of the logarithm counts `e ln |x|` times, up to 745 times where the power is a float. Hence f32 computes in
//! f64, and f64 with a logarithm that is a sum of two numbers, by the products and sums of T. J. Dekker (A
//! floating-point technique for extending the available precision, 1971) as far as `s² q`, which is below 0.02. Powers
//! that a float holds come out exactly.
//!
//! The exponent is f64 in both types. What is not finite, or no number, is as IEEE 754 says (2019, section 9.2.1).
//!
//! Worst error measured: f32 0.51 ulp; f64 1.05 ulp, 0.63 where the power is between 2⁻⁴⁰⁰ and 2⁴⁰⁰ (120000 arguments
//! against mpmath with 48 digits).

use super::exp::parts_of_sum_f64;
use super::log::{LN_2_HIGH_F64, LN_2_LOW_F64, edges_f64, split_f64};
use super::polynomial::horner_f64;
use super::scale::{nearest_f64, pow2_f64, scale_f64};
use core::f64::consts::{LN_2, LOG2_E};

/// `ln(1 + f) = f + f² p(f)` on −⅓ ≤ f ≤ ⅓, for f32: the coefficients of `p`; relative error 2⁻³⁸.
const LOG: [f64; 13] = [
    -0.5000000000109381,
    0.3333333318219914,
    -0.24999999534431894,
    0.20000026159652545,
    -0.1666671607214026,
    0.14284212253838036,
    -0.12497795836523423,
    0.11150492032225982,
    -0.10049153059458638,
    0.08576049893981186,
    -0.0776086276093927,
    0.10889695965908402,
    -0.10393874655702619,
];
/// `eʳ = 1 + r p(r)` on |r| ≤ ½ ln 2, for f32: the coefficients of `p`; error 2⁻³⁴.
const EXP: [f64; 7] = [
    0.9999999999733707,
    0.5000000079088085,
    0.16666666955950532,
    0.04166626703197884,
    0.008333253719924796,
    0.0013946241913236452,
    0.00019922175100473686,
];

/// The coefficients of `q` on `0 ≤ s² ≤ 0.04`; relative error of the logarithm 2⁻⁶⁹.
const ARTANH: [f64; 8] = [
    0.3999999999999972,
    0.28571428571579877,
    0.22222222190792218,
    0.1818182156710473,
    0.1538440458538442,
    0.13341203095433135,
    0.11591479373412003,
    0.12576841791557053,
];
/// ⅔ as a sum of two numbers.
const THIRDS: (f64, f64) = (2.0 / 3.0, 3.700743415417188e-17);

/// `ln x − lift ln 2` of a normal positive x, as a sum of two numbers.
#[inline(always)]
fn ln_in_two(x: f64, lift: f64) -> (f64, f64) {
    let (_, k, m) = split_f64(x);
    let (k, f) = (k - lift, m - 1.0);
    let below = 2.0 + f;
    let below_rest = f - (below - 2.0);
    let reciprocal = 1.0 / below;
    let s = f * reciprocal;
    let s_rest = reciprocal * (-s).mul_add(below_rest, (-s).mul_add(below, f));
    let z = s * s;
    let z_rest = (2.0 * s).mul_add(s_rest, s.mul_add(s, -z));
    let more = z * horner_f64(z, &ARTANH);
    let p = THIRDS.0 + more;
    let p_rest = (THIRDS.0 - p) + more + THIRDS.1;
    let v = z * p;
    let v_rest = z.mul_add(p_rest, z_rest.mul_add(p, z.mul_add(p, -v)));
    let u = 2.0 + v;
    let u_rest = (2.0 - u) + v + v_rest;
    let y = s * u;
    let y_rest = s.mul_add(u_rest, s_rest.mul_add(u, s.mul_add(u, -y)));
    let sum = k.mul_add(LN_2_HIGH_F64, y);
    let lost = y - (-k).mul_add(LN_2_HIGH_F64, sum);
    (sum, lost + k.mul_add(LN_2_LOW_F64, y_rest))
}

/// xᵉ from |x|ᵉ.
#[inline(always)]
fn signed(x: f64, e: f64, power: f64) -> f64 {
    let (half, infinite) = (0.5 * e, e.abs() == f64::INFINITY);
    let whole = e == e.trunc();
    let odd = whole & (half != half.trunc());
    let y = if (x.abs() == 1.0) & infinite { 1.0 } else { power };
    let y = if odd { y.copysign(x) } else { y };
    let y = if (x < 0.0) & (x > f64::NEG_INFINITY) & !whole { f64::NAN } else { y };
    if (e == 0.0) | (x == 1.0) { 1.0 } else { y }
}

/// ln x of a normal number of f64, to 2⁻³⁷: for what is rounded to f32. −∞ at ±0, NaN below.
#[inline(always)]
pub fn ln_short(x: f64) -> f64 {
    let (_, k, m) = split_f64(x);
    let f = m - 1.0;
    edges_f64(x, x, k.mul_add(LN_2, (f * f).mul_add(horner_f64(f, &LOG), f)))
}

/// xᵉ in f32.
#[inline(always)]
pub fn pow_f32(x: f32, e: f64) -> f32 {
    let x = f64::from(x);
    // What is subnormal in f32 is not in f64.
    let product = e * ln_short(x.abs());
    // Beyond these the result is ∞ or 0. NaN passes.
    let product = if product > 89.0 { 89.0 } else { product };
    let product = if product < -104.0 { -104.0 } else { product };
    let (k_float, k) = nearest_f64(product, LOG2_E);
    let r = (-k_float).mul_add(LN_2, product);
    signed(x, e, r.mul_add(horner_f64(r, &EXP), 1.0) * pow2_f64(k)) as f32
}

/// xᵉ in f64.
#[inline(always)]
pub fn pow_f64(x: f64, e: f64) -> f64 {
    let size = x.abs();
    let subnormal = size < f64::MIN_POSITIVE;
    let lifted = if subnormal { size * 18_014_398_509_481_984.0 } else { size };
    let (ln, ln_rest) = ln_in_two(lifted, if subnormal { 54.0 } else { 0.0 });
    let product = e * edges_f64(size, size, ln);
    let rest = e.mul_add(ln, -product) + e * ln_rest;
    // Beyond these the result is ∞ or 0. NaN passes.
    let within = product.abs() < 746.0;
    let product = if product > 710.0 { 710.0 } else { product };
    let product = if product < -746.0 { -746.0 } else { product };
    let parts = parts_of_sum_f64(product, if within { rest } else { 0.0 });
    let leading = 1.0 + parts.high;
    let lost = parts.high - (leading - 1.0);
    signed(x, e, scale_f64(leading + (lost + parts.tail), parts.k))
}
