//! Mean squared error.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// Mean squared error: `(x − t)²`, the mean over all elements.
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Another rank is
/// an error: `[N]` against `[N, 1]` would be all N² pairs, and `[N]` against `[N, K]` would fit where K happens to be
/// N.
///
/// # Gradient
/// `2 (x − t)` for x, the negative of it for t, each by the reduction.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::mse_loss;
/// let loss = mse_loss(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?;
/// assert_eq!(loss.item::<f32>()?, 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn mse_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MseLoss::new().forward(input, target)
}

/// [`mse_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, MseLoss, Reduction};
/// let loss = MseLoss::new().reduction(Reduction::Sum);
/// assert_eq!(loss.forward(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?.item::<f32>()?, 4.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MseLoss {
    reduction: Reduction,
}

reduced!(MseLoss);

impl Loss for MseLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.reduction.apply(&difference("mse_loss", input, target)?.square())
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![loss("mse_loss", |r| MseLoss::new().reduction(r), each(|x, t| (x - t).powi(2))).function(mse_loss).pairs()];
