//! The logistic loss of labels ±1.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// The logistic loss of a score x for the label t = ±1, the mean over all elements.
///
/// ```text
/// loss = ln(1 + e^(−t x))
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`. Labels are −1
/// and 1.
///
/// # Gradient
/// `−t σ(−t x)`.
///
/// # Numerics
/// By softplus: nothing overflows.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::soft_margin_loss;
/// let loss = soft_margin_loss(&Tensor::from([0.0, 1000.0]), &Tensor::from([1.0, 1.0]))?;
/// assert!((loss.item::<f32>()? - std::f32::consts::LN_2 / 2.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn soft_margin_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    SoftMarginLoss::new().forward(input, target)
}

/// [`soft_margin_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, SoftMarginLoss};
/// let loss = SoftMarginLoss::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([0.0, 1000.0]), &Tensor::from([1.0, 1.0]))?.to_vec::<f32>()?;
/// assert!((losses[0] - 0.693_147_2).abs() < 1e-6 && (losses[1] - 0.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftMarginLoss {
    reduction: Reduction,
}

reduced!(SoftMarginLoss);

impl Loss for SoftMarginLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "soft_margin_loss";
        fits(OP, input, target)?;
        self.reduction.apply(&input.try_mul(target)?.neg().softplus(1.0, f64::INFINITY)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![
    loss("soft_margin_loss", |r| SoftMarginLoss::new().reduction(r), each(|x, t| (-t * x).exp().ln_1p()))
        .function(soft_margin_loss)
        .pairs()
];
