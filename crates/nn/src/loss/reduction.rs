//! The reduction of the losses of all elements.

use super::parts::{LossParts, note};
use autograd_core::{Result, Tensor};

/// The reduction of the losses of the elements.
///
/// It decides what is minimised, and so the size of the gradients. What a run reports is the mean in either case: see
/// [`Loss::parts`](super::Loss::parts).
///
/// # Examples
/// ```
/// use autograd_core::Tensor;
/// use wengert_nn::Reduction;
/// let losses = Tensor::from([1.0, 2.0]);
/// assert_eq!(Reduction::Mean.apply(&losses)?.item::<f32>()?, 1.5);
/// assert_eq!(Reduction::None.apply(&losses)?.shape(), [2]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The losses stay as they are.
    None,
    /// Their mean; NaN if there are none.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum divided by the number of samples, the size of the first dim: the mathematical mean of a divergence
    /// that is a sum over the other dims. Of a single loss it is the loss.
    BatchMean,
}

/// What a mean divides the sum of the losses by.
pub(super) enum Divisor {
    /// How many there are.
    Count,
    /// A number that depends on the targets: how many count, or the sum of their weights.
    Number(Tensor),
}

impl Reduction {
    /// Reduces the losses of the elements.
    ///
    /// # Errors
    /// [`Reduction::Mean`] needs floats.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::Tensor;
    /// # use wengert_nn::Reduction;
    /// assert_eq!(Reduction::Sum.apply(&Tensor::from([1.0, 2.0]))?.item::<f32>()?, 3.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn apply(self, losses: &Tensor) -> Result<Tensor> {
        match self {
            Reduction::BatchMean => self.over(losses, losses.shape().first().copied().unwrap_or(1)),
            _ => self.divided(losses, Divisor::Count),
        }
    }

    /// Reduces the losses of an input, which may be a single one of all its elements: without elements it counts
    /// nothing.
    pub(super) fn of_all(self, losses: &Tensor, input: &Tensor) -> Result<Tensor> {
        if losses.rank() > 0 || input.numel() > 0 {
            return self.apply(losses);
        }
        let reduction = if self == Reduction::BatchMean { Reduction::Mean } else { self };
        reduction.divided(&input.sum(), Divisor::Number(Tensor::scalar(0.0)))
    }

    /// Reduces the losses of so many samples, each of which has one or several.
    pub(super) fn over(self, losses: &Tensor, samples: usize) -> Result<Tensor> {
        match self {
            Reduction::BatchMean => Reduction::Mean.divided(losses, Divisor::Number(Tensor::scalar(samples as f64))),
            _ => self.divided(losses, Divisor::Count),
        }
    }

    /// Reduces losses whose mean divides by something of its own.
    pub(super) fn divided(self, losses: &Tensor, divisor: Divisor) -> Result<Tensor> {
        let value = match (self, &divisor) {
            (Reduction::None, _) => return Ok(losses.clone()),
            (Reduction::Sum, _) => losses.sum(),
            (Reduction::BatchMean, _) => return self.over(losses, losses.shape().first().copied().unwrap_or(1)),
            (Reduction::Mean, Divisor::Count) => losses.mean()?,
            (Reduction::Mean, Divisor::Number(number)) => losses.sum().try_div(&number.to_dtype(losses.dtype()))?,
        };
        note(|| {
            let (count, value) = (losses.numel(), value.clone());
            let denominator = match divisor {
                // A sum would read all losses again.
                Divisor::Count if self == Reduction::Mean && count > 0 => {
                    return LossParts::of_mean(value, count as f64);
                }
                Divisor::Count => Tensor::scalar(count as f64),
                Divisor::Number(number) => number,
            };
            let numerator = if self == Reduction::Mean { losses.sum() } else { value.clone() };
            LossParts::new(value, numerator, &denominator)
        });
        Ok(value)
    }
}
