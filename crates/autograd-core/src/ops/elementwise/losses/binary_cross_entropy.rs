//! Binary cross-entropy of logits.

use super::share;
use crate::error::Result;
use crate::kernels::number::Number;
use crate::ops::check::Check;
use crate::ops::elementwise::driver::{Elementwise, Keeps, try_elementwise};
use crate::tensor::Tensor;

/// # Losses of elements
impl Tensor {
    /// Binary cross-entropy of logits x with the probabilities t of the positive class, which counts p times: `y = −p t
    /// ln σ(x) − (1 − t) ln(1 − σ(x))`, element by element; the operands are broadcast to a common shape. `None` counts
    /// both classes alike. Integers become `F32` first.
    ///
    /// # Gradient
    /// `gx = gy ((1 − t) σ(x) − p t σ(−x))`, `gt = gy ((p − 1) ln(1 + e⁻ˣ) − x)`, `gp = gy t ln(1 + e⁻ˣ)`; saves all. 0
    /// where the logit is infinite on the side of a target of 0 or 1, and where an infinite loss has the weight 0.
    ///
    /// # Numerics
    /// Computed as `p t ln(1 + e⁻ˣ) + (1 − t) ln(1 + eˣ)`: two terms of one sign, so nothing overflows or cancels.
    ///
    /// # Errors
    /// If the shapes do not broadcast or the dtypes differ.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// let (x, t) = (Tensor::from([0.0, -1000.0]), Tensor::from([1.0, 1.0]));
    /// let y = x.binary_cross_entropy_with_logits(&t, None)?.to_vec::<f32>()?;
    /// assert!((y[0] - 2f32.ln()).abs() < 1e-6 && y[1] == 1000.0);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn binary_cross_entropy_with_logits(&self, target: &Tensor, pos_weight: Option<&Tensor>) -> Result<Tensor> {
        Check(BinaryCrossEntropy::NAME).same_dtype(self, target)?;
        match pos_weight {
            Some(weight) => try_elementwise([self, target, weight], BinaryCrossEntropy),
            None => try_elementwise([self, target, &Tensor::full(&[], 1.0, self.dtype())?], BinaryCrossEntropy),
        }
    }
}

#[derive(Clone, Copy)]
struct BinaryCrossEntropy;

impl Elementwise<3> for BinaryCrossEntropy {
    const NAME: &'static str = "binary_cross_entropy_with_logits";
    const KEEPS: Keeps = Keeps::Inputs;

    #[inline(always)]
    fn value<N: Number>(self, [x, t, p]: [N; 3]) -> N {
        share(p * t, (-x).ln_1p_exp()) + share(N::of(1.0) - t, x.ln_1p_exp())
    }

    #[inline(always)]
    fn pull<N: Number>(self, gy: N, [x, t, p]: [N; 3], _: N) -> [N; 3] {
        let (zero, one, far) = (N::of(0.0), N::of(1.0), N::of(f64::INFINITY));
        let (left, right) = ((-x).ln_1p_exp(), x.ln_1p_exp());
        let settled = (t.eq(one) & x.eq(far)) | (t.eq(zero) & x.eq(-far));
        // Both are p left − right. Near 0 they would cancel, and left itself on the far side of a small p.
        let slope = N::select(x.lt(-one), share(p, left) - right, (p - one) * left - x);
        let nothing = p.eq(zero) & left.eq(far);
        [
            gy * ((one - t) * x.sigmoid() - p * t * (-x).sigmoid()),
            N::select(settled, zero, gy * slope),
            N::select(nothing, zero, gy * share(t, left)),
        ]
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    let logits = || Input::real(&[3, 4], -3.0..3.0);
    let (targets, weights) = (|| Input::real(&[3, 4], 0.1..0.9), || Input::real(&[4], 0.5..2.0));
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let of = move |x: f64, t: f64, p: f64| -(p * t * sigmoid(x).ln() + (1.0 - t) * sigmoid(-x).ln());
    [
        Case::new("binary_cross_entropy_with_logits", vec![logits(), targets()], |x| {
            x[0].binary_cross_entropy_with_logits(&x[1], None)
        })
        .value(move |x| x[0].iter().zip(&x[1]).map(|(x, t)| of(*x, *t, 1.0)).collect())
        .refuses(
            |x| x[0].binary_cross_entropy_with_logits(&x[1].t()?, None),
            "binary_cross_entropy_with_logits: shapes [3, 4] and [4, 3] do not broadcast: 3 ≠ 4 in dimension −2 (counted \
             from the end)",
        )
        .refuses(
            |x| x[0].binary_cross_entropy_with_logits(&x[1].to_dtype(crate::DType::F32), None),
            "binary_cross_entropy_with_logits: dtypes F64 and F32 do not mix; convert one with to_dtype",
        ),
        Case::new("binary_cross_entropy_with_logits (weighted)", vec![logits(), targets(), weights()], |x| {
            x[0].binary_cross_entropy_with_logits(&x[1], Some(&x[2]))
        })
        .value(move |x| x[0].iter().zip(&x[1]).enumerate().map(|(i, (v, t))| of(*v, *t, x[2][i % 4])).collect()),
    ]
}];

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor, grad};

    #[test]
    fn what_is_settled_has_no_gradient_and_what_is_wrong_a_whole_one() -> Result<()> {
        let far = f64::INFINITY;
        let x = Tensor::from_vec(vec![far, -far, far, -far, 0.0], &[5])?.requires_grad();
        let t = Tensor::from_vec(vec![1.0f64, 0.0, 0.0, 1.0, 1.0], &[5])?.requires_grad();
        let y = x.binary_cross_entropy_with_logits(&t, None)?;
        assert_eq!(y.to_f64s(), [0.0, 0.0, far, far, 2f64.ln()]);
        let first = grad(&y.sum(), &[&x, &t])?;
        assert_eq!(first[0].to_f64s(), [0.0, 0.0, 1.0, -1.0, -0.5]);
        assert_eq!(first[1].to_f64s(), [0.0, 0.0, -far, far, 0.0]);
        // σ′ at 0 and the mixed derivative, where softplus has no kink.
        let second = grad(&first[0].narrow(0, 4, 1)?.sum(), &[&x, &t])?;
        assert_eq!((second[0].to_f64s()[4], second[1].to_f64s()[4]), (0.25, -1.0));
        Ok(())
    }

    #[test]
    fn small_weights_keep_their_digits_far_from_their_class() -> Result<()> {
        let of = |x: f32, p: f32| -> Result<[f64; 2]> {
            let [x, t, p] = [x, 1.0, p].map(|x| Tensor::from(x).requires_grad());
            let y = x.binary_cross_entropy_with_logits(&t, Some(&p))?;
            let found = grad(&y, &[&t, &p])?;
            Ok([found[0].to_f64s()[0], found[1].to_f64s()[0]])
        };
        for (x, p, want) in [(-50.0, 1e-8, 5e-7), (-20.0, 1e-6, 2e-5 - 2.061_153_6e-9), (3.0, 1.0, -3.0)] {
            let got = of(x, p)?[0];
            assert!((got / want - 1.0).abs() < 1e-6, "{got:e} instead of {want:e}");
        }
        assert_eq!(of(f32::NEG_INFINITY, 0.5)?, [f64::INFINITY; 2]);
        assert_eq!(of(f32::NEG_INFINITY, 0.0)?, [0.0; 2]);
        Ok(())
    }
}
