//! The incomplete gamma functions, and their derivatives by x.
//!
//! ```text
//! P(a, x) = w/a Σ xᵏ / ((a + 1) .. (a + k)),   w = xᵃ e⁻ˣ / Γ(a)              x ≤ 1 or x ≤ a
//! Q(a, x) = w / (x + 1 − a − 1 (1 − a) / (x + 3 − a − 2 (2 − a) / (x + 5 − a − ..)))   x above both
//! Q(a, x) = 1 − xᵃ/Γ(a + 1) − xᵃ/Γ(a) Σ (−x)ᵏ / ((a + k) k!)                  small a and x
//! Q(a, x) = ½ erfc(η √(a/2)) + e^(−a η²/2) / √(2πa) Σ Cₖ(η) / aᵏ              large a
//! ```
//!
//! with `η²/2 = μ − ln(1 + μ)`, `μ = x/a − 1`, after N. M. Temme, The asymptotic expansion of the incomplete gamma
//! functions, 1979; NIST's Digital Library of Mathematical Functions, 8.7.1, 8.9.2, 8.12. The smaller one of P and Q is
//! computed, the other is what is left of 1.

use super::error::erfcx;
use super::gamma::{lgamma_1p, lgamma_of_positive, polynomial, stirling};
use smallvec::SmallVec;
use std::f64::consts::PI;

/// From here on Γ(a) is taken by Stirling's formula.
const STIRLING_FROM: f64 = 10.0;

/// From here on the last sum is as good as f64.
const LARGE: f64 = 1e4;

/// The coefficients of `Cₖ(η)`, by exact fractions; with `|η|` at most 0.4, where e^(−a η²/2) is not 0.
const C0: [f64; 17] = [
    -0.3333333333333333,
    0.08333333333333333,
    -0.014814814814814815,
    0.0011574074074074073,
    0.0003527336860670194,
    -0.0001787551440329218,
    3.919263178522438e-05,
    -2.185448510679992e-06,
    -1.85406221071516e-06,
    8.296711340953087e-07,
    -1.7665952736826078e-07,
    6.707853543401498e-09,
    1.0261809784240309e-08,
    -4.382036018453353e-09,
    9.14769958223679e-10,
    -2.5514193994946248e-11,
    -5.830772132550426e-11,
];
const C1: [f64; 13] = [
    -0.001851851851851852,
    -0.003472222222222222,
    0.0026455026455026454,
    -0.0009902263374485596,
    0.00020576131687242798,
    -4.018775720164609e-07,
    -1.8098550334489977e-05,
    7.64916091608111e-06,
    -1.6120900894563446e-06,
    4.647127802807434e-09,
    1.378633446915721e-07,
    -5.752545603517705e-08,
    1.1951628599778148e-08,
];
const C2: [f64; 9] = [
    0.004133597883597883,
    -0.0026813271604938273,
    0.0007716049382716049,
    2.0093878600823047e-06,
    -0.0001073665322636516,
    5.2923448829120125e-05,
    -1.2760635188618728e-05,
    3.423578734096138e-08,
    1.3721957309062934e-06,
];
const C3: [f64; 5] = [
    0.0006494341563786008,
    0.00022947209362139917,
    -0.0004691894943952557,
    0.00026772063206283885,
    -7.561801671883977e-05,
];

/// Below 0, at a = x = 0 and where both are infinite there is neither a value nor a limit.
fn undefined(a: f64, x: f64) -> bool {
    let none = |x: f64| x.is_nan() || x < 0.0;
    none(a) || none(x) || (a == x && (a == 0.0 || a == f64::INFINITY))
}

/// `(P, Q)`: the share of the integral of `tᵃ⁻¹ e⁻ᵗ` up to x, and that beyond.
fn shares(a: f64, x: f64) -> (f64, f64) {
    if undefined(a, x) {
        return (f64::NAN, f64::NAN);
    }
    let of_upper = |q: f64| (1.0 - q, q);
    let of_lower = |p: f64| (p, 1.0 - p);
    if x == 0.0 || a == f64::INFINITY {
        return of_lower(0.0);
    }
    if a == 0.0 || x == f64::INFINITY {
        return of_upper(0.0);
    }
    if a >= LARGE {
        return uniform(a, x);
    }
    if x > 1.0 && x > a {
        return of_upper(weight(a, x) * fraction(a, x));
    }
    // Where P is nearly 1 Q is not what is left of it.
    let near_one = if x <= 0.5 { a < -0.4 / x.ln() } else { a < 1.1 * x };
    if x <= 1.1 && near_one { (lower(a, x), upper_of_small(a, x)) } else { of_lower(lower(a, x)) }
}

/// P by its sum, whose terms are positive.
fn lower(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, a);
    while term > sum * 1e-17 {
        k += 1.0;
        term *= x / k;
        sum += term;
    }
    if a < 1.0 { x.powf(a) * (-x).exp() * (-lgamma_1p(a)).exp() * sum } else { weight(a, x) / a * sum }
}

/// Q of small numbers, `1 − xᵃ/Γ(a + 1)` from its logarithm.
fn upper_of_small(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 0.0f64, 1.0);
    loop {
        term *= -x / k;
        sum += term / (a + k);
        // Both may be 0: x of less than 1e-307.
        if term.abs() <= sum.abs() * 1e-17 {
            break;
        }
        k += 1.0;
    }
    let of_one = a * x.ln() - if a <= 1.0 { lgamma_1p(a) } else { lgamma_of_positive(1.0 + a) };
    -of_one.exp_m1() - of_one.exp() * a * sum
}

/// `Q / w` by a continued fraction, from the front (W. J. Lentz, 1976).
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut y = d;
    for k in 1..100_000 {
        let k = f64::from(k);
        let numerator = -k * (k - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        let step = c * d;
        y *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    y
}

/// `xᵃ e⁻ˣ / Γ(a)`
fn weight(a: f64, x: f64) -> f64 {
    if a >= STIRLING_FROM {
        return (a / (2.0 * PI)).sqrt() * (-a * excess(a, x) - stirling(a)).exp();
    }
    if x > 2000.0 {
        return 0.0;
    }
    // In two steps, for the exponential is 0 before the product.
    let half = (-0.5 * x).exp();
    x.powf(a) * half * reciprocal_gamma(a) * half
}

/// `1 / Γ(a)`
fn reciprocal_gamma(a: f64) -> f64 {
    if a <= 1.0 { a * (-lgamma_1p(a)).exp() } else { (-lgamma_of_positive(a)).exp() }
}

/// `μ − ln(1 + μ)`, `1 + μ = x / a`
fn excess(a: f64, x: f64) -> f64 {
    let mu = (x - a) / a;
    if mu.abs() > 0.5 {
        return mu - (x / a).ln();
    }
    // ln(1 + μ) = 2 (r + r³/3 + r⁵/5 + ..), r = μ / (2 + μ), and μ − 2r = μ r.
    let r = mu / (2.0 + mu);
    let square = r * r;
    let sum = (1..18).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    r * (mu - 2.0 * square * sum)
}

/// Both by the sum that holds for large a, however near to a x is.
fn uniform(a: f64, x: f64) -> (f64, f64) {
    let half_square = excess(a, x);
    let power = (-a * half_square).exp();
    if power == 0.0 {
        return if x < a { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    let eta = (2.0 * half_square).sqrt().copysign(x - a);
    let sums = [polynomial(eta, &C0), polynomial(eta, &C1), polynomial(eta, &C2), polynomial(eta, &C3)];
    let rest = polynomial(1.0 / a, &sums) / (2.0 * PI * a).sqrt();
    let half = 0.5 * erfcx((a * half_square).sqrt());
    if x < a {
        let p = power * (half - rest);
        (p, 1.0 - p)
    } else {
        let q = power * (half + rest);
        (1.0 - q, q)
    }
}

/// The derivative of order n, from 1 on, of `P(a, x)` by x: that of order n − 1 of `xᵃ⁻¹ e⁻ˣ / Γ(a)`.
fn density(n: u32, a: f64, x: f64) -> f64 {
    if undefined(a, x) {
        return f64::NAN;
    }
    if a == 0.0 || a == f64::INFINITY || x == f64::INFINITY {
        return 0.0;
    }
    let m = n - 1;
    // Of a small x the weight is no number any more where the density is one.
    if a >= STIRLING_FROM && x >= 1.0 {
        let density = weight(a, x) / x;
        return if density == 0.0 { 0.0 } else { density * ratio(m, a, x) };
    }
    if x > 2000.0 {
        return 0.0;
    }
    // Σ binomial(m, k) (−1)ᵐ⁻ᵏ (a − 1) (a − 2) .. (a − k) xᵃ⁻¹⁻ᵏ e⁻ˣ / Γ(a)
    let half = (-0.5 * x).exp();
    let constant = half * reciprocal_gamma(a);
    let (mut factor, mut sum) = (if m.is_multiple_of(2) { constant } else { -constant }, 0.0);
    for k in 0..=m {
        // At x = 0 with a whole a the powers end before they are infinite.
        if factor != 0.0 {
            sum += factor * x.powf(a - f64::from(k + 1)) * half;
        }
        factor *= -f64::from(m - k) / f64::from(k + 1) * (a - f64::from(k + 1));
    }
    sum
}

/// The derivative of order m of `g = xᵃ⁻¹ e⁻ˣ / Γ(a)`, divided by g: `g′ = u g`, `u = (a − 1) / x − 1`, in which
/// nothing cancels but u.
fn ratio(m: u32, a: f64, x: f64) -> f64 {
    let mut ratios = SmallVec::<[f64; 8]>::from_slice(&[1.0]);
    for m in 0..m {
        // g⁽ᵐ⁺¹⁾ = Σ binomial(m, j) u⁽ʲ⁾ g⁽ᵐ⁻ʲ⁾
        let (mut factor, mut sum) = (1.0, (a - 1.0 - x) / x * ratios[m as usize]);
        let mut slope = (a - 1.0) / x;
        for j in 1..=m {
            factor *= f64::from(m + 1 - j) / f64::from(j);
            slope *= -f64::from(j) / x;
            sum += factor * slope * ratios[(m - j) as usize];
        }
        ratios.push(sum);
    }
    ratios[m as usize]
}

/// The derivative of order n of `P(a, x)` by x.
pub fn lower_derivative(n: u32, a: f64, x: f64) -> f64 {
    if n == 0 { shares(a, x).0 } else { density(n, a, x) }
}

/// The derivative of order n of `Q(a, x)` by x.
pub fn upper_derivative(n: u32, a: f64, x: f64) -> f64 {
    if n == 0 { shares(a, x).1 } else { -density(n, a, x) }
}
