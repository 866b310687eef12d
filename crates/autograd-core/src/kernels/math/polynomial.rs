//! Polynomials by Horner's rule.
//!
//! `c[0] + c[1] x + … + c[N−1] xᴺ⁻¹`, one fused multiply-add per coefficient. Horner is a long chain of dependent
//! operations, but the lanes and iterations of a vector loop are independent and hide it; Estrin's scheme would only
//! add operations.

/// `Σ c[i] xⁱ` in f32.
#[inline(always)]
pub(super) fn horner_f32<const N: usize>(x: f32, c: &[f32; N]) -> f32 {
    let mut sum = c[N - 1];
    for &coefficient in c[..N - 1].iter().rev() {
        sum = sum.mul_add(x, coefficient);
    }
    sum
}

/// `Σ c[i] xⁱ` in f64.
#[inline(always)]
pub(super) fn horner_f64<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let mut sum = c[N - 1];
    for &coefficient in c[..N - 1].iter().rev() {
        sum = sum.mul_add(x, coefficient);
    }
    sum
}
