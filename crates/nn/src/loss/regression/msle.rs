//! The mean squared logarithmic error.

use crate::loss::options::reduced;
use crate::loss::pair::fits;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// What is below this counts as this: that of Keras.
const EPS: f64 = 1e-7;

/// The mean squared logarithmic error: the squared error of `ln(1 + x)`, for numbers that are not negative and of which
/// ratios matter.
///
/// ```text
/// loss = (ln(1 + max(x, ε)) − ln(1 + max(t, ε)))²        ε = 1e-7
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `2 (ln(1 + x) − ln(1 + t)) / (1 + x)`; 0 where x is below ε.
///
/// # Numerics
/// `ln(1 + x)` is one function, with all digits near 0.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::mean_squared_logarithmic_error;
/// let loss = mean_squared_logarithmic_error(&Tensor::from([1.0, 0.0]), &Tensor::from([0.0, 0.0]))?;
/// assert!((loss.item::<f32>()? - 0.480_453 / 2.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn mean_squared_logarithmic_error(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    MsleLoss::new().forward(input, target)
}

/// [`mean_squared_logarithmic_error`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, MsleLoss};
/// let loss = MsleLoss::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([1.0, 0.0]), &Tensor::from([0.0, 0.0]))?.to_vec::<f32>()?;
/// assert!((losses[0] - 0.480_453).abs() < 1e-6 && losses[1] == 0.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MsleLoss {
    reduction: Reduction,
}

reduced!(MsleLoss);

impl Loss for MsleLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "mean_squared_logarithmic_error";
        fits(OP, input, target)?;
        let log = |x: &Tensor| Ok::<_, autograd_core::Error>(x.clamp(EPS, f64::INFINITY)?.log1p());
        self.reduction.apply(&log(input)?.try_sub(&log(target)?)?.square())
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![
    loss(
        "mean_squared_logarithmic_error",
        |r| MsleLoss::new().reduction(r),
        each(|x, t| (x.max(1e-7).ln_1p() - t.max(1e-7).ln_1p()).powi(2))
    )
    .function(mean_squared_logarithmic_error)
    .pairs()
];
