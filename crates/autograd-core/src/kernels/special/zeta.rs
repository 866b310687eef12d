//! Hurwitz's zeta function, and its derivatives by q.
//!
//! ```text
//! ζ(s, q) = Σ (q + k)⁻ˢ,   ζ⁽ⁿ⁾ = (−1)ⁿ s (s + 1) .. (s + n − 1) ζ(s + n, q)
//! ```
//!
//! The sum is that of its first terms and the Euler–Maclaurin formula for the others. Below 0 it is, for a whole s, a
//! sum over all whole numbers less what is beyond: three ζ of positive arguments, however far it is.

/// `B₂ₖ / (2k)!`
const MACLAURIN: [f64; 12] = [
    0.08333333333333333,
    -0.001388888888888889,
    3.306878306878307e-05,
    -8.267195767195768e-07,
    2.08767569878681e-08,
    -5.284190138687493e-10,
    1.3382536530684679e-11,
    -3.3896802963225827e-13,
    8.586062056277845e-15,
    -2.174868698558062e-16,
    5.5090028283602295e-18,
    -1.3954464685812522e-19,
];

/// `ζ(s, q)` for s from 1 on; +∞ where s is 1 and at q = 0, −1, −2 and so on, NaN for other q below 0 where s is not
/// whole.
pub(super) fn zeta(s: f64, q: f64) -> f64 {
    if s.is_nan() || q.is_nan() || s < 1.0 {
        return f64::NAN;
    }
    if q <= 0.0 && q == q.floor() && q.is_finite() {
        return f64::INFINITY;
    }
    if q < 0.0 && (s != s.floor() || s.is_infinite() || q.is_infinite()) {
        return f64::NAN;
    }
    if s == 1.0 {
        return f64::INFINITY;
    }
    if q < 0.0 {
        // Both are exact where they are small, and the larger power by far.
        let (above, below) = (q - q.floor(), q.ceil() - q);
        let even = if s % 2.0 == 0.0 { 1.0 } else { -1.0 };
        let (right, left) = (zeta(s, above), even * zeta(s, below));
        let all = match (right + left).is_nan() {
            // Infinities of both signs: the nearer pole is the higher one.
            true if above == below => 0.0,
            true if above < below => right,
            true => left,
            false => right + left,
        };
        return all - even * zeta(s, 1.0 - q);
    }
    if q == f64::INFINITY {
        return 0.0;
    }
    let far = s.min(200.0) + 10.0;
    let (mut a, mut sum) = (q, 0.0);
    while a < far {
        sum += a.powf(-s);
        a += 1.0;
    }
    let power = a.powf(-s);
    // The power has no digits left long before its product with a has.
    let first = if power < 1e-280 { a.powf(1.0 - s) / (s - 1.0) } else { power * (a / (s - 1.0)) };
    if power == 0.0 {
        // The others are far below it; of a large s their factors are infinite.
        return sum + first;
    }
    let (mut factor, mut rest) = (s * power / a, 0.0);
    for (k, c) in MACLAURIN.iter().enumerate() {
        rest += c * factor;
        let k = 2.0 * k as f64 + 1.0;
        factor *= (s + k) / a * ((s + k + 1.0) / a);
    }
    sum + (first + (0.5 * power + rest))
}

/// The derivative of order n of `ζ(s, q)` by q.
pub fn zeta_derivative(n: u32, s: f64, q: f64) -> f64 {
    if n == 0 {
        return zeta(s, q);
    }
    if s < 1.0 {
        return f64::NAN;
    }
    let (sign, zeta) = (if n.is_multiple_of(2) { 1.0 } else { -1.0 }, zeta(s + f64::from(n), q));
    // Of an infinite s the factors are beyond any number, and yet far below the power.
    if zeta == 0.0 { sign * zeta } else { (0..n).fold(sign * zeta, |y, k| y * (s + f64::from(k))) }
}
