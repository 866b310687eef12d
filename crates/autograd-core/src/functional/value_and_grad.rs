//! A value and its gradients in one.

use super::{TensorList, leaves, value_of};
use crate::error::Result;
use crate::tape::{gradients_of, recording};
use crate::tensor::Tensor;

/// The number `y = f(inputs)`, and its gradient with respect to each input (zeros where nothing flows).
///
/// # Errors
/// If `f` fails or its value is not a single number of float type, or an input is not of float type.
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
    recording(true, || {
        let xs = leaves("value_and_grad", &inputs.tensors())?;
        let y = value_of("value_and_grad", f, &xs)?;
        super::single("value_and_grad", &y)?;
        let found = match y.is_tracked() {
            true => gradients_of(&[(&y, None)], &xs.iter().collect::<Vec<_>>(), false)?,
            false => vec![None; xs.len()],
        };
        Ok((y.detach(), L::of(super::or_zeros(found, &xs))))
    })
}
