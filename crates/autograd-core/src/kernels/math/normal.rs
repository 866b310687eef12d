//! The normal distribution: `φ`, `Φ`, `x Φ(x)` and its derivatives, and `e^(−x²)`.
//!
//! ```text
//! Φ(−z) = e^(−z²/2) g(z),   g(z) = t p(8 t − 1),   t = 1 / (4 + z)
//! ```
//!
//! `g` falls like 1/z, and so does `t`; the rest is a polynomial. z² is a sum of two numbers, because an error there is
//! one of the result.

use super::exponential::{Exponential, Scalar};
use super::gate::Tail;

/// The coefficients of `p` for z up to 14.5; relative error 2⁻²⁷.
const FACTOR_F32: [f32; 10] = [
    7.5528514e-01,
    6.0789657e-01,
    3.871369e-01,
    1.8652344e-01,
    6.0403835e-02,
    7.5252736e-03,
    -3.5125655e-03,
    -1.5699222e-03,
    1.7936832e-04,
    1.3196355e-04,
];
/// The coefficients of `p` for z up to 38.9; relative error 2⁻⁶⁰.
const FACTOR_F64: [f64; 25] = [
    0.7552851304157515,
    0.6078966419718921,
    0.38713740074221475,
    0.18652185795965726,
    0.06039657489092338,
    0.007540188966734189,
    -0.003479692367095921,
    -0.0016308184578408486,
    0.00013334430898104344,
    0.00023109493872370027,
    -1.9082356582310542e-06,
    -3.5144713319783884e-05,
    7.165731695913266e-07,
    5.920299694279461e-06,
    -6.294596721053739e-07,
    -1.021923846023958e-06,
    2.714415652861772e-07,
    1.5565303681235417e-07,
    -8.511908577839016e-08,
    -1.4070577214890866e-08,
    1.9582748561782304e-08,
    -1.408378710844169e-09,
    -2.631125200103082e-09,
    5.845561367697985e-10,
    5.6951221074656406e-11,
];
/// `1/√(2π)`
const DENSITY: f64 = 0.3989422804014327;
/// What that lacks.
const DENSITY_REST: f64 = -2.49232720227773e-17;

/// `|x|` up to a limit, and `e^(c x²)`, for c = −1 or −½.
#[inline(always)]
fn bell<T: Scalar>(x: T, c: f64, limit: T) -> (T, Exponential<T>) {
    let z = x.magnitude().at_most(limit);
    let scaled = T::of(c) * z;
    let high = scaled * z;
    (z, T::exponential(high, scaled.fused(z, -high)))
}

/// `|x|` up to where `x² φ(x)` is 0, and `e^(−x²/2)`.
#[inline(always)]
fn half_bell<T: Scalar>(x: T) -> (T, Exponential<T>) {
    bell(x, -0.5, T::either(15.2, 39.5))
}

/// `e^(−x²)`
#[inline(always)]
pub fn gauss<T: Scalar>(x: T) -> T {
    bell(x, -1.0, T::either(10.5, 27.6)).1.value()
}

/// `x e^(−x²)`
#[inline(always)]
pub fn gauss_times<T: Scalar>(x: T) -> T {
    let (z, exponential) = bell(x, -1.0, T::either(10.5, 27.6));
    let y = exponential.times(z);
    if x < T::of(0.0) { -y } else { y }
}

/// `φ(x) = e^(−x²/2) / √(2π)`
#[inline(always)]
pub fn normal_density<T: Scalar>(x: T) -> T {
    half_bell(x).1.times(T::of(DENSITY))
}

/// `|x|` and the lower tail of Φ.
#[inline(always)]
fn normal<T: Scalar>(x: T) -> (T, Tail<T>) {
    let (z, exponential) = half_bell(x);
    let denominator = T::of(4.0) + z;
    let lost = z - (denominator - T::of(4.0));
    let t = T::of(1.0) / denominator;
    // How much larger the reciprocal of 4 + z is, relatively.
    let lacks = (-t).fused(lost, (-t).fused(denominator, T::of(1.0)));
    let eight = T::of(8.0) * t;
    let s = eight.fused(lacks, eight - T::of(1.0));
    let p = s.horner(&FACTOR_F32, &FACTOR_F64);
    let g = t * p;
    (z, Tail { exponential, below: (g, g.fused(lacks, t.fused(p, -g))) })
}

/// `x Φ(x)`
#[inline(always)]
pub fn gelu<T: Scalar>(x: T) -> T {
    let (z, tail) = normal(x);
    tail.product(x, z, tail.distribution(z))
}

/// The derivative of `x Φ(x)`: `Φ + x φ`
#[inline(always)]
pub fn gelu_slope<T: Scalar>(x: T) -> T {
    let (z, tail) = normal(x);
    let (g, more) = tail.below;
    // 0.2 from its zero, the terms are four times as large as their difference.
    let change = z * T::of(DENSITY);
    let change_lost = z.fused(T::of(DENSITY), -change) + z * T::rest_of(DENSITY, DENSITY_REST);
    tail.slope(x, (g - change) + (more - change_lost))
}

/// The second derivative of `x Φ(x)`: `φ (2 − x²)`
#[inline(always)]
pub fn gelu_curve<T: Scalar>(x: T) -> T {
    let (z, exponential) = half_bell(x);
    exponential.times(T::of(DENSITY) * (-z).fused(z, T::of(2.0)))
}
