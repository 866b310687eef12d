//! The logarithm of the hyperbolic cosine.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// The logarithm of the hyperbolic cosine of the error, the mean over all elements: like half its square for small
/// errors, like its absolute value, less ln 2, for large ones.
///
/// ```text
/// loss = ln cosh (x − t)
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `tanh (x − t)`.
///
/// # Numerics
/// No digits are lost for small errors, and nothing overflows for large ones.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::log_cosh_loss;
/// let loss = log_cosh_loss(&Tensor::from([1.0, 0.0]), &Tensor::from([0.0, 0.0]))?;
/// assert!((loss.item::<f32>()? - 0.433_780_8 / 2.0).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// Keras: the mean over the last dim only, for each sample.
pub fn log_cosh_loss(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    LogCoshLoss::new().forward(input, target)
}

/// [`log_cosh_loss`] with options.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, LogCoshLoss};
/// let loss = LogCoshLoss::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([1.0, 0.0]), &Tensor::from([0.0, 0.0]))?.to_vec::<f32>()?;
/// assert!((losses[0] - 0.433_780_8).abs() < 1e-6 && losses[1] == 0.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogCoshLoss {
    reduction: Reduction,
}

reduced!(LogCoshLoss);

impl Loss for LogCoshLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "log_cosh_loss";
        let d = difference(OP, input, target)?;
        let far = d.abs();
        let near = far.lt_scalar(1.0);
        // −ln(1 − tanh² d) / 2 has all digits near 0, |d| + ln(1 + e^(−2|d|)) − ln 2 far from it.
        let small = near.where_cond(&d, &d.zeros_like())?.tanh().square().neg().log1p().mul_scalar(-0.5);
        let large =
            far.try_add(&far.mul_scalar(-2.0).softplus(1.0, f64::INFINITY)?)?.add_scalar(-std::f64::consts::LN_2);
        self.reduction.apply(&near.where_cond(&small, &large)?)
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![
    loss("log_cosh_loss", |r| LogCoshLoss::new().reduction(r), each(|x, t| (x - t).cosh().ln()))
        .function(log_cosh_loss)
        .pairs()
];
