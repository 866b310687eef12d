//! The reduction of the losses of all elements.

use super::parts::{LossParts, note};
use autograd_core::{Result, Tensor};

/// The reduction of the losses of the elements.
///
/// It decides what is minimised, and so the size of the gradients. What a run reports is the mean in either case, so it
/// does not depend on the size of the batches: see [`Loss::parts`](super::Loss::parts).
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
}

/// What a mean divides the sum of the losses by.
pub(super) enum Divisor {
    /// The number of those that count.
    Count(usize),
    /// The sum of their weights, a single number.
    Weights(Tensor),
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
        self.divided(losses, Divisor::Count(losses.numel()))
    }

    /// Reduces losses whose mean divides by something of its own.
    pub(super) fn divided(self, losses: &Tensor, divisor: Divisor) -> Result<Tensor> {
        let value = match (self, &divisor) {
            (Reduction::None, _) => return Ok(losses.clone()),
            (Reduction::Sum, _) => losses.sum(),
            (Reduction::Mean, Divisor::Count(count)) if *count == losses.numel() => losses.mean()?,
            (Reduction::Mean, Divisor::Count(count)) => losses.sum().div_scalar(*count as f64),
            (Reduction::Mean, Divisor::Weights(weights)) => losses.sum().try_div(weights)?,
        };
        note(|| {
            let denominator = match divisor {
                Divisor::Count(count) => count as f64,
                Divisor::Weights(weights) => weights.to_f64s().first().copied().unwrap_or(0.0),
            };
            match self {
                // 0 / 0 is NaN, and has no numerator.
                Reduction::Mean if denominator == 0.0 => {
                    LossParts { value: value.clone(), numerator: losses.sum(), denominator }
                }
                Reduction::Mean => LossParts::of_mean(value.clone(), denominator),
                _ => LossParts { numerator: value.clone(), value: value.clone(), denominator },
            }
        });
        Ok(value)
    }
}
