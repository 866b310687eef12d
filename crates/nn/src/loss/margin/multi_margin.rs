//! The margin loss of several classes.

use crate::loss::options::reduced;
use crate::loss::pair::product;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{DType, Description, Error, Result, Tensor};

const OP: &str = "multi_margin_loss";

/// The margin loss of the scores x of several classes for the target class t, the mean over all samples.
///
/// ```text
/// loss = 1/C Σ_{k ≠ t} w[t] max(0, margin − x[t] + x[k])ᵖ        margin = 1, p = 1
/// ```
///
/// # Shapes
/// `input: [C]` or `[N, C]`, `target: []` or `[N]` (`I64`).
///
/// # Gradient
/// `1/C` for each class that misses the margin and minus their number over C for the target's; at the kink 0.
///
/// # Errors
/// If the shapes do not fit, or a class is out of range.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::multi_margin_loss;
/// let loss = multi_margin_loss(&Tensor::from([[0.5, 1.0, 0.0]]), &Tensor::from([1]))?;
/// assert!((loss.item::<f32>()? - 0.5 / 3.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Weston, Watkins, Support Vector Machines for Multi-Class Pattern Recognition, 1999.
pub fn multi_margin_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MultiMarginLoss::new().forward(input, target)
}

/// [`multi_margin_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, MultiMarginLoss};
/// let loss = MultiMarginLoss::new().squared(true).margin(0.5).weight(Tensor::from([1.0, 2.0]));
/// assert_eq!(loss.forward(&Tensor::from([[0.5, 0.5]]), &Tensor::from([1]))?.item::<f32>()?, 0.25);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MultiMarginLoss {
    squared: bool,
    margin: f64,
    weight: Option<Tensor>,
    reduction: Reduction,
}

impl Default for MultiMarginLoss {
    fn default() -> Self {
        MultiMarginLoss { squared: false, margin: 1.0, weight: None, reduction: Reduction::Mean }
    }
}

reduced!(MultiMarginLoss);

impl MultiMarginLoss {
    /// Whether p is 2, which is smooth, not 1. Default false.
    #[must_use]
    pub fn squared(mut self, squared: bool) -> MultiMarginLoss {
        self.squared = squared;
        self
    }

    /// By how much the target's score must be above the others to cost nothing. Default 1.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> MultiMarginLoss {
        self.margin = margin;
        self
    }

    /// w: how much each target class counts, `[C]`. Default: all 1.
    #[must_use]
    pub fn weight(mut self, weight: Tensor) -> MultiMarginLoss {
        self.weight = Some(weight);
        self
    }
}

impl Loss for MultiMarginLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        Check(OP).float(input)?;
        Check(OP).dtype(target, DType::I64)?;
        let (classes, samples) = match input.shape() {
            [classes] | [_, classes] => (*classes, &input.shape()[..input.rank() - 1]),
            shape => return Err(Error::shape(OP, "the input", shape, "[C] or [N, C]")),
        };
        Check(OP).is("target", target, samples)?;
        let column = target.unsqueeze(-1)?;
        let own = input.gather(-1, &column).map_err(|error| error.context(OP))?;
        // Without the target's own term, which is margin − x[t] + x[t].
        let is_own = target.one_hot(Some(classes))?.to_dtype(DType::Bool);
        let missed = input.try_sub(&own)?.add_scalar(self.margin).masked_fill(&is_own, 0.0)?.relu();
        let mut losses = if self.squared { missed.square() } else { missed };
        if let Some(weight) = &self.weight {
            Check(OP).is("weight", weight, &[classes])?;
            Check(OP).same_dtype(input, weight)?;
            let of_target = weight.index_select(0, &target.reshape(&[-1])?)?;
            let along: Vec<isize> = column.shape().iter().map(|size| *size as isize).collect();
            losses = product(&of_target.reshape(&along)?, &losses)?;
        }
        self.reduction.apply(&losses.mean_dim(-1)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self).option("weight", self.weight.as_ref().map(Tensor::to_f64s))
    }
}

#[cfg(test)]
mod tests {
    use super::{MultiMarginLoss, multi_margin_loss};
    use crate::cases::Expected;
    use crate::loss::Loss;
    use autograd_core::{DType, Tensor, seeded};

    const WEIGHT: [f64; 3] = [0.5, 2.0, 1.25];

    fn of(squared: bool, weighted: bool) -> crate::cases::LossCase {
        let build = move |r| {
            move |x: &Tensor, t: &Tensor| {
                let loss = MultiMarginLoss::new().squared(squared).reduction(r);
                let weight = weighted.then(|| Tensor::from(WEIGHT).to_dtype(x.dtype()));
                weight.into_iter().fold(loss, MultiMarginLoss::weight).forward(x, t)
            }
        };
        let formula = move |x: &Tensor, t: &Tensor| {
            let (all, t) = (x.to_f64s(), t.to_f64s());
            let row = |(x, t): (&[f64], &f64)| {
                let t = *t as usize;
                let other = |k: usize| (1.0 - x[t] + x[k]).max(0.0).powi(if squared { 2 } else { 1 });
                let sum: f64 = (0..3).filter(|k| *k != t).map(other).sum();
                sum / 3.0 * if weighted { WEIGHT[t] } else { 1.0 }
            };
            let losses: Vec<f64> = all.chunks(3).zip(&t).map(row).collect();
            Expected { shape: x.shape()[..x.rank() - 1].into(), divisor: losses.len() as f64, losses }
        };
        let x = Tensor::randn(&[4, 3], DType::F64, &mut seeded(3)).expect("small");
        let one = Tensor::randn(&[3], DType::F64, &mut seeded(4)).expect("small");
        crate::cases::loss("multi_margin_loss", build, formula)
            .on(x, Tensor::from([0, 2, 1, 2]))
            .on(one, Tensor::from(1))
    }

    cases![
        of(false, false)
            .function(multi_margin_loss)
            .refuses(
                Tensor::from([[0.0, 1.0]]),
                Tensor::from([2]),
                "gather: index 2 at position 0 is out of range for dim 1 of shape [1, 2]"
            )
            .refuses(
                Tensor::from([[[0.0]]]),
                Tensor::from([2]),
                "the input has shape [1, 1, 1], expected [C] or [N, C]"
            )
            .refuses(Tensor::from([[0.0]]), Tensor::from([0, 1]), "target has shape [2], expected [1]"),
        of(true, false),
        of(true, true).refuses(Tensor::from([[0.0]]), Tensor::from([0]), "weight has shape [3], expected [1]"),
    ];
}
