//! The negative log-likelihood of log-probabilities.

use super::labelled::{Labelled, dim_of_classes, of_classes};
use crate::loss::options::reduced;
use crate::loss::pair::product;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Result, Tensor};

const OP: &str = "nll_loss";

/// The negative log-likelihood of log-probabilities x for the target class t, the mean over all samples: after
/// `log_softmax`, what [`cross_entropy`](crate::cross_entropy) is of logits.
///
/// ```text
/// loss = −x[t]
/// ```
///
/// # Shapes
/// `input: [C]`, `[N, C]` or `[N, C, ..]`. `target` (`I64`) has the input's shape without C.
///
/// # Gradient
/// −1 for `x[t]`, by the reduction.
///
/// # Errors
/// If the shapes do not fit, a class is out of range, or the target is not `I64`. Samples of class −100 are ignored.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::nll_loss;
/// let loss = nll_loss(&Tensor::from([[-0.5, -1.0], [-2.0, -0.25]]), &Tensor::from([1, 1]))?;
/// assert_eq!(loss.item::<f32>()?, (1.0 + 0.25) / 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn nll_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    NllLoss::new().forward(input, target)
}

/// [`nll_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, NllLoss, Reduction};
/// let loss = NllLoss::new().weight(Tensor::from([1.0, 3.0])).ignore_index(0).reduction(Reduction::Sum);
/// let value = loss.forward(&Tensor::from([[-0.5, -1.0], [-2.0, -0.25]]), &Tensor::from([1, 0]))?;
/// assert_eq!(value.item::<f32>()?, 3.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NllLoss {
    weight: Option<Tensor>,
    ignore_index: i64,
    reduction: Reduction,
}

impl Default for NllLoss {
    fn default() -> Self {
        NllLoss { weight: None, ignore_index: -100, reduction: Reduction::Mean }
    }
}

reduced!(NllLoss);

impl NllLoss {
    /// How much each class counts, `[C]`: the mean divides by the sum of the weights of the targets. Default: all the
    /// same.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> NllLoss {
        self.weight = Some(weight);
        self
    }

    /// Samples of this class count nothing, in sum and mean. Default −100.
    #[must_use]
    pub fn ignore_index(mut self, ignore_index: i64) -> NllLoss {
        self.ignore_index = ignore_index;
        self
    }
}

impl Loss for NllLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).float(input)?;
        Check(OP).dtype(target, DType::I64)?;
        let dim = dim_of_classes(OP, input)?;
        of_classes(OP, self.weight.as_ref(), input, input.shape()[dim])?;
        let labelled = Labelled::of(OP, input, target, dim, self.ignore_index, false)?;
        let chosen = labelled.rows.gather(1, &labelled.labels.unsqueeze(1)?).map_err(|error| error.context(OP))?;
        let mut losses = chosen.squeeze(&[1])?.neg();
        let weights = self.weight.as_ref().map(|weight| labelled.weights(weight)).transpose()?;
        if let Some(weights) = &weights {
            losses = product(weights, &losses)?;
        }
        labelled.reduce(&losses, weights, self.reduction)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self).option("weight", self.weight.as_ref().map(Tensor::to_f64s))
    }
}

#[cfg(test)]
mod tests {
    use super::{NllLoss, nll_loss};
    use crate::cases::Expected;
    use crate::loss::{Loss, Reduction, cross_entropy};
    use autograd_core::{DType, Result, Tensor, seeded};

    const WEIGHT: [f64; 3] = [0.5, 2.0, 1.25];

    fn with(weighted: bool, ignore_index: i64) -> crate::cases::LossCase {
        let build = move |reduction: Reduction| {
            move |x: &Tensor, t: &Tensor| {
                let loss = NllLoss::new().ignore_index(ignore_index).reduction(reduction);
                let weight = weighted.then(|| Tensor::from(WEIGHT).to_dtype(x.dtype()));
                weight.into_iter().fold(loss, NllLoss::weight).forward(x, t)
            }
        };
        let formula = move |x: &Tensor, t: &Tensor| {
            let (x, mut losses, mut divisor) = (x.to_f64s(), Vec::new(), 0.0);
            for (n, class) in t.to_f64s().into_iter().map(|class| class as usize).enumerate() {
                let counts = class as i64 != ignore_index;
                let weight = if !counts {
                    0.0
                } else if weighted {
                    WEIGHT[class]
                } else {
                    1.0
                };
                losses.push(-weight * x[n * 3 + class]);
                divisor += weight;
            }
            Expected { shape: t.shape().into(), losses, divisor }
        };
        let x = Tensor::randn(&[4, 3], DType::F64, &mut seeded(3)).expect("small");
        crate::cases::loss("nll_loss", build, formula).ignores(ignore_index).on(x, Tensor::from([0, 2, 1, 2]))
    }

    #[test]
    fn after_log_softmax_it_is_cross_entropy() -> Result<()> {
        let x = Tensor::randn(&[2, 3, 4], DType::F64, &mut seeded(3))?;
        let t = Tensor::from([[0, 1, 2, -100], [2, 2, 1, 0]]);
        let (a, b) = (nll_loss(&x.log_softmax(1)?, &t)?.item::<f64>()?, cross_entropy(&x, &t)?.item::<f64>()?);
        assert!((a - b).abs() < 1e-14);
        Ok(())
    }

    cases![
        with(false, -100)
            .function(nll_loss)
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([2]),
                "gather: index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
            )
            .refuses(Tensor::from([[0.0, 1.0]]), Tensor::from([1.0]), "dtype is F32, expected I64; to_dtype converts")
            .refuses(Tensor::from([[0.0, 1.0]]), Tensor::from([true]), "dtype is Bool, expected I64; to_dtype converts")
            .refuses(Tensor::from([[0.0, 1.0]]), Tensor::from([[0, 1]]), "target has shape [1, 2], expected [1]"),
        with(true, -100),
        with(true, 2),
        with(false, 1),
        with(true, -100).refuses(
            Tensor::from([[0.0, 1.0]]),
            Tensor::from([1]),
            "weight has shape [3], expected [2], one for each class"
        ),
    ];
}
