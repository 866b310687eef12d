//! Half the sum of squared errors.

use crate::loss::options::reduced;
use crate::loss::pair::difference;
use crate::loss::{Loss, Reduction};
use autograd_core::{Description, Result, Tensor};

/// Half the sum of squared errors, the form of the textbooks: its gradient is the error itself.
///
/// ```text
/// loss = ½ Σ (x − t)²
/// ```
///
/// # Shapes
/// `target` has the shape of `input`, or has its rank and broadcasts to it, or is a single number `[]`.
///
/// # Gradient
/// `x − t`.
///
/// # Errors
/// If the target does not broadcast to the input, or the dtypes are not one float type.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::half_squared_error;
/// let loss = half_squared_error(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?;
/// assert_eq!(loss.item::<f32>()?, 2.0);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Bishop, Pattern Recognition and Machine Learning, 2006, equation 5.11.
///
/// # Differs from
/// [`mse_loss`](crate::mse_loss): twice the mean of it.
pub fn half_squared_error(input: &Tensor, target: &Tensor) -> Result<Tensor> {
    HalfSquaredError::new().forward(input, target)
}

/// [`half_squared_error`] with options.
/// Other than for all others, the default of the reduction is the sum.
///
/// # Examples
/// ```
/// # use autograd_core::Tensor;
/// # use wengert_nn::{Loss, Reduction, HalfSquaredError};
/// let loss = HalfSquaredError::new().reduction(Reduction::None);
/// let losses = loss.forward(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0]))?.to_vec::<f32>()?;
/// assert_eq!(losses, [0.0, 2.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfSquaredError {
    reduction: Reduction,
}

impl Default for HalfSquaredError {
    fn default() -> Self {
        HalfSquaredError { reduction: Reduction::Sum }
    }
}

reduced!(HalfSquaredError);

impl Loss for HalfSquaredError {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        const OP: &str = "half_squared_error";
        self.reduction.apply(&difference(OP, input, target)?.square().mul_scalar(0.5))
    }

    fn describe(&self) -> Description {
        Description::from_debug(self)
    }
}

#[cfg(test)]
cases![
    loss("half_squared_error", |r| HalfSquaredError::new().reduction(r), each(|x, t| 0.5 * (x - t).powi(2))).pairs()
];

#[cfg(test)]
mod tests {
    use super::half_squared_error;
    use autograd_core::{Result, Tensor, grad};

    #[test]
    fn its_gradient_is_the_error() -> Result<()> {
        let x = Tensor::from([3.0, 5.0]).requires_grad();
        let loss = half_squared_error(&x, &Tensor::from([1.0, 6.0]))?;
        assert_eq!((loss.item::<f32>()?, grad(&loss, &[&x])?[0].to_vec::<f32>()?), (2.5, vec![2.0, -1.0]));
        Ok(())
    }
}
