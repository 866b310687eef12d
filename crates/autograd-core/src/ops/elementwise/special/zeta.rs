//! Hurwitz's zeta function.

use crate::error::Result;
use crate::kernels::special::zeta::zeta_derivative;
use crate::ops::elementwise::by_second::Function;
use crate::tensor::Tensor;

impl Tensor {
    /// Hurwitz's zeta function of s, which is `self`, and q; Riemann's where q is 1.
    ///
    /// `y = ζ(s, q) = Σ (q + k)⁻ˢ`, k = 0, 1, .., element by element; the operands are broadcast to a common shape. +∞
    /// where s is 1 and where q is 0, −1, −2 and so on; NaN where s is below 1, and for other q below 0 where s is not
    /// whole. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gq = −gy · s ζ(s + 1, q)`. There is none for s: a walk that wants it is refused. Saves both.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, 16 in `F64`; between the poles below 0 of its largest term.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from(2.0).zeta(&Tensor::from([1.0, 2.0]))?.to_vec::<f32>()?;
    /// assert!(y.iter().zip([1.644_934_1, 0.644_934_06]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// NIST Digital Library of Mathematical Functions, equations 25.11.1 and 25.11.17.
    pub fn zeta(&self, q: &Tensor) -> Result<Tensor> {
        ZETA.of(self, q)
    }
}

static ZETA: Function = Function { name: "zeta", first: "s", derivative: zeta_derivative };

#[cfg(test)]
crate::ops::cases::cases![{
    // The first terms, and the integral of the rest.
    let reference = |s: f64, q: f64| {
        let far = q + 2000.0;
        let sum: f64 = (0..2000).rev().map(|k| (q + f64::from(k)).abs().powf(-s)).sum();
        sum + far.powf(1.0 - s) / (s - 1.0) + 0.5 * far.powf(-s) + s / 12.0 * far.powf(-s - 1.0)
    };
    [
        Case::fallible_unary("zeta", 0.4..5.0, &[], |q| q.full_like(2.5).zeta(q), move |q| reference(2.5, q)).refuses(
            |x| {
                let s = x[0].full_like(2.5).requires_grad();
                let _ = s.zeta(&x[0])?.sum().backward()?;
                Ok(s)
            },
            "zeta: has no derivative with respect to s; detach s",
        ),
        Case::fallible_unary("zeta", -2.8..-2.2, &[], |q| q.full_like(4.0).zeta(q), move |q| reference(4.0, q)),
        Case::binary("zeta", 1.2..6.0, 0.4..5.0, |s, q| s.untied().zeta(&q.untied()), reference).ends_no_history(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor, grad_with};

    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    const PI: f64 = std::f64::consts::PI;

    /// s, q, the value, its derivative by q.
    const POINTS: [(f64, f64, f64, f64); 20] = [
        (2.0, 0.5, PI * PI / 2.0, -16.82879664423432),
        (1.0, 1.0, INF, -PI * PI / 6.0),
        (0.5, 1.0, NAN, NAN),
        (2.0, 0.0, INF, -INF),
        (2.0, -1.0, INF, -INF),
        (2.5, -1.0, INF, -INF),
        (2.5, -0.5, NAN, NAN),
        // The sum over all whole numbers is π² / sin² πq, so that of the others is known.
        (2.0, -0.5, PI * PI / 2.0 + 4.0, -0.82879664423432),
        (2.0, -1e-10, 1e20, 2e30),
        (2.0, -1e-20, 1e40, 2e60),
        (3.0, -1e-10, -1e30, -3e40),
        (1025.0, -0.5, 3.2096632370232837e-181, -INF),
        (2.0, INF, 0.0, 0.0),
        (2.0, -INF, NAN, NAN),
        (INF, 2.0, 0.0, -0.0),
        (INF, 1.0, 1.0, -INF),
        (3.0, 1e120, 0.5e-240, -0.0),
        (1.5, 1e300, 2e-150, -0.0),
        (NAN, 1.0, NAN, NAN),
        (2.0, NAN, NAN, NAN),
    ];

    #[test]
    fn poles_and_ends_have_their_limits() -> Result<()> {
        let close = |a: f64, b: f64| b.is_finite() && (a - b).abs() <= 1e-13 * b.abs();
        let near = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || close(a, b);
        for (s, q, value, slope) in POINTS {
            let (s, q) = (Tensor::scalar(s), Tensor::scalar(q).requires_grad());
            let y = s.zeta(&q)?;
            let one = y.detach().ones_like();
            let recorded = grad_with(&[(&y, &one)], &[&q])?.remove(0).expect("it depends on q").to_f64()?;
            let fused = y.backward_with(&one)?.get(&q).expect("a leaf").to_f64()?;
            let got = [y.to_f64()?, recorded, fused];
            let as_wanted = got.iter().zip([value, slope, slope]).all(|(got, want)| near(*got, want));
            assert!(as_wanted, "zeta({}, {}) is {got:?}, not {value:e} and {slope:e}", s.to_f64()?, q.to_f64()?);
        }
        Ok(())
    }
}
