//! The complementary error function, the normal distribution function, and their inverses.
//!
//! ```text
//! erfc x = 2 Φ(−√2 x),   Φ(−z) = e^(−z²/2) g(z)
//! erf⁻¹: w = ln(1 − y²), x² ≈ √((a + w/2)² − w/c) − (a + w/2), a = 2 / (πc), c = 0.147; then Halley's steps
//! ```
//!
//! `g` is that of `normal.rs`. The steps are taken on `erf x − y` in the middle, and on `ln erfc x − ln(1 − y)` in the
//! tails, where an error of the exponential would be one of y. First guess after S. Winitzki, A handy approximation for
//! the error function and its inverse, 2008.

use crate::kernels::math::exponential::{Exponential, Scalar};
use crate::kernels::math::normal::{bell, factor, half_bell};
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

/// The inverse of `Φ`; NaN outside of 0 to 1.
#[inline(always)]
pub fn ndtri(p: f64) -> f64 {
    let low = p < 0.5;
    let q = if low { p + p } else { 2.0 - (p + p) };
    let y = SQRT_2 * inverse(1.0 - q, q);
    if low { -y } else { y }
}
