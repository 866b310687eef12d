//! Cross-entropy with another weight of its first polynomial term.

use super::labelled::{Labelled, dim_of_classes, ignores_none, is_labels};
use crate::loss::options::reduced;
use crate::loss::pair::product;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

const OP: &str = "poly_loss_cross_entropy";

/// Cross-entropy of logits x, plus ε times what the target's probability is short of 1, the mean over all samples: the
/// PolyLoss of which the first coefficient is changed.
///
/// ```text
/// class t          −ln p[t] + ε (1 − p[t])           p = softmax(x),  ε = 2
/// probabilities t  −Σ t ln p + ε Σ t (1 − p)
/// ```
///
/// # Shapes
/// `input: [C]`, `[N, C]` or `[N, C, ..]`. Class indices (`I64`) have the input's shape without C, class probabilities
/// (the input's dtype) the whole shape.
///
/// # Gradient
/// `(1 + ε p[t]) (p − one_hot(t))`, by the reduction.
///
/// # Numerics
/// `1 − p` is `−expm1(ln p)`: it keeps its digits where p is near 1.
///
/// # Errors
/// If the shapes do not fit, a class is out of range, the target is neither `I64` nor of the input's dtype, or the
/// input is itself the result of `softmax`. Samples of class −100 are ignored.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::poly_loss_cross_entropy;
/// let x = Tensor::from([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
/// let loss = poly_loss_cross_entropy(&x, &Tensor::from([0, 1]))?;
/// assert!((loss.item::<f32>()? - 0.940_733_75).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, 2022, equation 7.
pub fn poly_loss_cross_entropy(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    PolyCrossEntropyLoss::new().forward(input, target)
}

/// [`poly_loss_cross_entropy`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, PolyCrossEntropyLoss, Reduction};
/// let loss = PolyCrossEntropyLoss::new().epsilon(-1.0).ignore_index(2).reduction(Reduction::Sum);
/// let x = Tensor::from([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0], [5.0, 5.0, 5.0]]);
/// let value = loss.forward(&x, &Tensor::from([0, 1, 2]))?.item::<f32>()?;
/// assert!((value - 0.141_202_35).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolyCrossEntropyLoss {
    epsilon: f64,
    ignore_index: i64,
    reduction: Reduction,
}

impl Default for PolyCrossEntropyLoss {
    fn default() -> Self {
        PolyCrossEntropyLoss { epsilon: 2.0, ignore_index: -100, reduction: Reduction::Mean }
    }
}

reduced!(PolyCrossEntropyLoss);

impl PolyCrossEntropyLoss {
    /// ε, finite: what the first coefficient is more than that of cross-entropy; at least −1 for a loss that falls with
    /// p. Default 2, the paper's for images; for detection it is −1.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> PolyCrossEntropyLoss {
        self.epsilon = epsilon;
        self
    }

    /// Samples of this class count nothing, in sum and mean. Default −100.
    #[must_use]
    pub fn ignore_index(mut self, ignore_index: i64) -> PolyCrossEntropyLoss {
        self.ignore_index = ignore_index;
        self
    }
}

impl Loss for PolyCrossEntropyLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).float(input)?;
        Check(OP).require(self.epsilon.is_finite(), "epsilon", self.epsilon, "finite")?;
        let dim = dim_of_classes(OP, input)?;
        hint::logits(OP, input, "softmax")?;
        if is_labels(OP, input, target, dim)? {
            let labelled = Labelled::of(OP, input, target, dim, self.ignore_index, false)?;
            let entropy = labelled.rows.cross_entropy(&labelled.labels).map_err(|error| error.context(OP))?;
            let short = entropy.neg().expm1().mul_scalar(-self.epsilon);
            return labelled.reduce(&entropy.try_add(&short)?, None, self.reduction);
        }
        ignores_none(OP, self.ignore_index)?;
        let log = input.log_softmax(dim as isize)?;
        let entropy = product(target, &log)?.neg();
        let short = log.expm1().try_mul(target)?.mul_scalar(-self.epsilon);
        self.reduction.apply(&entropy.try_add(&short)?.sum_dim(dim as isize)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{PolyCrossEntropyLoss, poly_loss_cross_entropy};
    use crate::cases::{Expected, LossCase};
    use autograd_core::{DType, Tensor, seeded};

    fn of(epsilon: f64) -> LossCase {
        let formula = move |x: &Tensor, t: &Tensor| {
            let (x, indices, t) = (x.to_f64s(), t.dtype() == DType::I64, t.to_f64s());
            let row = |(n, x): (usize, &[f64])| {
                let total: f64 = x.iter().map(|x| x.exp()).sum();
                let share = |k: usize| if indices { f64::from(t[n] as usize == k) } else { t[n * 3 + k] };
                let term = |p: f64| -p.ln() + epsilon * (1.0 - p);
                (0..3).map(|k| share(k) * term(x[k].exp() / total)).sum::<f64>()
            };
            let losses: Vec<f64> = x.chunks(3).enumerate().map(row).collect();
            Expected { shape: vec![losses.len()], divisor: losses.len() as f64, losses }
        };
        let build = move |r| PolyCrossEntropyLoss::new().epsilon(epsilon).reduction(r);
        crate::cases::loss("poly_loss_cross_entropy", build, formula).up_to(1000.0)
    }

    fn x() -> Tensor {
        Tensor::randn(&[2, 3], DType::F64, &mut seeded(3)).expect("small")
    }

    fn probabilities() -> Tensor {
        Tensor::from([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]).to_dtype(DType::F64)
    }

    cases![
        of(2.0)
            .function(poly_loss_cross_entropy)
            .ignores(-100)
            .on(x(), Tensor::from([2, 0]))
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([2]),
                "cross_entropy: index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
            )
            .refuses(Tensor::from(1.0), Tensor::from([1]), "the input has shape [], expected [C], [N, C] or [N, C, ..]")
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([true]),
                "dtype is Bool, expected I64; to_dtype converts"
            ),
        of(-1.0).on(x(), probabilities()).refuses(
            Tensor::from([[0.0, 1.0]]),
            Tensor::from([[0.0, 0.5, 0.5]]),
            "the target of class probabilities has shape [1, 3], expected [1, 2], that of the input"
        ),
        loss(
            "poly_loss_cross_entropy",
            |r| PolyCrossEntropyLoss::new().ignore_index(1).reduction(r),
            |_, _| { unreachable!("refused") }
        )
        .refuses(
            x(),
            probabilities(),
            "ignore_index is 1, it must be negative with class probabilities: there is no class to ignore"
        ),
        of(f64::NAN).refuses(x(), Tensor::from([2, 0]), "epsilon is NaN, it must be finite"),
    ];
}
