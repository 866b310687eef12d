//! Huber's loss.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// Huber's loss: half the squared error below `delta = 1`, the absolute error above, the mean over all elements.
///
/// ```text
/// d = x − t      loss = d² / 2 where |d| ≤ δ, else δ (|d| − δ/2)
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `d` where `|d| ≤ δ`, else `δ sign d`; continuous.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type, or δ is not positive.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::huber_loss;
/// let loss = huber_loss(&Tensor::from([0.5, 3.0]), &Tensor::from([0.0, 0.0]))?;
/// assert_eq!(loss.item::<f32>()?, (0.125 + 2.5) / 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Huber, Robust Estimation of a Location Parameter, 1964.
///
/// # Differs from
/// [`smooth_l1_loss`](crate::smooth_l1_loss) is this divided by δ.
pub fn huber_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    HuberLoss::new().forward(input, target)
}

/// [`huber_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, HuberLoss};
/// let loss = HuberLoss::new().delta(2.0).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.5, 3.0]), &Tensor::from([0.0, 0.0]))?.to_vec::<f32>()?;
/// assert_eq!(losses, [0.125, 4.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HuberLoss {
    delta: f64,
    reduction: Reduction,
}

impl Default for HuberLoss {
    fn default() -> Self {
        HuberLoss { delta: 1.0, reduction: Reduction::Mean }
    }
}

reduced!(HuberLoss);

impl HuberLoss {
    /// Where the square ends, `δ > 0` and finite. Default 1.
    #[must_use]
    pub fn delta(mut self, delta: f64) -> HuberLoss {
        self.delta = delta;
        self
    }
}

impl Loss for HuberLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "huber_loss";
        fits(OP, input, target)?;
        self.reduction.apply(&input.huber_loss(target, self.delta)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
fn of(delta: f64) -> crate::cases::LossCase {
    let formula = move |d: f64| if d <= delta { d * d / 2.0 } else { delta * (d - delta / 2.0) };
    let build = move |r| HuberLoss::new().delta(delta).reduction(r);
    crate::cases::loss("huber_loss", build, crate::cases::each(move |x, t| formula((x - t).abs())))
}

#[cfg(test)]
fn one() -> Tensor {
    Tensor::from([1.0])
}

#[cfg(test)]
cases![
    of(1.0).function(huber_loss).pairs(),
    of(0.5).pairs(),
    of(0.0).refuses(one(), one(), "delta is 0.0, it must be finite and positive"),
    of(f64::NAN).refuses(one(), one(), "delta is NaN, it must be finite and positive"),
    of(f64::INFINITY).refuses(one(), one(), "delta is inf, it must be finite and positive"),
];
