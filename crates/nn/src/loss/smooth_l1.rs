//! Squared error near zero, absolute error away from it.

use super::pair::difference;
use super::{Loss, Reduction};
use crate::error::Result;
use autograd_core::{Error, Tensor};

/// Squared error below `beta = 1`, absolute error above, the mean over all elements.
///
/// ```text
/// d = x − t      loss = d² / (2 β) where |d| < β, else |d| − β/2
/// ```
///
/// # Shapes
/// `target` as `input`, or broadcasting to it. That `input` would have to be repeated for the target is an error: `[N, 1]`
/// against `[N]` would be all N² pairs.
///
/// # Gradient
/// `d/β` where `|d| < β`, else `sign d`: continuous, but for β = 0, where it is that of the absolute error.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::smooth_l1_loss;
/// let loss = smooth_l1_loss(&Tensor::from([0.5, 3.0]), &Tensor::from([0.0, 0.0]))?;
/// assert_eq!(loss.item::<f32>()?, (0.125 + 2.5) / 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Girshick, Fast R-CNN, 2015, equation 3.
///
/// # Differs from
/// Huber's loss is β times this one.
pub fn smooth_l1_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    SmoothL1Loss::default().forward(input, target)
}

/// [`smooth_l1_loss`] with options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothL1Loss {
    /// Where the square ends, `β ≥ 0`; 0 gives the absolute error. Default 1.
    pub beta: f64,
    /// What becomes of the losses of the elements; default: their mean.
    pub reduction: Reduction,
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        SmoothL1Loss { beta: 1.0, reduction: Reduction::Mean }
    }
}

impl SmoothL1Loss {
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    /// As [`smooth_l1_loss`], and if `beta` is negative or not finite.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "smooth_l1_loss";
        if !(self.beta >= 0.0 && self.beta.is_finite()) {
            return Err(Error::argument(OP, "beta", self.beta, "finite and at least 0").into());
        }
        let d = difference(OP, input, target)?;
        let distance = d.abs();
        if self.beta == 0.0 {
            return self.reduction.apply(&distance);
        }
        let near = distance.lt(&distance.full_like(self.beta))?;
        // The square is taken of zeros where it is not chosen, so that an infinite distance has a finite gradient.
        let square = near.where_(&d, &d.zeros_like())?.square().div_scalar(2.0 * self.beta);
        self.reduction.apply(&near.where_(&square, &distance.add_scalar(-0.5 * self.beta))?)
    }
}

impl Loss for SmoothL1Loss {
    fn loss(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.forward(input, target)
    }
}
