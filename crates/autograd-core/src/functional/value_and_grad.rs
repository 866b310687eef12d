//! A value and its gradients in one.

use super::point::result;
use super::{TensorList, at, single};
use crate::error::Result;
use crate::tensor::Tensor;

/// The number `y = f(inputs)`, and its gradient with respect to each input (zeros where nothing flows).
///
/// # Gradient
/// The results are tracked if an input, or what `f` captures, is, unless inside [`no_grad`](crate::no_grad): a function
/// of them, or another derivative of the function around, sees all that they depend on.
///
/// # Errors
/// If `f` fails or its value is not a single number of float type, or an input is not of float type; where the results
/// are tracked, also if an operation on the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, value_and_grad};
/// let (x, w) = (Tensor::from([1.0, 2.0]), Tensor::from(3.0));
/// let (y, [dx, dw]) = value_and_grad(|x| Ok(x[0].try_mul(&x[1])?.sum()), [&x, &w])?;
/// assert_eq!((y.to_f64()?, dx.to_vec::<f32>()?, dw.to_f64()?), (9.0, vec![3.0, 3.0], 3.0));
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn value_and_grad<L: TensorList>(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: L,
) -> Result<(Tensor, L::Of<Tensor>)> {
    at("value_and_grad", &inputs.tensors(), |point| {
        let y = point.value_of(f)?;
        single("value_and_grad", &y)?;
        let recorded = point.records(&y, &[]);
        let gradients = point.gradients(&y, None, recorded)?;
        Ok((result(y, recorded), L::of(gradients)))
    })
}
