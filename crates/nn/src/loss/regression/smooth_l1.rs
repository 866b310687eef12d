//! The smooth L1 loss.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// Squared error below `beta = 1`, absolute error above, the mean over all elements.
///
/// ```text
/// d = x − t      loss = d² / (2 β) where |d| < β, else |d| − β/2
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Another rank is
/// an error: `[N]` against `[N, 1]` would be all N² pairs, and `[N]` against `[N, K]` would fit where K happens to be
/// N.
///
/// # Gradient
/// `d/β` where `|d| < β`, else `sign d`. It is continuous except for β = 0, where it is that of the absolute error.
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
    SmoothL1Loss::new().forward(input, target)
}

/// [`smooth_l1_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, SmoothL1Loss};
/// let loss = SmoothL1Loss::new().beta(2.0);
/// assert_eq!(loss.forward(&Tensor::from([1.0, 3.0]), &Tensor::from([0.0, 0.0]))?.item::<f32>()?, (0.25 + 2.0) / 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothL1Loss {
    beta: f64,
    reduction: Reduction,
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        SmoothL1Loss { beta: 1.0, reduction: Reduction::Mean }
    }
}

reduced!(SmoothL1Loss);

impl SmoothL1Loss {
    /// Where the square ends, `β ≥ 0` and finite; 0 gives the absolute error. Default 1.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> SmoothL1Loss {
        self.beta = beta;
        self
    }
}

impl Loss for SmoothL1Loss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "smooth_l1_loss";
        fits(OP, input, target)?;
        self.reduction.apply(&input.smooth_l1_loss(target, self.beta)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{SmoothL1Loss, smooth_l1_loss};
    use crate::cases::{LossCase, each, loss};
    use autograd_core::{Result, Tensor, grad};

    fn one() -> Tensor {
        Tensor::from([1.0])
    }

    fn of(beta: f64) -> LossCase {
        let formula = move |d: f64| if d < beta { d * d / (2.0 * beta) } else { d - beta / 2.0 };
        let loss_of = move |reduction| SmoothL1Loss::new().beta(beta).reduction(reduction);
        loss("smooth_l1_loss", loss_of, each(move |x, t| formula((x - t).abs())))
    }

    #[test]
    fn an_infinite_distance_has_a_finite_gradient() -> Result<()> {
        let x = Tensor::from([f64::INFINITY, 0.5]).requires_grad();
        let gradient = &grad(&smooth_l1_loss(&x, &Tensor::from([0.0, 0.0]))?, &[&x])?[0];
        assert_eq!(gradient.to_vec::<f32>()?, [0.5, 0.25]);
        Ok(())
    }

    cases![
        of(1.0).function(smooth_l1_loss).pairs(),
        of(0.5).pairs(),
        of(0.0).pairs(),
        of(-1.0).refuses(one(), one(), "beta is -1.0, it must be finite and at least 0"),
        of(f64::NAN).refuses(one(), one(), "beta is NaN, it must be finite and at least 0"),
        of(f64::INFINITY).refuses(one(), one(), "beta is inf, it must be finite and at least 0"),
    ];
}
