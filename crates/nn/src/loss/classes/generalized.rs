//! The generalized cross-entropy.

use super::probabilities::in_range;
use crate::loss::options::reduced;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Error, Result, Tensor};

const OP: &str = "generalized_cross_entropy";

/// The generalized cross-entropy of class probabilities p for the target class t, the mean over all samples: between
/// cross-entropy (q near 0) and the absolute error (q = 1), which wrong labels disturb less.
///
/// ```text
/// loss = (1 − p[t]^q) / q        q = 0.5
/// ```
///
/// # Shapes
/// `input: [.., C]`, `target: [..]` (`I64`).
///
/// # Gradient
/// `−p[t]^(q − 1)`; 0 where `p[t]` is below the least normal number of `F32` and q < 1.
///
/// # Errors
/// If the shapes do not fit, a class is out of range, or a probability is outside [0, 1] (not looked for in a captured
/// step).
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::generalized_cross_entropy;
/// let loss = generalized_cross_entropy(&Tensor::from([[0.25, 0.75]]), &Tensor::from([0]))?;
/// assert_eq!(loss.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Zhang, Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels, 2018, equation
/// 6.
pub fn generalized_cross_entropy(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    GeneralizedCrossEntropyLoss::new().forward(input, target)
}

/// [`generalized_cross_entropy`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{GeneralizedCrossEntropyLoss, Loss};
/// let loss = GeneralizedCrossEntropyLoss::new().q(1.0);
/// assert_eq!(loss.forward(&Tensor::from([[0.25, 0.75]]), &Tensor::from([0]))?.item::<f32>()?, 0.75);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneralizedCrossEntropyLoss {
    q: f64,
    reduction: Reduction,
}

impl Default for GeneralizedCrossEntropyLoss {
    fn default() -> Self {
        GeneralizedCrossEntropyLoss { q: 0.5, reduction: Reduction::Mean }
    }
}

reduced!(GeneralizedCrossEntropyLoss);

impl GeneralizedCrossEntropyLoss {
    /// The exponent, `0 < q ≤ 1`. Default 0.5.
    #[must_use]
    pub fn q(mut self, q: f64) -> GeneralizedCrossEntropyLoss {
        self.q = q;
        self
    }
}

impl Loss for GeneralizedCrossEntropyLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).require(self.q > 0.0 && self.q <= 1.0, "q", self.q, "in (0, 1]")?;
        in_range(OP, "the input", input)?;
        let Some((_, samples)) = input.shape().split_last() else {
            return Err(Error::shape(OP, "the input", input.shape(), "[.., C]"));
        };
        let check = Check(OP);
        check.dtype(target, DType::I64)?;
        check.is("target", target, samples)?;
        let chosen = input.gather(-1, &target.unsqueeze(-1)?).map_err(|error| error.context(OP))?;
        let p = chosen.squeeze(&[-1])?;
        if self.q == 1.0 {
            return self.reduction.apply(&p.neg().add_scalar(1.0));
        }
        let none = p.eq_scalar(0.0);
        // The derivative of a root at 0 is infinite.
        let p = p.lt_scalar(f64::from(f32::MIN_POSITIVE)).where_cond(&p.detach(), &p)?;
        // 1 − p^q loses its digits where q is small.
        let short = p.masked_fill(&none, 1.0)?.log().mul_scalar(self.q).expm1().div_scalar(-self.q);
        self.reduction.apply(&short.masked_fill(&none, 1.0 / self.q)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{GeneralizedCrossEntropyLoss, generalized_cross_entropy};
    use crate::cases::Expected;
    use crate::loss::Loss;
    use autograd_core::{DType, Result, Tensor, grad};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let (x, t) = (x.to_f64s(), t.to_f64s());
        let losses: Vec<f64> = t.iter().enumerate().map(|(n, t)| 2.0 * (1.0 - x[n * 2 + *t as usize].sqrt())).collect();
        Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
    }

    fn x() -> Tensor {
        Tensor::from([[0.25, 0.75], [0.5, 0.5]]).to_dtype(DType::F64)
    }

    #[test]
    fn a_class_that_has_no_probability_spoils_nothing() -> Result<()> {
        let x = Tensor::from([[200.0, 0.0]]).requires_grad();
        let loss = generalized_cross_entropy(&x.softmax(-1)?, &Tensor::from([1]))?;
        assert_eq!(loss.item::<f32>()?, 2.0);
        assert_eq!(grad(&loss, &[&x])?[0].to_f64s(), [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn small_exponents_are_cross_entropy() -> Result<()> {
        let of = |q: f64, p: f32| {
            let loss =
                GeneralizedCrossEntropyLoss::new().q(q).forward(&Tensor::from([[p, 1.0 - p]]), &Tensor::from([0]));
            loss?.item::<f32>()
        };
        assert_eq!(of(1e-8, 0.5)?, 2f32.ln());
        assert_eq!(of(0.01, 0.0)?, 100.0);
        assert!((of(0.01, 1e-39)? - (1.0 - 10f32.powf(-0.39)) / 0.01).abs() < 1e-3);
        assert!(of(0.01, f32::NAN)?.is_nan());
        Ok(())
    }

    cases![
        loss("generalized_cross_entropy", |r| GeneralizedCrossEntropyLoss::new().reduction(r), formula)
            .function(generalized_cross_entropy)
            // Near 0 the gradient grows beyond all bounds.
            .within(1e-3, 1.0)
            .on(x(), Tensor::from([0, 1]))
            .refuses(x(), Tensor::from([0]), "target has shape [1], expected [2]")
            .refuses(x(), Tensor::from([0.0, 1.0]), "dtype is F32, expected I64; to_dtype converts")
            .refuses(
                x(),
                Tensor::from([0, 2]),
                "gather: index 2 at position 1 is out of range for dim 1 of shape [2, 2]"
            ),
        loss("generalized_cross_entropy", |r| GeneralizedCrossEntropyLoss::new().q(0.0).reduction(r), formula).refuses(
            x(),
            Tensor::from([0, 1]),
            "q is 0.0, it must be in (0, 1]"
        ),
    ];
}
