//! The normalised, temperature-scaled cross-entropy.

use super::{of_two, pairs};
use crate::loss::margin::unit;
use crate::loss::options::reduced;
use crate::loss::reduction::Divisor;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Result, Tensor};

const OP: &str = "nt_xent_loss";

/// The normalised, temperature-scaled cross-entropy (NT-Xent) of vectors with labels, the mean over all pairs of equal
/// labels: the pair is to be told from those of the first with all of other labels. Two views of one thing have one
/// label.
///
/// ```text
/// sᵢⱼ = xᵢ · xⱼ / (|xᵢ| |xⱼ| τ)        τ = 0.07
/// lossᵢⱼ = −ln(e^sᵢⱼ / (e^sᵢⱼ + Σₖ e^sᵢₖ))        j ≠ i of the label of i, k of another
/// ```
///
/// # Shapes
/// `input: [N, D]`, `target: [N]` (`I64`); with `Reduction::None` the losses are `[N, N]`, 0 where i and j are no pair.
///
/// # Gradient
/// Through the lengths, too; a vector shorter than 1e-8 counts with that length.
///
/// # Numerics
/// Computed as `softplus(ln Σₖ e^sᵢₖ − sᵢⱼ)`: nothing overflows, and small losses keep their digits.
///
/// # Errors
/// If the shapes do not fit, the labels are not `I64`, or the temperature is not positive.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::nt_xent_loss;
/// let x = Tensor::from([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0], [-3.0, 4.0]]);
/// let loss = nt_xent_loss(&x, &Tensor::from([0, 0, 1, 1]))?;
/// assert!((loss.item::<f32>()? - 0.901_871).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of Visual Representations, 2020,
/// equation 1, with labels in place of two views, as in optax's `ntxent`.
pub fn nt_xent_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    NtXentLoss::new().forward(input, target)
}

/// [`nt_xent_loss`] with options.
///
/// Samples are compared with those of their batch: what a run reports of a set depends on how it is cut into batches.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, NtXentLoss, Reduction};
/// let loss = NtXentLoss::new().temperature(0.5).reduction(Reduction::Sum);
/// let x = Tensor::from([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0], [-3.0, 4.0]]);
/// let value = loss.forward(&x, &Tensor::from([0, 0, 1, 1]))?.item::<f32>()?;
/// assert!((value - 4.0 * 0.642_893).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NtXentLoss {
    temperature: f64,
    reduction: Reduction,
}

impl Default for NtXentLoss {
    fn default() -> Self {
        NtXentLoss { temperature: 0.07, reduction: Reduction::Mean }
    }
}

reduced!(NtXentLoss);

impl NtXentLoss {
    /// τ > 0, finite: the smaller, the more the nearest of the others count. Default 0.07.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> NtXentLoss {
        self.temperature = temperature;
        self
    }
}

impl Loss for NtXentLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let tau = self.temperature;
        Check(OP).require(tau > 0.0 && tau.is_finite(), "temperature", tau, "finite and positive")?;
        let (alike, unlike) = pairs(OP, input, target)?;
        let alike = of_two(&alike)?;
        let x = unit(input, 1e-8)?;
        let s = x.matmul(&x.t()?)?.div_scalar(tau);
        let others = s.masked_fill(&unlike.logical_not()?, f64::NEG_INFINITY)?.logsumexp(1)?.unsqueeze(1)?;
        let losses = others.try_sub(&s)?.softplus(1.0, f64::INFINITY)?.masked_fill(&alike.logical_not()?, 0.0)?;
        self.reduction.divided(&losses, Divisor::Number(alike.to_dtype(DType::F64).sum()))
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{NtXentLoss, nt_xent_loss};
    use crate::cases::{Expected, LossCase};
    use autograd_core::{DType, Result, Tensor, grad, seeded};

    fn of(tau: f64) -> LossCase {
        let formula = move |x: &Tensor, t: &Tensor| {
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let n = t.len();
            let dot = |i: usize, j: usize| (0..3).map(|d| x[3 * i + d] * x[3 * j + d]).sum::<f64>();
            let s = |i: usize, j: usize| dot(i, j) / (dot(i, i) * dot(j, j)).sqrt() / tau;
            let (mut losses, mut divisor) = (Vec::new(), 0.0);
            for (i, j) in (0..n * n).map(|at| (at / n, at % n)) {
                if i == j || t[i] != t[j] {
                    losses.push(0.0);
                    continue;
                }
                let others: f64 = (0..n).filter(|k| t[*k] != t[i]).map(|k| s(i, k).exp()).sum();
                losses.push(-(s(i, j).exp() / (s(i, j).exp() + others)).ln());
                divisor += 1.0;
            }
            Expected { shape: vec![n, n], losses, divisor }
        };
        let build = move |r| NtXentLoss::new().temperature(tau).reduction(r);
        crate::cases::loss("nt_xent_loss", build, formula).whole()
    }

    fn x() -> Tensor {
        Tensor::randn(&[5, 3], DType::F64, &mut seeded(3)).expect("small")
    }

    #[test]
    fn without_others_there_is_nothing_to_tell_apart() -> Result<()> {
        let x = x().requires_grad();
        let alike = nt_xent_loss(&x, &Tensor::from([3, 3, 3, 3, 3]))?;
        assert_eq!((alike.item::<f64>()?, grad(&alike, &[&x])?[0].to_f64s()), (0.0, vec![0.0; 15]));
        // And without a pair there is nothing to count.
        assert!(nt_xent_loss(&x, &Tensor::from([0, 1, 2, 3, 4]))?.item::<f64>()?.is_nan());
        Ok(())
    }

    cases![
        of(0.07).function(nt_xent_loss).finite().on(x(), Tensor::from([0, 1, 0, 1, 0])),
        of(0.5)
            .finite()
            .on(x(), Tensor::from([0, 1, 0, 1, 2]))
            .refuses(Tensor::from([1.0]), Tensor::from([1]), "the input has shape [1], expected [N, D]")
            .refuses(Tensor::from([[1.0]]), Tensor::from([1, 2]), "target has shape [2], expected [1]"),
        of(0.0).refuses(x(), Tensor::from([0]), "temperature is 0.0, it must be finite and positive"),
    ];
}
