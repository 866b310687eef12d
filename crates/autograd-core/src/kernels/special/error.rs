//! The complementary error function, the normal distribution function, and their inverses.
//!
//! ```text
//! erfc x = 2 Φ(−√2 x),   Φ(−z) = e^(−z²/2) g(z)
//! erf⁻¹ in f32: x = y p(w), w = −ln(1 − y²), and beyond 6.25 y q(√w)
//! erf⁻¹: w = ln(1 − y²), x² ≈ √((a + w/2)² − w/c) − (a + w/2), a = 2 / (πc), c = 0.147; then Halley's steps
//! ```
//!
//! `g` is that of `normal.rs`. The steps are taken on `erf x − y` in the middle, and on `ln erfc x − ln(1 − y)` in the
//! tails, where an error of the exponential would be one of y. First guess after S. Winitzki, A handy approximation for
//! the error function and its inverse, 2008.

use crate::kernels::math::exponential::{Exponential, Scalar};
use crate::kernels::math::normal::{bell, factor, half_bell};
use crate::kernels::math::power::ln_short;
use crate::kernels::math::{erf_f64, exp_f64, ln_1p_f64, ln_f64};
use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

/// `g(z)`
#[inline(always)]
fn g(z: f64) -> f64 {
    let (first, second) = factor(z.at_most(39.0));
    first + second
}

/// The product of an exponential, `g(z)` and a power of two.
#[inline(always)]
fn tail(exponential: Exponential<f64>, z: f64, times: f64) -> f64 {
    let (first, second) = factor(z);
    exponential.scale(exponential.of_sum(times * first, times * second))
}

/// `erfc x`
#[inline(always)]
pub fn erfc(x: f64) -> f64 {
    let (z, exponential) = bell(x, -1.0, 27.6);
    let tail = tail(exponential, z * SQRT_2, 2.0);
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// `e^(x²) erfc x`
#[inline(always)]
pub fn erfcx(x: f64) -> f64 {
    let z = x.magnitude();
    let near = 2.0 * g(z * SQRT_2);
    // The first terms of its sum over 1 / x; they are exact where the fit of g ends.
    let h = 0.5 / z / z;
    let far =
        0.5 * FRAC_2_SQRT_PI / z * (1.0 - h * (1.0 - h * (3.0 - h * (15.0 - h * (105.0 - h * (945.0 - h * 10395.0))))));
    let right = if z > 26.0 { far } else { near };
    // 2 e^(x²), with what the square has lost.
    let z = z.at_most(27.0);
    let square = z * z;
    let lost = z.fused(z, -square);
    let power = exp_f64(square);
    let left = (power + power * lost) - right + power + power * lost;
    // Beyond, the power is infinite, and ∞ times what was lost may be no number.
    let left = if x < -26.64 { f64::INFINITY } else { left };
    if x < 0.0 { left } else { right }
}

/// `Φ(x)`
#[inline(always)]
pub fn ndtr(x: f64) -> f64 {
    let (z, exponential) = half_bell(x);
    let tail = tail(exponential, z, 1.0);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// `ln Φ(x)`
#[inline(always)]
pub fn log_ndtr(x: f64) -> f64 {
    let (z, exponential) = half_bell(x);
    let right = ln_1p_f64(-tail(exponential, z, 1.0));
    // −x²/2 + ln(erfcx(−x/√2) / 2)
    let left = ln_f64(0.5 * erfcx(x.magnitude() / SQRT_2)) - 0.5 * x * x;
    if x < 0.0 { left } else { right }
}

/// x with `erf x = a` and `erfc x = q`, where `a + q = 1`, a not negative, and both have all their digits.
#[inline(always)]
fn inverse(a: f64, q: f64) -> f64 {
    const C: f64 = 0.147;
    let w = ln_f64(q) + ln_f64(2.0 - q);
    let half = 2.0 / (std::f64::consts::PI * C) + 0.5 * w;
    let guess = ((half * half - w / C).sqrt() - half).sqrt();
    let series = a / FRAC_2_SQRT_PI * (1.0 + std::f64::consts::PI / 12.0 * a * a);
    let start = if a < 0.1 { series } else { guess };
    let mut middle = start;
    for _ in 0..2 {
        let step = (erf_f64(middle) - a) / (FRAC_2_SQRT_PI * exp_f64(-middle * middle));
        middle -= step / (1.0 + middle * step);
    }
    let mut far = start;
    for _ in 0..3 {
        // h = ln erfc x − ln q, h′ = −s, h″ = s (2x − s)
        let factor = 2.0 * g(far * SQRT_2);
        let s = FRAC_2_SQRT_PI / factor;
        let h = (ln_f64(factor) - ln_f64(q)) - far * far;
        let step = h / s;
        far += step / (1.0 - 0.5 * step * (2.0 * far - s));
    }
    let y = if a < 0.5 { middle } else { far };
    if q == 0.0 { f64::INFINITY } else { y }
}

/// The inverse of `erf`; NaN beyond ±1.
#[inline(always)]
pub fn erfinv(y: f64) -> f64 {
    let a = y.magnitude();
    inverse(a, 1.0 - a).signed(y)
}

/// `erfinv x = x p(w)`, `w = −ln(1 − x²)`, for w up to 6.25: the coefficients of `p`; error 2⁻³².
const INVERSE: [f64; 14] = [
    0.8862269252642508,
    0.2320136783922654,
    0.011549216921361868,
    -0.0023345757969169736,
    -0.00012920883391029296,
    4.817385293756846e-05,
    6.526499727642317e-07,
    -1.9702567700570657e-07,
    -3.7514665144588216e-07,
    1.1950248662262078e-07,
    -1.7566458759322325e-08,
    1.4662478804215205e-09,
    -6.781936572405251e-11,
    1.3642498644590784e-12,
];
/// The same in √w for √w up to 4, which is that of the largest `f32` below 1; error 2⁻³².
const INVERSE_FAR: [f64; 12] = [
    -7.094483597924654,
    26.803281647993817,
    -39.803999642368424,
    35.01968394525771,
    -19.90075421149473,
    7.744981212141279,
    -2.117788720598052,
    0.4081471553795199,
    -0.05442852595782467,
    0.0047875193987637794,
    -0.00025003611140068856,
    5.87166375561305e-06,
];

/// The inverse of `erf` of a number of `f32`, to 2⁻³¹; NaN beyond ±1.
#[inline(always)]
pub fn erfinv_short(y: f64) -> f64 {
    let w = -ln_short(1.0 - y * y);
    let far = w > 6.25;
    let (near, beyond) = (w.horner(&[0.0], &INVERSE), w.sqrt().horner(&[0.0], &INVERSE_FAR));
    let factor = if far { beyond } else { near };
    let factor = if w == f64::INFINITY { w } else { factor };
    y * factor
}

/// The inverse of `Φ`; NaN outside of 0 to 1.
#[inline(always)]
pub fn ndtri(p: f64) -> f64 {
    let low = p < 0.5;
    let q = if low { p + p } else { 2.0 - (p + p) };
    let y = SQRT_2 * inverse(1.0 - q, q);
    if low { -y } else { y }
}
