//! Modified Bessel functions of the first kind, and their derivatives of any order.
//!
//! ```text
//! Iₘ(x) = Σ (x/2)²ᵏ⁺ᵐ / (k! (k + m)!)
//! e⁻ˣ Iₘ(x) ~ Σ (−1)ᵏ aₖ(m) / xᵏ / √(2πx),   aₖ(m) = Π (4m² − (2j − 1)²) / (8 j)
//! Iₘ′ = (Iₘ₋₁ + Iₘ₊₁) / 2
//! ```
//!
//! All terms of the series are positive: nothing cancels. The derivatives of `e^(−|x|) Iₘ(x)` are differences up to
//! where the second sum, differentiated term by term, takes over.

use std::f64::consts::PI;

/// From here on the sum over 1 / xᵏ is as good as f64.
const FAR: f64 = 40.0;

/// `e^(−x) Iₘ(x)` for x from 0 to [`FAR`], or anything that is not too large for the sum.
fn series(m: f64, x: f64) -> f64 {
    let half = x / 2.0;
    let mut term = (1..=m as u32).fold((-x).exp(), |term, k| term * (half / f64::from(k)));
    let (mut sum, mut k) = (term, 1.0);
    while term > sum * 1e-18 {
        term *= half / k * (half / (k + m));
        sum += term;
        k += 1.0;
    }
    sum
}

/// The derivative of order n of `e^(−x) Iₘ(x)`, beyond [`FAR`].
fn far_scaled(m: f64, n: u32, x: f64) -> f64 {
    // Of x^(−k − ½) it is (−1)ⁿ (k + ½) (k + 3/2) .. x^(−k − ½ − n).
    let order = f64::from(n);
    let first = (0..n).fold(1.0 / (2.0 * PI * x).sqrt(), |term, j| term * (-(f64::from(j) + 0.5) / x));
    let (mut term, mut sum, mut k) = (first, first, 1.0);
    // The terms become smaller up to about k = 2x.
    while k < 60.0 && term.abs() > sum.abs() * 1e-18 {
        let odd = 2.0 * k - 1.0;
        term *= -(4.0 * m * m - odd * odd) / (8.0 * k * x) * ((k - 0.5 + order) / (k - 0.5));
        sum += term;
        k += 1.0;
    }
    sum
}

/// `e^(−x) Iₘ(x)` for x not negative.
fn scaled(m: f64, x: f64) -> f64 {
    if x > FAR { far_scaled(m, 0, x) } else { series(m, x) }
}

/// The derivative of order n of I₀, times `e^(−x)`, for x not negative.
fn derivative(n: u32, x: f64) -> f64 {
    // 2⁻ⁿ Σ binomial(n, k) I₍|n − 2k|₎
    let (mut binomial, mut sum) = (0.5f64.powi(n as i32), 0.0);
    for k in 0..=n {
        sum += binomial * scaled(f64::from(n.abs_diff(2 * k)), x);
        binomial *= f64::from(n - k) / f64::from(k + 1);
    }
    sum
}

/// The sign of a derivative of order n of a function that is even in x.
fn sign(n: u32, x: f64) -> f64 {
    if n % 2 == 1 && x < 0.0 { -1.0 } else { 1.0 }
}

/// Beyond it every derivative of I₀ is larger than any number.
const LARGEST: f64 = 1000.0;

/// The derivative of order n of I₀; I₁ is the first.
pub fn i0(n: f64, x: f64) -> f64 {
    let (n, z) = (n as u32, x.abs());
    if z > LARGEST {
        return sign(n, x) * f64::INFINITY;
    }
    if z == 0.0 && n % 2 == 1 {
        return x;
    }
    let scaled = derivative(n, z);
    // In two steps, for the power overflows before the product.
    let half = (z / 2.0).exp();
    sign(n, x) * (scaled * half * half)
}

/// The derivative of order n of `e^(−|x|) I₀(x)` or, if `odd`, of `e^(−|x|) I₁(x)`; at 0 the mean of both sides.
fn scaled_derivative(odd: u32, n: u32, x: f64) -> f64 {
    let z = x.abs();
    if x.is_nan() {
        return x;
    }
    if z == 0.0 && (n + odd) % 2 == 1 {
        return if n == 0 { x } else { 0.0 };
    }
    let y = if z > FAR {
        far_scaled(f64::from(odd), n, z)
    } else {
        // Σ binomial(n, k) (−1)ⁿ⁻ᵏ times the derivatives of order k
        let (mut binomial, mut sum) = (if n % 2 == 1 { -1.0 } else { 1.0 }, 0.0);
        for k in 0..=n {
            sum += binomial * derivative(k + odd, z);
            binomial *= -f64::from(n - k) / f64::from(k + 1);
        }
        sum
    };
    sign(n + odd, x) * y
}

/// The derivative of order n of `e^(−|x|) I₀(x)`.
pub fn i0e(n: f64, x: f64) -> f64 {
    scaled_derivative(0, n as u32, x)
}

/// The derivative of order n of `e^(−|x|) I₁(x)`.
pub fn i1e(n: f64, x: f64) -> f64 {
    scaled_derivative(1, n as u32, x)
}
