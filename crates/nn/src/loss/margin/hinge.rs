//! The hinge loss.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// The hinge loss of a score x for the label t = ±1, the mean over all elements.
///
/// ```text
/// loss = max(0, 1 − t x)
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Labels are −1
/// and 1.
///
/// # Gradient
/// `−t` where `t x < 1`, else 0; at the kink 0.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::hinge_loss;
/// let loss = hinge_loss(&Tensor::from([0.5, 3.0]), &Tensor::from([1.0, 1.0]))?;
/// assert_eq!(loss.item::<f32>()?, 0.25);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Cortes, Vapnik, Support-Vector Networks, 1995.
///
/// # Differs from
/// Keras turns labels that are all 0 or 1 into −1 and 1; here `t.mul_scalar(2.0).add_scalar(-1.0)` does.
pub fn hinge_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    HingeLoss::new().forward(input, target)
}

/// [`hinge_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, HingeLoss};
/// let loss = HingeLoss::new().squared(true).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.5, 3.0]), &Tensor::from([1.0, 1.0]))?.to_vec::<f32>()?;
/// assert_eq!(losses, [0.25, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HingeLoss {
    squared: bool,
    reduction: Reduction,
}

impl Default for HingeLoss {
    fn default() -> Self {
        HingeLoss { squared: false, reduction: Reduction::Mean }
    }
}

reduced!(HingeLoss);

impl HingeLoss {
    /// Whether to take the square, which is smooth. Default false.
    #[must_use]
    pub fn squared(mut self, squared: bool) -> HingeLoss {
        self.squared = squared;
        self
    }
}

impl Loss for HingeLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "hinge_loss";
        fits(OP, input, target)?;
        let losses = input.try_mul(target)?.neg().add_scalar(1.0).relu();
        self.reduction.apply(&if self.squared { losses.square() } else { losses })
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
fn of(squared: bool) -> crate::cases::LossCase {
    let power = if squared { 2 } else { 1 };
    let build = move |r| HingeLoss::new().squared(squared).reduction(r);
    crate::cases::loss("hinge_loss", build, crate::cases::each(move |x, t| (1.0 - t * x).max(0.0).powi(power)))
}

#[cfg(test)]
cases![of(false).function(hinge_loss).pairs(), of(true).pairs()];
