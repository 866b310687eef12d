//! Mean absolute error.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// Mean absolute error: `|x − t|`, the mean over all elements.
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Another rank is
/// an error: `[N]` against `[N, 1]` would be all N² pairs, and `[N]` against `[N, K]` would fit where K happens to be
/// N.
///
/// # Gradient
/// `sign(x − t)` for x, 0 where both are equal, and the negative of it for t, each by the reduction.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::l1_loss;
/// let loss = l1_loss(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?;
/// assert_eq!(loss.item::<f32>()?, 1.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn l1_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    L1Loss::new().forward(input, target)
}

/// [`l1_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{L1Loss, Loss, Reduction};
/// let loss = L1Loss::new().reduction(Reduction::None);
/// assert_eq!(loss.forward(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Loss {
    reduction: Reduction,
}

reduced!(L1Loss);

impl Loss for L1Loss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        self.reduction.apply(&difference("l1_loss", input, target)?.abs())
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![loss("l1_loss", |r| L1Loss::new().reduction(r), each(|x, t| (x - t).abs())).function(l1_loss).pairs()];
