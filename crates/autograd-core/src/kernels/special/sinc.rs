//! The derivatives of `sin πx / πx`.
//!
//! ```text
//! f(u) = sin u / u = Σ (−1)ᵏ u²ᵏ / (2k + 1)!,   u fₙ + n fₙ₋₁ = sin(u + nπ/2)
//! ```
//!
//! The recurrence loses digits below n, where the series differentiated term by term has them all.

use std::f64::consts::PI;

/// The derivative of order n of `sin πx / πx`.
pub fn sinc(n: f64, x: f64) -> f64 {
    let (order, u) = (n as u32, PI * x);
    let scale = PI.powi(order as i32);
    if u.abs() < n + 1.0 {
        return scale * series(order, u);
    }
    // The sine and the cosine of πx, from what x has more than a whole number: exact.
    let half_turns = x.round();
    let (sine, cosine) = (PI * (x - half_turns)).sin_cos();
    let (sine, cosine) = if half_turns % 2.0 == 0.0 { (sine, cosine) } else { (-sine, -cosine) };
    let turned = |k: u32| [sine, cosine, -sine, -cosine][k as usize % 4];
    let value = (1..=order).fold(sine / u, |before, k| (turned(k) - f64::from(k) * before) / u);
    if x.is_infinite() { f64::NAN } else { scale * value }
}

/// `Σ (−1)ᵏ 2k (2k − 1) .. (2k − n + 1) u²ᵏ⁻ⁿ / (2k + 1)!`
fn series(order: u32, u: f64) -> f64 {
    let first = order.div_ceil(2);
    let mut sum = 0.0;
    // Smallest terms first.
    for k in (first..first + 24).rev() {
        let falling = (0..order).fold(1.0, |product, j| product * f64::from(2 * k - j));
        let factorial = (2..=2 * k + 1).fold(1.0, |product, j| product * f64::from(j));
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        sum += sign * falling / factorial * u.powi((2 * k - order) as i32);
    }
    sum
}
