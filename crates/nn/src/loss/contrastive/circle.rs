//! The circle loss.

use super::{any, of_two, pairs};
use crate::loss::options::reduced;
use crate::loss::reduction::Divisor;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Result, Tensor};

const OP: &str = "circle_loss";

/// The circle loss of vectors x of length 1 with class labels, the mean over all samples that have both a sample of
/// their own class and one of another: each sample is to be nearer to all of its class than to all others, and pairs
/// that are far from where they should be count more.
///
/// ```text
/// sᵢⱼ = xᵢ · xⱼ, at most 1
/// lossᵢ = ln(1 + Σⱼ e^(γ [sᵢⱼ + m]₊ (sᵢⱼ − m)) Σₖ e^(−γ [1 + m − sᵢₖ]₊ (sᵢₖ − 1 + m)))
/// j of another class, k ≠ i of the same;  [·]₊ = max(·, 0),  γ = 80,  m = 0.4
/// ```
///
/// # Shapes
/// `input: [N, D]`, `target: [N]` (`I64`); with `Reduction::None` the losses are `[N]`, 0 for a sample that does not
/// count.
///
/// # Gradient
/// Through the weights `[·]₊`, too, as in Keras; at their kinks 0.
///
/// # Numerics
/// By log-sum-exp and softplus: γ = 80 does not overflow.
///
/// # Errors
/// If the shapes do not fit, the labels are not `I64`, or an option is out of range.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::circle_loss;
/// let x = Tensor::from([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-0.6, 0.8]]);
/// let loss = circle_loss(&x, &Tensor::from([0, 0, 1, 1]))?;
/// assert!((loss.item::<f32>()? - 16.973_304).abs() < 1e-4);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, 2020, equation 6.
///
/// # Differs from
/// Keras divides by the number of losses above 0, which leaves out a sample that is perfectly right, too.
pub fn circle_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    CircleLoss::new().forward(input, target)
}

/// [`circle_loss`] with options.
///
/// Samples are compared with those of their batch: what a run reports of a set depends on how it is cut into batches.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{CircleLoss, Loss, Reduction};
/// let loss = CircleLoss::new().gamma(2.0).margin(0.25).remove_diagonal(true).reduction(Reduction::Sum);
/// let x = Tensor::from([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-0.6, 0.8]]);
/// let value = loss.forward(&x, &Tensor::from([0, 0, 1, 1]))?.item::<f32>()?;
/// assert!((value - (1.1902 + 1.8103 + 1.5847 + 1.0794)).abs() < 1e-3);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CircleLoss {
    gamma: f64,
    margin: f64,
    remove_diagonal: bool,
    reduction: Reduction,
}

impl Default for CircleLoss {
    fn default() -> Self {
        CircleLoss { gamma: 80.0, margin: 0.4, remove_diagonal: true, reduction: Reduction::Mean }
    }
}

reduced!(CircleLoss);

impl CircleLoss {
    /// γ > 0, finite: the scale of the similarities. Default 80.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> CircleLoss {
        self.gamma = gamma;
        self
    }

    /// m, `0 ≤ m ≤ 1`: how far from 1 and 0 the similarities may be. Default 0.4; the paper has 0.25, too.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> CircleLoss {
        self.margin = margin;
        self
    }

    /// Whether a sample is no pair with itself. Default true.
    #[must_use]
    pub fn remove_diagonal(mut self, remove_diagonal: bool) -> CircleLoss {
        self.remove_diagonal = remove_diagonal;
        self
    }
}

impl Loss for CircleLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let (gamma, m) = (self.gamma, self.margin);
        Check(OP).require(gamma > 0.0 && gamma.is_finite(), "gamma", gamma, "finite and positive")?;
        Check(OP).require((0.0..=1.0).contains(&m), "margin", m, "in [0, 1]")?;
        let (alike, unlike) = pairs(OP, input, target)?;
        let alike = if self.remove_diagonal { of_two(&alike)? } else { alike };
        let s = input.matmul(&input.t()?)?.clamp(f64::NEG_INFINITY, 1.0)?;
        let near = s.neg().add_scalar(1.0 + m).relu().try_mul(&s.add_scalar(m - 1.0))?.mul_scalar(-gamma);
        let far = s.add_scalar(m).relu().try_mul(&s.add_scalar(-m))?.mul_scalar(gamma);
        let over = |x: &Tensor, of: &Tensor| x.masked_fill(&of.logical_not()?, f64::NEG_INFINITY)?.logsumexp(1);
        let counts = any(&alike)?.logical_and(&any(&unlike)?)?;
        // Not the sum of −∞ and what is infinite the other way.
        let both = over(&near, &alike)?.try_add(&over(&far, &unlike)?)?;
        let both = both.masked_fill(&counts.logical_not()?, f64::NEG_INFINITY)?;
        let losses = both.softplus(1.0, f64::INFINITY)?;
        self.reduction.divided(&losses, Divisor::Number(counts.to_dtype(DType::F64).sum()))
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{CircleLoss, circle_loss};
    use crate::cases::{Expected, LossCase};
    use crate::loss::{Loss, Reduction};
    use autograd_core::{DType, Result, Tensor, grad, seeded};

    fn formula(gamma: f64, m: f64, diagonal: bool) -> impl Fn(&Tensor, &Tensor) -> Expected {
        move |x: &Tensor, t: &Tensor| {
            let (x, t) = (x.to_f64s(), t.to_f64s());
            let n = t.len();
            let (mut losses, mut divisor) = (Vec::new(), 0.0);
            for i in 0..n {
                let s = |j: usize| (0..2).map(|d| x[2 * i + d] * x[2 * j + d]).sum::<f64>().min(1.0);
                let far = |j: usize| (gamma * (s(j) + m).max(0.0) * (s(j) - m)).exp();
                let near = |k: usize| (-gamma * (1.0 + m - s(k)).max(0.0) * (s(k) - 1.0 + m)).exp();
                let unlike: f64 = (0..n).filter(|j| t[*j] != t[i]).map(far).sum();
                let alike: f64 = (0..n).filter(|k| t[*k] == t[i] && (diagonal || *k != i)).map(near).sum();
                losses.push((unlike * alike).ln_1p());
                divisor += f64::from(u8::from(unlike > 0.0 && alike > 0.0));
            }
            Expected { shape: vec![n], losses, divisor }
        }
    }

    /// Vectors shorter than 1, away from the kink of the similarity.
    fn x() -> Tensor {
        let x = Tensor::randn(&[5, 2], DType::F64, &mut seeded(3)).expect("small");
        x.tanh().mul_scalar(0.7)
    }

    fn of(gamma: f64, m: f64, keep: bool) -> LossCase {
        let build = move |r| CircleLoss::new().gamma(gamma).margin(m).remove_diagonal(!keep).reduction(r);
        crate::cases::loss("circle_loss", build, formula(gamma, m, keep)).whole().finite()
    }

    #[test]
    fn a_batch_of_one_class_counts_nothing() -> Result<()> {
        let x = x().requires_grad();
        for labels in [Tensor::from([3, 3, 3, 3, 3]), Tensor::from([0, 1, 2, 3, 4])] {
            let sum = CircleLoss::new().reduction(Reduction::Sum).forward(&x, &labels)?;
            assert_eq!((sum.item::<f64>()?, grad(&sum, &[&x])?[0].to_f64s()), (0.0, vec![0.0; 10]));
            assert!(circle_loss(&x, &labels)?.item::<f64>()?.is_nan());
        }
        Ok(())
    }

    cases![
        of(2.0, 0.25, false)
            .on(x(), Tensor::from([0, 1, 0, 1, 2]))
            .refuses(Tensor::from([1.0]), Tensor::from([1]), "the input has shape [1], expected [N, D]")
            .refuses(Tensor::from([[1.0]]), Tensor::from([1, 2]), "target has shape [2], expected [1]")
            .refuses(Tensor::from([[1.0]]), Tensor::from([1.0]), "dtype is F32, expected I64; to_dtype converts"),
        of(80.0, 0.4, false).function(circle_loss).on(x(), Tensor::from([0, 1, 0, 1, 1])),
        of(2.0, 0.25, true).on(x(), Tensor::from([0, 1, 0, 1, 2])),
        of(0.0, 0.25, false).refuses(x(), Tensor::from([0]), "gamma is 0.0, it must be finite and positive"),
        of(1.0, 2.0, false).refuses(x(), Tensor::from([0]), "margin is 2.0, it must be in [0, 1]"),
    ];
}
