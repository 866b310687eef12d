//! The worst error of each function, measured and printed.
//!
//! f32 is compared with std's f64 functions (error function: with `erf_f64`), f64 with std's, whose own error is below
//! 1 ulp (error function and hyperbolic functions: with tables; glibc's tanh is itself off by 2 ulp). A sweep of f32
//! visits every 2003rd bit pattern, subnormal numbers included.

use super::*;
use crate::kernels::random::bits_at;

const SWEEP_STRIDE_F32: usize = 2003;
const SAMPLES_F64: u64 = 200_000;

/// The distance of `y` from `expected` in units of the last place of `expected` in f32.
fn ulp_f32(y: f32, expected: f64) -> f64 {
    let nearest = expected as f32;
    if nearest.is_nan() || nearest.is_infinite() || y.is_nan() || y.is_infinite() {
        let same = nearest == y || (nearest.is_nan() && y.is_nan());
        return if same { 0.0 } else { f64::INFINITY };
    }
    let exponent = (expected.abs().to_bits() >> 52) as i32 - 1023;
    (f64::from(y) - expected).abs() * 2f64.powi(23 - exponent.max(-126))
}

/// The number of f64 between `y` and `expected`.
fn ulp_f64(y: f64, expected: f64) -> f64 {
    if y.is_nan() || expected.is_nan() {
        return if y.is_nan() && expected.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let ordered = |v: f64| {
        if v < 0.0 { -((-v).to_bits() as i64) } else { v.abs().to_bits() as i64 }
    };
    (i128::from(ordered(y)) - i128::from(ordered(expected))).unsigned_abs() as f64
}

fn check_f32(name: &str, limit: f32, f: impl Fn(f32) -> f32, reference: impl Fn(f64) -> f64) {
    let (mut worst, mut at) = (0.0, 0.0);
    for bits in (0..=u32::MAX).step_by(SWEEP_STRIDE_F32) {
        let x = f32::from_bits(bits);
        if x.is_finite() && x.abs() > limit {
            continue;
        }
        let error = ulp_f32(f(x), reference(f64::from(x)));
        if error > worst {
            (worst, at) = (error, x);
        }
    }
    println!("{name}_f32: worst {worst:.3} ulp at {at:e}");
    assert!(worst <= 2.0, "{name}_f32({at:e}) is off by {worst} ulp");
}

/// A number in [0, 1) from random bits.
fn unit(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

/// Half of the samples uniform in `[low, high]`, half uniform in the exponent, of both signs; those in `[low, high]`
/// count.
fn check_f64(name: &str, low: f64, high: f64, f: impl Fn(f64) -> f64, reference: impl Fn(f64) -> f64) {
    let (mut worst, mut at) = (0.0, 0.0);
    for sample in 0..SAMPLES_F64 {
        let random = bits_at(1, sample);
        let unit = unit(random);
        let x = if sample % 2 == 0 { low + unit * (high - low) } else { f64::from_bits(random) };
        if !(low..=high).contains(&x) {
            continue;
        }
        let error = ulp_f64(f(x), reference(x));
        if error > worst {
            (worst, at) = (error, x);
        }
    }
    println!("{name}_f64: worst {worst} ulp from std at {at:e}");
    assert!(worst <= 2.0, "{name}_f64({at:e}) is off by {worst} ulp");
}

/// `1 / (1 + e⁻ˣ)` without the overflow, and without losing the left tail.
fn sigmoid_reference(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

#[test]
fn f32_functions_are_within_two_ulp() {
    let all = f32::INFINITY;
    check_f32("exp", all, exp_f32, f64::exp);
    check_f32("expm1", all, expm1_f32, f64::exp_m1);
    check_f32("ln", all, ln_f32, f64::ln);
    check_f32("ln_1p", all, ln_1p_f32, f64::ln_1p);
    check_f32("tanh", all, tanh_f32, f64::tanh);
    check_f32("sigmoid", all, sigmoid_f32, sigmoid_reference);
    check_f32("erf", all, erf_f32, erf_f64);
    check_f32("exp2", all, exp2_f32, f64::exp2);
    check_f32("log2", all, log2_f32, f64::log2);
    check_f32("log10", all, log10_f32, f64::log10);
    check_f32("sinh", all, sinh_f32, f64::sinh);
    check_f32("cosh", all, cosh_f32, f64::cosh);
    check_f32("asinh", all, area::asinh, area::asinh);
    check_f32("acosh", all, area::acosh, area::acosh);
    check_f32("atanh", all, area::atanh, area::atanh);
    check_f32("asin", all, arc::asin, f64::asin);
    check_f32("acos", all, arc::acos, f64::acos);
    check_f32("atan", all, arc::atan, f64::atan);
    check_f32("cbrt", all, cbrt_f32, f64::cbrt);
    check_f32("tan", SIN_LIMIT_F32, tan_f32, f64::tan);
    check_f32("sin", SIN_LIMIT_F32, sin_f32, f64::sin);
    check_f32("cos", SIN_LIMIT_F32, cos_f32, f64::cos);
}

#[test]
fn f64_functions_are_within_two_ulp() {
    check_f64("exp", -746.0, 710.0, exp_f64, f64::exp);
    check_f64("expm1", -40.0, 710.0, expm1_f64, f64::exp_m1);
    check_f64("expm1", -1.0, 1.0, expm1_f64, f64::exp_m1);
    check_f64("ln", 0.0, f64::MAX, ln_f64, f64::ln);
    check_f64("ln", 0.5, 2.0, ln_f64, f64::ln);
    check_f64("ln_1p", -1.0, f64::MAX, ln_1p_f64, f64::ln_1p);
    check_f64("ln_1p", -0.9, 2.0, ln_1p_f64, f64::ln_1p);
    check_f64("exp2", -1080.0, 1030.0, exp2_f64, f64::exp2);
    check_f64("log2", 0.0, f64::MAX, log2_f64, f64::log2);
    check_f64("log2", 0.5, 2.0, log2_f64, f64::log2);
    check_f64("log10", 0.0, f64::MAX, log10_f64, f64::log10);
    check_f64("log10", 0.5, 2.0, log10_f64, f64::log10);
    check_f64("asin", -1.0, 1.0, arc::asin, f64::asin);
    check_f64("acos", -1.0, 1.0, arc::acos, f64::acos);
    check_f64("atan", -5.0, 5.0, arc::atan, f64::atan);
    check_f64("atan", f64::MIN / 4.0, f64::MAX / 4.0, arc::atan, f64::atan);
    check_f64("cbrt", f64::MIN, f64::MAX, cbrt_f64, f64::cbrt);
    check_f64("cbrt", -8.0, 8.0, cbrt_f64, f64::cbrt);
    check_f64("tan", -SIN_LIMIT_F64, SIN_LIMIT_F64, tan_f64, f64::tan);
    check_f64("tan", -10.0, 10.0, tan_f64, f64::tan);
    check_f64("sin", -SIN_LIMIT_F64, SIN_LIMIT_F64, sin_f64, f64::sin);
    check_f64("cos", -SIN_LIMIT_F64, SIN_LIMIT_F64, cos_f64, f64::cos);
    check_f64("sin", -10.0, 10.0, sin_f64, f64::sin);
    check_f64("cos", -10.0, 10.0, cos_f64, f64::cos);
}

#[test]
fn sigmoid_f64_agrees_with_its_definition() {
    check_f64("sigmoid", -746.0, 40.0, sigmoid_f64, sigmoid_reference);
    check_f64("sigmoid", -5.0, 5.0, sigmoid_f64, sigmoid_reference);
}

/// Powers of the base have whole logarithms, and whole numbers have exact powers.
#[test]
fn powers_come_out_exactly() {
    for k in -1022..=1023 {
        let (x, power) = (f64::from(k), 2f64.powi(k));
        assert!(exp2_f64(x) == power && log2_f64(power) == x, "2 to the {k}");
        let short = power as f32;
        if (-126..=127).contains(&k) {
            assert!(exp2_f32(x as f32) == short && log2_f32(short) == x as f32, "2 to the {k} in f32");
        }
    }
    for k in 0..=22 {
        let power = 10f64.powi(k);
        assert_eq!(log10_f64(power), f64::from(k));
        if k <= 10 {
            assert_eq!(log10_f32(power as f32), k as f32);
        }
    }
}

/// Powers all over the range of their type, of bases all over theirs and of bases near 1.
#[test]
fn powers_are_within_two_ulp() {
    let (mut worst_f32, mut worst_f64) = (0.0, 0.0);
    for sample in 0..SAMPLES_F64 {
        let [any, near, way] = [0, 1, 2].map(|k| bits_at(7, 3 * sample + k));
        let x = if sample % 2 == 0 { f64::from_bits(any >> 1) } else { 3.0 * unit(near) + 1e-9 };
        let e = (1500.0 * unit(way) - 750.0) / x.ln();
        worst_f64 = f64::max(worst_f64, ulp_f64(pow_f64(x, e), x.powf(e)));
        let x = if sample % 2 == 0 { f32::from_bits((any >> 33) as u32) } else { x as f32 };
        let e = (200.0 * unit(way) - 105.0) / f64::from(x).ln();
        worst_f32 = f64::max(worst_f32, ulp_f32(pow_f32(x, e), f64::from(x).powf(e)));
    }
    println!("pow: worst {worst_f32:.3} ulp in f32, {worst_f64} from std in f64");
    assert!(worst_f32 <= 0.55 && worst_f64 <= 2.0, "{worst_f32} in f32, {worst_f64} in f64");
}

#[test]
fn powers_that_a_float_holds_come_out_exactly() {
    for base in (2..300).chain([1023, 4097, 94_906_265]) {
        let (mut power, mut e) = (1u128, 0.0);
        while power < 1 << 53 {
            let x = f64::from(base);
            assert_eq!(pow_f64(x, e), power as f64, "{base} to the {e}");
            assert_eq!(pow_f64(-x, e), (if e % 2.0 == 0.0 { power as f64 } else { -(power as f64) }));
            assert_eq!(pow_f64(power as f64, 1.0 / f64::max(e, 1.0)).round(), if e == 0.0 { 1.0 } else { x });
            if e == 3.0 {
                assert_eq!((cbrt_f64(power as f64), cbrt_f64(-(power as f64))), (x, -x));
            }
            if power < 1 << 24 {
                assert_eq!(pow_f32(x as f32, e), power as f32, "{base} to the {e} in f32");
                assert!(e != 3.0 || cbrt_f32(power as f32) == x as f32, "the cube root of {power} in f32");
            }
            (power, e) = (power * base as u128, e + 1.0);
        }
    }
}

/// Signs, zeros, infinities and NaN.
#[test]
fn powers_at_the_ends_are_those_of_ieee_754() {
    let (inf, odd) = (f64::INFINITY, 9_007_199_254_740_991.0);
    let sizes =
        [0.0, 5e-324, 1e-310, f64::MIN_POSITIVE, 1e-30, 0.5, 1.0, 2.0, 2.5, 3.0, 1e10, odd, odd + 1.0, 1e300, inf];
    let near = [1.0 + f64::EPSILON, 1.0 - f64::EPSILON / 2.0, f64::MAX];
    let all: Vec<f64> = sizes.iter().chain(&near).flat_map(|x| [*x, -x]).chain([f64::NAN]).collect();
    for (x, e) in all.iter().flat_map(|x| all.iter().map(move |e| (*x, *e))) {
        let (got, want) = (pow_f64(x, e), x.powf(e));
        assert!(
            ulp_f64(got, want) <= 2.0 && (want.is_nan() || got.is_sign_negative() == want.is_sign_negative()),
            "{x:e} to the {e:e}: {got:e}, not {want:e}"
        );
        let (x, wide) = (x as f32, f64::from(x as f32).powf(e));
        let got = pow_f32(x, e);
        assert!(
            ulp_f32(got, wide) <= 0.55 && (wide.is_nan() || got.is_sign_negative() == wide.is_sign_negative()),
            "{x:e} to the {e:e} in f32: {got:e}, not {wide:e}"
        );
    }
}

/// Multiples of π/2 rounded to the type: all digits of the result come from the reduction.
#[test]
fn sine_and_cosine_keep_their_digits_at_their_zeros() {
    for k in (1..660_000).step_by(37) {
        let x = (f64::from(k) * core::f64::consts::FRAC_PI_2) as f32;
        let wide = f64::from(x);
        assert!(ulp_f32(sin_f32(x), wide.sin()) <= 2.0, "sin_f32({x:e})");
        assert!(ulp_f32(cos_f32(x), wide.cos()) <= 2.0, "cos_f32({x:e})");
        let x = f64::from(k) * 4096.0 * core::f64::consts::FRAC_PI_2;
        assert!(ulp_f64(sin_f64(x), x.sin()) <= 2.0, "sin_f64({x:e})");
        assert!(ulp_f64(cos_f64(x), x.cos()) <= 2.0, "cos_f64({x:e})");
    }
}

/// `erf` by mpmath 1.3.0 with 50 digits, rounded to f64.
const ERF: [(f64, f64); 25] = [
    (1e-300, 1.1283791670955126e-300),
    (1e-08, 1.1283791670955126e-08),
    (0.01, 0.011283415555849618),
    (0.1, 0.1124629160182849),
    (0.25, 0.27632639016823696),
    (0.5, 0.5204998778130465),
    (0.75, 0.7111556336535151),
    (0.9, 0.7969082124228322),
    (1.0, 0.8427007929497149),
    (1.1, 0.8802050695740817),
    (1.1875, 0.9069217197816865),
    (1.2, 0.9103139782296353),
    (1.25, 0.9229001282564583),
    (1.5, 0.9661051464753108),
    (1.75, 0.9866716712191824),
    (2.0, 0.9953222650189527),
    (2.25, 0.9985372834133188),
    (2.5, 0.999593047982555),
    (3.0, 0.9999779095030014),
    (3.5, 0.9999992569016276),
    (4.0, 0.9999999845827421),
    (4.5, 0.9999999998033839),
    (5.0, 0.9999999999984626),
    (5.5, 0.9999999999999927),
    (5.9, 0.9999999999999999),
];

/// `tanh` by mpmath 1.3.0 with 50 digits, rounded to f64.
const TANH: [(f64, f64); 25] = [
    (1e-300, 1e-300),
    (1e-08, 1e-08),
    (0.0078125, 0.007812341058161014),
    (0.03, 0.029991003238820143),
    (0.062, 0.061920679294617795),
    (0.1, 0.09966799462495582),
    (0.1217, 0.12110270987228171),
    (0.17, 0.16838104587081473),
    (0.1733, 0.17158569137000115),
    (0.2, 0.197375320224904),
    (0.25, 0.24491866240370913),
    (0.3, 0.2913126124515909),
    (0.35, 0.3363755443363322),
    (0.45, 0.42189900525000795),
    (0.5457, 0.4972905181030041),
    (0.7, 0.6043677771171635),
    (0.9, 0.7162978701990245),
    (1.0, 0.7615941559557649),
    (1.25, 0.8482836399575129),
    (1.5, 0.9051482536448664),
    (2.0, 0.9640275800758169),
    (3.0, 0.9950547536867305),
    (5.0, 0.9999092042625951),
    (10.0, 0.9999999958776927),
    (18.5, 0.9999999999999998),
];

/// Odd functions: each value is tried with both signs.
fn check_table(name: &str, f: impl Fn(f64) -> f64, table: &[(f64, f64)]) {
    let mut worst = 0.0_f64;
    for &(x, expected) in table {
        let error = ulp_f64(f(x), expected).max(ulp_f64(-f(-x), expected));
        worst = worst.max(error);
        assert!(error <= 2.0, "{name}_f64({x:e}) is off by {error} ulp");
    }
    println!("{name}_f64: worst {worst} ulp in the table");
}

#[test]
fn erf_f64_agrees_with_the_table() {
    check_table("erf", erf_f64, &ERF);
}

/// It also agrees with `1 − 2 / (e²ˣ + 1)` wherever that does not cancel.
#[test]
fn tanh_f64_agrees_with_the_table() {
    check_table("tanh", tanh_f64, &TANH);
    check_f64("tanh", 0.6, 20.0, tanh_f64, |x| 1.0 - 2.0 / ((2.0 * x).exp() + 1.0));
}
