//! Exponential and logarithm to base 2, and the logarithm to base 10.
//!
//! ```text
//! x = k + r,   |r| ≤ ½,   2ˣ = 2ᵏ e^(r ln 2)
//! x = 2ᵉ (1 + f),   log x = e log 2 + log(1 + f),   log(1 + f) = (f + f² p(f)) / ln b
//! ```
//!
//! The products `r ln 2` and `f / ln b` are sums of two numbers, and what the sum with the exponent loses is added
//! last: powers of two come out exactly.
//!
//! Worst error measured: `exp2` f32 0.82, f64 1 ulp; `log2` f32 0.90, f64 1 ulp; `log10` f32 0.87, f64 1 ulp (f32:
//! every 2003rd bit pattern; f64: `tables.rs`, and 200000 arguments against std, to 2 ulp).

use super::exp::{parts_of_sum_f32, parts_of_sum_f64};
use super::log::{LOG_F32, LOG_F64, edges_f32, edges_f64, split_f32, split_f64};
use super::polynomial::{horner_f32, horner_f64};
use super::scale::{nearest_f32, nearest_f64, scale_f32, scale_f64};

/// A base of logarithms: `1 / ln b` and `log 2`, each as a sum of two numbers.
struct Base<T> {
    factor: (T, T),
    /// The first is short, so its product with an exponent is exact.
    two: (T, T),
}

const TWO_F32: Base<f32> = Base { factor: (core::f32::consts::LOG2_E, 1.925963e-08), two: (1.0, 0.0) };
const TEN_F32: Base<f32> = Base { factor: (core::f32::consts::LOG10_E, -1.010305e-08), two: (0.3010254, 4.605039e-06) };
const TWO_F64: Base<f64> = Base { factor: (core::f64::consts::LOG2_E, 2.0355273740931033e-17), two: (1.0, 0.0) };
const TEN_F64: Base<f64> = Base {
    factor: (core::f64::consts::LOG10_E, 1.098319650216765e-17),
    two: (0.30102999566383914, 1.42050232272661e-13),
};

macro_rules! functions {
    (
        $t:ident, $exp2:ident, $log2:ident, $log10:ident, $log:ident, $limits:expr, $ln_2:expr, $nearest:ident,
        $parts:ident, $scale:ident, $split:ident, $edges:ident, $horner:ident, $table:ident, $up:expr,
        $two:ident, $ten:ident
    ) => {
        /// `2ˣ`
        #[inline(always)]
        pub fn $exp2(x: $t) -> $t {
            // Beyond these the result is ∞ or 0. NaN passes.
            let (low, high): ($t, $t) = $limits;
            let x = if x > high { high } else { x };
            let x = if x < low { low } else { x };
            let (k_float, k) = $nearest(x, 1.0);
            let r = x - k_float;
            let (ln_2, rest): ($t, $t) = $ln_2;
            let product = r * ln_2;
            let parts = $parts(product, r.mul_add(ln_2, -product) + r * rest);
            $scale(1.0 + (parts.high + parts.tail), k.wrapping_add(parts.k))
        }

        #[inline(always)]
        fn $log(x: $t, base: Base<$t>) -> $t {
            let (up, places): ($t, $t) = $up;
            let subnormal = x < $t::MIN_POSITIVE;
            let (_, e, m) = $split(if subnormal { x * up } else { x });
            let e = if subnormal { e - places } else { e };
            let f = m - 1.0;
            let bent = (f * f) * $horner(f, &$table);
            let (factor, factor_rest) = base.factor;
            let product = f * factor;
            let lost = f.mul_add(factor, -product) + f.mul_add(factor_rest, bent * factor);
            // The rounding error of the large part goes to the small one (Fast2Sum).
            let (two, two_rest) = base.two;
            let sum = e.mul_add(two, product);
            let sum_lost = product - (-e).mul_add(two, sum);
            $edges(x, x, sum + (e.mul_add(two_rest, sum_lost) + lost))
        }

        /// Logarithm to base 2: −∞ at ±0, NaN below.
        #[inline(always)]
        pub fn $log2(x: $t) -> $t {
            $log(x, $two)
        }

        /// Logarithm to base 10: −∞ at ±0, NaN below.
        #[inline(always)]
        pub fn $log10(x: $t) -> $t {
            $log(x, $ten)
        }
    };
}
functions!(
    f32,
    exp2_f32,
    log2_f32,
    log10_f32,
    log_f32,
    (-151.0, 129.0),
    (core::f32::consts::LN_2, -1.9046542e-9),
    nearest_f32,
    parts_of_sum_f32,
    scale_f32,
    split_f32,
    edges_f32,
    horner_f32,
    LOG_F32,
    (33_554_432.0, 25.0),
    TWO_F32,
    TEN_F32
);
functions!(
    f64,
    exp2_f64,
    log2_f64,
    log10_f64,
    log_f64,
    (-1076.0, 1025.0),
    (core::f64::consts::LN_2, 2.3190468138462996e-17),
    nearest_f64,
    parts_of_sum_f64,
    scale_f64,
    split_f64,
    edges_f64,
    horner_f64,
    LOG_F64,
    (18_014_398_509_481_984.0, 54.0),
    TWO_F64,
    TEN_F64
);
