//! Regularised incomplete gamma functions.

use crate::error::Result;
use crate::kernels::special::incomplete::{lower_derivative, upper_derivative};
use crate::ops::elementwise::by_second::Function;
use crate::tensor::Tensor;

impl Tensor {
    /// Regularised lower incomplete gamma function of a, which is `self`, and x: the share of `Γ(a)` below x.
    ///
    /// `y = P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt`, element by element; the operands are broadcast to a common shape. The
    /// distribution function of the gamma distribution. NaN where a or x is negative, both are 0 or both infinite; 1
    /// where a alone is 0. Integers and truth values become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy · xᵃ⁻¹ e⁻ˣ / Γ(a)`, at x = 0 its limit: +∞ for a < 1, 1 for a = 1, 0 above. There is none for a: a walk
    /// that wants it is refused. Saves both.
    ///
    /// # Numerics
    /// Within 1 ulp in `F32`, however large both are. In `F64` within 64 ulp, in tails within 8 more for each unit of
    /// `−ln y`.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from(1.0).gammainc(&Tensor::from([0.0, 1.0]))?.to_vec::<f32>()?;
    /// assert!(y.iter().zip([0.0, 0.632_120_6]).all(|(y, e): (&f32, f32)| (y - e).abs() < 1e-6));
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// NIST Digital Library of Mathematical Functions, equation 8.2.4.
    pub fn gammainc(&self, x: &Tensor) -> Result<Tensor> {
        GAMMAINC.of(self, x)
    }

    /// Regularised upper incomplete gamma function: `y = Q(a, x) = 1 − P(a, x)`, with all its digits where it is small;
    /// otherwise like [`Tensor::gammainc`].
    ///
    /// # Gradient
    /// `gx = −gy · xᵃ⁻¹ e⁻ˣ / Γ(a)`, and as for `gammainc`.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let y = Tensor::from(1.0).gammaincc(&Tensor::from(50.0))?.item::<f32>()?;
    /// assert!((y / (-50.0f32).exp() - 1.0).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn gammaincc(&self, x: &Tensor) -> Result<Tensor> {
        GAMMAINCC.of(self, x)
    }
}

static GAMMAINC: Function = Function { name: "gammainc", first: "a", derivative: lower_derivative };

static GAMMAINCC: Function = Function { name: "gammaincc", first: "a", derivative: upper_derivative };

#[cfg(test)]
crate::ops::cases::cases![{
    // xᵃ e⁻ˣ / Γ(a + 1) Σ xᵏ / ((a + 1) .. (a + k)), ln Γ by Stirling's series at a + 21.
    let lower = |a: f64, x: f64| {
        let far = a + 21.0;
        let series = 1.0 / (12.0 * far) - 1.0 / (360.0 * far.powi(3)) + 1.0 / (1260.0 * far.powi(5));
        let product: f64 = (1..21).map(|k| (a + f64::from(k)).ln()).sum();
        let ln_gamma = (far - 0.5) * far.ln() - far + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - product;
        let (mut term, mut sum) = ((a * x.ln() - x - ln_gamma).exp(), 0.0);
        for k in 1..100 {
            sum += term;
            term *= x / (a + f64::from(k));
        }
        sum
    };
    let upper = move |a: f64, x: f64| 1.0 - lower(a, x);
    [
        Case::fallible_unary("gammainc", 0.2..6.0, &[], |x| x.full_like(2.5).gammainc(x), move |x| lower(2.5, x))
            .refuses(
                |x| {
                    let a = x[0].full_like(2.5).requires_grad();
                    let _ = a.gammainc(&x[0])?.sum().backward()?;
                    Ok(a)
                },
                "gammainc: has no derivative with respect to a; detach a",
            ),
        // In both ways: with a below 1 its slope at 0 is infinite.
        Case::fallible_unary(
            "gammainc (a < 1)",
            0.2..3.0,
            &[],
            |x| x.full_like(0.375).gammainc(x),
            move |x| lower(0.375, x),
        ),
        Case::binary("gammainc", 0.2..4.0, 0.2..6.0, |a, x| a.untied().gammainc(&x.untied()), lower).ends_no_history(),
        Case::fallible_unary("gammaincc", 0.2..6.0, &[], |x| x.full_like(2.5).gammaincc(x), move |x| upper(2.5, x))
            .refuses(
                |x| {
                    let a = x[0].full_like(2.5).requires_grad();
                    crate::grad(&a.gammaincc(&x[0])?.sum(), &[&a])?;
                    Ok(a)
                },
                "gammaincc: has no derivative with respect to a; detach a",
            ),
        Case::binary("gammaincc", 0.2..4.0, 0.2..6.0, |a, x| a.untied().gammaincc(&x.untied()), upper)
            .ends_no_history(),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor, grad, grad_with};

    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    /// a, x, P, and its first two derivatives.
    const POINTS: [(f64, f64, [f64; 3]); 17] = [
        (0.5, 0.0, [0.0, INF, -INF]),
        (1.0, 0.0, [0.0, 1.0, -1.0]),
        (1.5, 0.0, [0.0, 0.0, INF]),
        (2.0, 0.0, [0.0, 0.0, 1.0]),
        (3.0, 0.0, [0.0, 0.0, 0.0]),
        (30.0, 0.0, [0.0, 0.0, 0.0]),
        (2.5, INF, [1.0, 0.0, 0.0]),
        (50.0, INF, [1.0, 0.0, 0.0]),
        (0.0, 2.0, [1.0, 0.0, 0.0]),
        (0.0, 0.0, [NAN, NAN, NAN]),
        (INF, 3.0, [0.0, 0.0, 0.0]),
        (INF, INF, [NAN, NAN, NAN]),
        (-0.5, 1.0, [NAN, NAN, NAN]),
        (0.5, -1.0, [NAN, NAN, NAN]),
        (NAN, 1.0, [NAN, NAN, NAN]),
        (1.0, NAN, [NAN, NAN, NAN]),
        (1e300, 1e290, [0.0, 0.0, 0.0]),
    ];

    #[test]
    fn ends_have_their_limits_in_every_order() -> Result<()> {
        let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
        for (a, x, [value, first, second]) in POINTS {
            let of = |f: fn(&Tensor, &Tensor) -> Result<Tensor>| -> Result<[f64; 4]> {
                let (a, x) = (Tensor::scalar(a), Tensor::scalar(x).requires_grad());
                let y = f(&a, &x)?;
                let one = y.detach().ones_like();
                let next = |y: &Tensor| -> Result<Tensor> {
                    Ok(grad_with(&[(y, &one)], &[&x])?.remove(0).expect("it depends on x"))
                };
                let gx = next(&y)?;
                let ggx = next(&gx)?;
                let fused = y.backward_with(&one)?.get(&x).expect("a leaf").to_f64()?;
                Ok([y.to_f64()?, fused, gx.to_f64()?, ggx.to_f64()?])
            };
            let (lower, upper) = (of(Tensor::gammainc)?, of(Tensor::gammaincc)?);
            let want = [value, first, first, second];
            assert!(lower.iter().zip(want).all(|(got, want)| same(*got, want)), "P({a}, {x}) is {lower:?}");
            let want = [1.0 - value, -first, -first, -second];
            assert!(upper.iter().zip(want).all(|(got, want)| same(*got, want)), "Q({a}, {x}) is {upper:?}");
        }
        Ok(())
    }

    #[test]
    fn sums_end_for_the_smallest_numbers() -> Result<()> {
        for x in [1e-300, 1e-310, f64::from_bits(1)] {
            for a in [1e-300, 1e-20, 1e-4] {
                let (a, x) = (Tensor::scalar(a), Tensor::scalar(x));
                let (p, q) = (a.gammainc(&x)?.to_f64()?, a.gammaincc(&x)?.to_f64()?);
                // P = xᵃ / Γ(1 + a), up to a part of x
                let want = -(a.to_f64()? * x.to_f64()?.ln()).exp_m1();
                assert!((p + q - 1.0).abs() < 1e-15 && (q - want).abs() <= 1e-3 * want, "P is {p}, Q {q}, {want}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_gradient_for_x_alone_does_not_mind_a_tracked_a() -> Result<()> {
        let (a, x) = (Tensor::from([2.0, 3.0]).requires_grad(), Tensor::from([[1.0], [2.0]]).requires_grad());
        let y = a.gammainc(&x)?.sum();
        let gx = grad(&y, &[&x])?.remove(0).to_vec::<f32>()?;
        // e⁻ˣ (x + x²/2)
        let want = [1.5 * (-1.0f32).exp(), 4.0 * (-2.0f32).exp()];
        assert!(gx.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-6), "{gx:?}");
        let error = y.backward().expect_err("a is tracked").to_string();
        assert_eq!(error, "gammainc: has no derivative with respect to a; detach a");
        Ok(())
    }
}
