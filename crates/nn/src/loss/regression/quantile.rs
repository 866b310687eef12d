//! The quantile loss.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

/// The quantile or pinball loss: minimal where x is the q-quantile of the targets, the mean over all elements.
///
/// ```text
/// d = t − x      loss = q d where d ≥ 0, else (q − 1) d
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `−q` where `x < t`, `1 − q` where `x > t`; 0 where both are equal.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type, or q is not in [0, 1].
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::quantile_loss;
/// let loss = quantile_loss(&Tensor::from([1.0, 4.0]), &Tensor::from([2.0, 2.0]))?;
/// assert_eq!(loss.item::<f32>()?, 0.75);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Koenker, Bassett, Regression Quantiles, 1978.
pub fn quantile_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    QuantileLoss::new().forward(input, target)
}

/// [`quantile_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, QuantileLoss};
/// let loss = QuantileLoss::new().q(0.9).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([1.0, 4.0]), &Tensor::from([2.0, 2.0]))?.to_vec::<f32>()?;
/// assert!((losses[0] - 0.9).abs() < 1e-6 && (losses[1] - 0.2).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileLoss {
    q: f64,
    reduction: Reduction,
}

impl Default for QuantileLoss {
    fn default() -> Self {
        QuantileLoss { q: 0.5, reduction: Reduction::Mean }
    }
}

reduced!(QuantileLoss);

impl QuantileLoss {
    /// The quantile, `0 ≤ q ≤ 1`. Default 0.5, the median: half the absolute error.
    #[must_use]
    pub fn q(mut self, q: f64) -> QuantileLoss {
        self.q = q;
        self
    }
}

impl Loss for QuantileLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "quantile_loss";
        Check(OP).require((0.0..=1.0).contains(&self.q), "q", self.q, "in [0, 1]")?;
        let d = difference(OP, input, target)?.neg();
        let under = d.relu().mul_scalar(self.q);
        let over = d.neg().relu().mul_scalar(1.0 - self.q);
        // Without the one that has no weight: 0 · ∞ is NaN.
        self.reduction.apply(&match self.q {
            0.0 => over,
            1.0 => under,
            _ => under.try_add(&over)?,
        })
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
fn of(q: f64) -> crate::cases::LossCase {
    let build = move |r| QuantileLoss::new().q(q).reduction(r);
    let formula = move |x: f64, t: f64| (q * (t - x)).max((q - 1.0) * (t - x));
    crate::cases::loss("quantile_loss", build, crate::cases::each(formula))
}

#[cfg(test)]
cases![
    of(0.5).function(quantile_loss).pairs(),
    of(0.9).pairs(),
    of(0.0).pairs(),
    of(1.0).pairs(),
    of(1.5).refuses(Tensor::from([1.0]), Tensor::from([1.0]), "q is 1.5, it must be in [0, 1]"),
];
