//! The margin loss of two scores.

use crate::loss::options::reduced;
use crate::loss::{Reduction, hint};
use autograd_core::check::Check;
use autograd_core::{Result, Tensor};

const OP: &str = "margin_ranking_loss";

/// The margin loss of two scores, of which the first is to be the higher (t = 1) or the lower (t = −1), the mean over
/// all pairs.
///
/// ```text
/// loss = max(0, margin − t (x₁ − x₂))        margin = 0
/// ```
///
/// # Shapes
/// `x2` and `target` have the shape of `x1`, or have its rank and broadcast to it, or are single numbers.
///
/// # Gradient
/// `−t` and `t` where the margin is missed, else 0; at the kink 0.
///
/// # Errors
/// If the shapes do not fit, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::margin_ranking_loss;
/// let loss = margin_ranking_loss(&Tensor::from([1.0, 5.0]), &Tensor::from([3.0, 2.0]), &Tensor::from([1.0, 1.0]))?;
/// assert_eq!(loss.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn margin_ranking_loss(x1: &Tensor, x2: &Tensor, target: &Tensor) -> Result<Tensor> {
    MarginRankingLoss::new().forward(x1, x2, target)
}

/// [`margin_ranking_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{MarginRankingLoss, Reduction};
/// let (one, two) = (Tensor::from([1.0]), Tensor::from([2.0]));
/// let loss = MarginRankingLoss::new().margin(0.5).reduction(Reduction::Sum);
/// assert_eq!(loss.forward(&one, &two, &one)?.item::<f32>()?, 1.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarginRankingLoss {
    margin: f64,
    reduction: Reduction,
}

reduced!(MarginRankingLoss);

impl MarginRankingLoss {
    /// By how much the scores must differ to cost nothing, any number. Default 0.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> MarginRankingLoss {
        self.margin = margin;
        self
    }

    /// The loss of two tensors of scores.
    ///
    /// # Errors
    /// As for [`margin_ranking_loss`].
    pub fn forward(&self, x1: &Tensor, x2: &Tensor, target: &Tensor) -> Result<Tensor> {
        for (what, x) in [("x2", x2), ("target", target)] {
            Check(OP).same_float(x1, x)?;
            hint::broadcasts_to(OP, what, x, x1.shape())?;
        }
        let missed = x1.try_sub(x2)?.try_mul(target)?.neg().add_scalar(self.margin).relu();
        self.reduction.apply(&missed)
    }
}

#[cfg(test)]
mod tests {
    use super::MarginRankingLoss;
    use autograd_core::Tensor;

    // As a loss of x and t: x is to be above 0 where t is 1, below it where t is −1.
    cases![
        loss(
            "margin_ranking_loss",
            |r| move |x: &Tensor, t: &Tensor| {
                MarginRankingLoss::new().margin(0.5).reduction(r).forward(x, &x.detach().zeros_like(), t)
            },
            each(|x, t| (0.5 - t * x).max(0.0))
        )
        .shapes(&[2, 3], &[2, 3])
        .shapes(&[2, 3], &[])
        .refuses(
            Tensor::from([1.0, 2.0]),
            Tensor::from([1.0, 2.0, 3.0]),
            "target has shape [3], expected one that broadcasts to the input's, [2]"
        )
    ];
}
