//! Binary cross-entropy of several labels at once.

use crate::loss::options::reduced;
use crate::loss::pair::weighted;
use crate::loss::{Loss, Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Description, Error, Result, Tensor};

const OP: &str = "multilabel_soft_margin_loss";

/// Binary cross-entropy of the logits of C labels, the mean over the labels of a sample, and over all samples.
///
/// ```text
/// loss = −1/C Σ (t ln σ(x) + (1 − t) ln σ(−x))
/// ```
///
/// # Shapes
/// `input` and `target` are `[C]` or `[N, C]`.
///
/// # Gradient
/// `(σ(x) − t) / C`, by the reduction.
///
/// # Errors
/// If the shapes differ, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::multilabel_soft_margin_loss;
/// let loss = multilabel_soft_margin_loss(&Tensor::from([[0.0, 0.0]]), &Tensor::from([[1.0, 0.0]]))?;
/// assert!((loss.item::<f32>()? - 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn multilabel_soft_margin_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MultiLabelSoftMarginLoss::new().forward(input, target)
}

/// [`multilabel_soft_margin_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, MultiLabelSoftMarginLoss};
/// let loss = MultiLabelSoftMarginLoss::new().weight(Tensor::from([2.0, 0.0]));
/// let value = loss.forward(&Tensor::from([[0.0, 9.0]]), &Tensor::from([[1.0, 0.0]]))?.item::<f32>()?;
/// assert!((value - 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MultiLabelSoftMarginLoss {
    weight: Option<Tensor>,
    reduction: Reduction,
}

reduced!(MultiLabelSoftMarginLoss);

impl MultiLabelSoftMarginLoss {
    /// How much each label counts; broadcast. The mean still divides by C. Default: all 1.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> MultiLabelSoftMarginLoss {
        self.weight = Some(weight);
        self
    }
}

impl Loss for MultiLabelSoftMarginLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).same_float(input, target)?;
        if input.rank() == 0 {
            return Err(Error::shape(OP, "the input", input.shape(), "[C] or [N, C]"));
        }
        hint::same(OP, target, input.shape())?;
        let mut losses = input.binary_cross_entropy_with_logits(target, None)?;
        if let Some(weight) = &self.weight {
            losses = weighted(OP, "weight", &losses, weight)?;
        }
        self.reduction.apply(&losses.mean_dim(-1)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self).option("weight", self.weight.as_ref().map(Tensor::to_f64s))
    }
}

#[cfg(test)]
mod tests {
    use super::{MultiLabelSoftMarginLoss, multilabel_soft_margin_loss};
    use crate::cases::Expected;
    use autograd_core::{DType, Tensor};

    fn formula(x: &Tensor, t: &Tensor) -> Expected {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let element = |(x, t): (f64, f64)| -t * sigmoid(x).ln() - (1.0 - t) * sigmoid(-x).ln();
        let all: Vec<f64> = x.to_f64s().into_iter().zip(t.to_f64s()).map(element).collect();
        let losses: Vec<f64> = all.chunks(3).map(|row| row.iter().sum::<f64>() / 3.0).collect();
        Expected { shape: x.shape()[..x.rank() - 1].into(), divisor: losses.len() as f64, losses }
    }

    cases![
        loss("multilabel_soft_margin_loss", |r| MultiLabelSoftMarginLoss::new().reduction(r), formula)
            .function(multilabel_soft_margin_loss)
            .on(
                Tensor::from([[0.5, -1.5, 3.0], [-0.25, 2.0, 0.75]]).to_dtype(DType::F64),
                Tensor::from([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]).to_dtype(DType::F64)
            )
            .on(Tensor::from([0.5, -1.5, 3.0]), Tensor::from([0.0, 1.0, 0.0]))
            .refuses(Tensor::from(1.0), Tensor::from(1.0), "the input has shape [], expected [C] or [N, C]")
    ];
}
