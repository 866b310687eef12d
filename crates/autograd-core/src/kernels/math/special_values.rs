//! Exact results at the ends of each domain, at zero and at the smallest subnormal number.

use super::*;

/// Exact results, the sign of zero included, in both types; NaN to NaN for every function.
macro_rules! check_special_values {
    ($test:ident, $float:ident, $([$f:ident: $($x:expr => $y:expr),+]),+ $(,)?) => {
        #[test]
        fn $test() {
            const INF: $float = $float::INFINITY;
            const NAN: $float = $float::NAN;
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
    [sin_f64: 0.0 => 0.0, -0.0 => -0.0, INF => NAN, -INF => NAN, f64::from_bits(1) => f64::from_bits(1)],
    [cos_f64: 0.0 => 1.0, -0.0 => 1.0, INF => NAN, -INF => NAN],
);
