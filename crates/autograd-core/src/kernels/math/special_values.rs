//! Exact results at the ends of each domain, at zero and at the smallest subnormal number.

use super::arc::{acos, asin, atan};
use super::area::{acosh, asinh, atanh};
use super::*;

/// Exact results, the sign of zero included, in both types; NaN to NaN for every function.
macro_rules! check_special_values {
    ($test:ident, $float:ident, $([$f:ident: $($x:expr => $y:expr),+]),+ $(,)?) => {
        #[test]
        fn $test() {
            const INF: $float = $float::INFINITY;
            const NAN: $float = $float::NAN;
            const QUARTER: $float = core::$float::consts::FRAC_PI_2;
            const TINY: $float = $float::from_bits(1);
            $(
                assert!($f(NAN).is_nan(), "{}(NaN)", stringify!($f));
                $(
                    let (y, expected): ($float, $float) = ($f($x), $y);
                    let same = y.to_bits() == expected.to_bits() || (y.is_nan() && expected.is_nan());
                    assert!(same, "{}({:e}) is {y:e}, not {expected:e}", stringify!($f), $x);
                )+
            )+
        }
    };
}

check_special_values!(special_values_f32, f32,
    [exp_f32: 0.0 => 1.0, -0.0 => 1.0, INF => INF, -INF => 0.0, 89.0 => INF, -104.0 => 0.0, -103.0 => f32::from_bits(1)],
    [expm1_f32: 0.0 => 0.0, -0.0 => -0.0, INF => INF, -INF => -1.0, 89.0 => INF, f32::from_bits(1) => f32::from_bits(1)],
    [ln_f32: 1.0 => 0.0, 0.0 => -INF, -0.0 => -INF, INF => INF, -INF => NAN, -1.0 => NAN, -f32::from_bits(1) => NAN],
    [ln_1p_f32: 0.0 => 0.0, -0.0 => -0.0, -1.0 => -INF, INF => INF, -INF => NAN, -1.5 => NAN, f32::from_bits(1) => f32::from_bits(1)],
    [tanh_f32: 0.0 => 0.0, -0.0 => -0.0, INF => 1.0, -INF => -1.0, f32::from_bits(1) => f32::from_bits(1)],
    [sigmoid_f32: 0.0 => 0.5, -0.0 => 0.5, INF => 1.0, -INF => 0.0, -103.0 => f32::from_bits(1)],
    [erf_f32: 0.0 => 0.0, -0.0 => -0.0, INF => 1.0, -INF => -1.0],
    [exp2_f32: 0.0 => 1.0, -0.0 => 1.0, 128.0 => INF, INF => INF, -INF => 0.0, -150.0 => 0.0, -149.0 => TINY],
    [log2_f32: 1.0 => 0.0, 0.0 => -INF, -0.0 => -INF, INF => INF, -1.0 => NAN, TINY => -149.0],
    [log10_f32: 1.0 => 0.0, 0.0 => -INF, INF => INF, -TINY => NAN],
    [sinh_f32: 0.0 => 0.0, -0.0 => -0.0, 90.0 => INF, -90.0 => -INF, -INF => -INF, TINY => TINY],
    [cosh_f32: 0.0 => 1.0, -0.0 => 1.0, 90.0 => INF, -90.0 => INF, -INF => INF],
    [tan_f32: 0.0 => 0.0, -0.0 => -0.0, INF => NAN, TINY => TINY],
    [asin: 0.0 => 0.0, -0.0 => -0.0, 1.0 => QUARTER, 1.5 => NAN, INF => NAN, TINY => TINY],
    [acos: 1.0 => 0.0, -1.0 => 2.0 * QUARTER, 0.0 => QUARTER, -1.5 => NAN],
    [atan: 0.0 => 0.0, -0.0 => -0.0, INF => QUARTER, -INF => -QUARTER, TINY => TINY],
    [asinh: 0.0 => 0.0, -0.0 => -0.0, INF => INF, -INF => -INF, TINY => TINY],
    [acosh: 1.0 => 0.0, 0.5 => NAN, -2.0 => NAN, INF => INF, -INF => NAN],
    [atanh: 0.0 => 0.0, -0.0 => -0.0, 1.0 => INF, -1.0 => -INF, 1.5 => NAN, INF => NAN, TINY => TINY],
    [sin_f32: 0.0 => 0.0, -0.0 => -0.0, INF => NAN, -INF => NAN, f32::from_bits(1) => f32::from_bits(1)],
    [cos_f32: 0.0 => 1.0, -0.0 => 1.0, INF => NAN, -INF => NAN],
);

check_special_values!(special_values_f64, f64,
    [exp_f64: 0.0 => 1.0, -0.0 => 1.0, INF => INF, -INF => 0.0, 710.0 => INF, -746.0 => 0.0, -745.0 => f64::from_bits(1)],
    [expm1_f64: 0.0 => 0.0, -0.0 => -0.0, INF => INF, -INF => -1.0, 710.0 => INF, f64::from_bits(1) => f64::from_bits(1)],
    [ln_f64: 1.0 => 0.0, 0.0 => -INF, -0.0 => -INF, INF => INF, -INF => NAN, -1.0 => NAN, -f64::from_bits(1) => NAN],
    [ln_1p_f64: 0.0 => 0.0, -0.0 => -0.0, -1.0 => -INF, INF => INF, -INF => NAN, -1.5 => NAN, f64::from_bits(1) => f64::from_bits(1)],
    [tanh_f64: 0.0 => 0.0, -0.0 => -0.0, INF => 1.0, -INF => -1.0, f64::from_bits(1) => f64::from_bits(1)],
    [sigmoid_f64: 0.0 => 0.5, -0.0 => 0.5, INF => 1.0, -INF => 0.0, -745.0 => f64::from_bits(1)],
    [erf_f64: 0.0 => 0.0, -0.0 => -0.0, INF => 1.0, -INF => -1.0],
    [exp2_f64: 0.0 => 1.0, -0.0 => 1.0, 1024.0 => INF, INF => INF, -INF => 0.0, -1075.0 => 0.0, -1074.0 => TINY],
    [log2_f64: 1.0 => 0.0, 0.0 => -INF, -0.0 => -INF, INF => INF, -1.0 => NAN, TINY => -1074.0],
    [log10_f64: 1.0 => 0.0, 0.0 => -INF, INF => INF, -TINY => NAN],
    [sinh_f64: 0.0 => 0.0, -0.0 => -0.0, 711.0 => INF, -711.0 => -INF, -INF => -INF, TINY => TINY],
    [cosh_f64: 0.0 => 1.0, -0.0 => 1.0, 711.0 => INF, -711.0 => INF, -INF => INF],
    [tan_f64: 0.0 => 0.0, -0.0 => -0.0, INF => NAN, TINY => TINY],
    [asin: 0.0 => 0.0, -0.0 => -0.0, 1.0 => QUARTER, 1.5 => NAN, INF => NAN, TINY => TINY],
    [acos: 1.0 => 0.0, -1.0 => 2.0 * QUARTER, 0.0 => QUARTER, -1.5 => NAN],
    [atan: 0.0 => 0.0, -0.0 => -0.0, INF => QUARTER, -INF => -QUARTER, TINY => TINY],
    [asinh: 0.0 => 0.0, -0.0 => -0.0, INF => INF, -INF => -INF, TINY => TINY],
    [acosh: 1.0 => 0.0, 0.5 => NAN, -2.0 => NAN, INF => INF, -INF => NAN],
    [atanh: 0.0 => 0.0, -0.0 => -0.0, 1.0 => INF, -1.0 => -INF, 1.5 => NAN, INF => NAN, TINY => TINY],
    [sin_f64: 0.0 => 0.0, -0.0 => -0.0, INF => NAN, -INF => NAN, f64::from_bits(1) => f64::from_bits(1)],
    [cos_f64: 0.0 => 1.0, -0.0 => 1.0, INF => NAN, -INF => NAN],
);
