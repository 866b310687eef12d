//! The mean absolute percentage error.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::check::Check;
use autograd_core::{Description, Result, Tensor};

/// The mean absolute percentage error, in percent of the target.
///
/// ```text
/// loss = 100 |x − t| / max(|t|, ε)        ε = 1e-7
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `100 sign(x − t) / max(|t|, ε)` for x, 0 where both are equal.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type, or ε is negative.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::mean_absolute_percentage_error;
/// let loss = mean_absolute_percentage_error(&Tensor::from([1.5, 3.0]), &Tensor::from([1.0, 4.0]))?;
/// assert_eq!(loss.item::<f32>()?, 37.5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// scikit-learn: a fraction, not percent, and ε = 2.2e-16.
pub fn mean_absolute_percentage_error(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MapeLoss::new().forward(input, target)
}

/// [`mean_absolute_percentage_error`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, MapeLoss};
/// let loss = MapeLoss::new().eps(1e-3).reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([1.5, 0.002]), &Tensor::from([1.0, 0.0]))?.to_vec::<f32>()?;
/// assert!((losses[0] - 50.0).abs() < 1e-4 && (losses[1] - 200.0).abs() < 1e-4);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapeLoss {
    eps: f64,
    reduction: Reduction,
}

impl Default for MapeLoss {
    fn default() -> Self {
        MapeLoss { eps: 1e-07, reduction: Reduction::Mean }
    }
}

reduced!(MapeLoss);

impl MapeLoss {
    /// ε ≥ 0, the least size that a target counts with. Default 1e-7, that of Keras.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> MapeLoss {
        self.eps = eps;
        self
    }
}

impl Loss for MapeLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "mean_absolute_percentage_error";
        Check(OP).require(self.eps >= 0.0, "eps", self.eps, "at least 0")?;
        let distance = difference(OP, input, target)?.abs();
        let size = target.abs().clamp(self.eps, f64::INFINITY)?;
        self.reduction.apply(&distance.try_div(&size)?.mul_scalar(100.0))
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
fn of(eps: f64) -> crate::cases::LossCase {
    let build = move |r| MapeLoss::new().eps(eps).reduction(r);
    let formula = move |x: f64, t: f64| 100.0 * (x - t).abs() / t.abs().max(eps);
    crate::cases::loss("mean_absolute_percentage_error", build, crate::cases::each(formula))
}

#[cfg(test)]
cases![
    of(1e-7).function(mean_absolute_percentage_error).pairs(),
    of(0.5).pairs(),
    of(-1.0).refuses(Tensor::from([1.0]), Tensor::from([1.0]), "eps is -1.0, it must be at least 0"),
];
