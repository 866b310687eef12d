//! Forward derivatives from backward ones.

use super::{Linearized, TensorList, all_fit, at};
use crate::error::Result;
use crate::tensor::Tensor;

/// Jacobian-vector product: the value `y = f(inputs)`, and `Σ ∂y/∂x v` over the inputs and their tangents.
///
/// It takes two backward walks: `uᵀ ∂y/∂x` is linear in u, and its derivative with respect to u in direction v is the
/// product. One more goes before, with some u, where an operation on the way may refuse a gradient: a decomposition, or
/// one of your own. For several products at one point there is [`linearize`](crate::linearize).
///
/// # Gradient
/// The results are tracked if an input, a tangent, or what `f` captures is, unless inside [`no_grad`](crate::no_grad).
///
/// # Errors
/// If `f` fails, an operation on the way has no second derivative, an input or the value is not of float type, or there
/// is not one tangent for each input, of its shape and dtype.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, jvp};
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([10.0, 1.0]));
/// let (_, dy) = jvp(|x| Ok(x[0].square()), [&x], [&v])?;
/// assert_eq!(dy.to_vec::<f32>()?, [20.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn jvp(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: impl TensorList,
    tangents: impl TensorList,
) -> Result<(Tensor, Tensor)> {
    let (inputs, tangents) = (inputs.tensors(), tangents.tensors());
    all_fit("jvp", &inputs, &tangents)?;
    at("jvp", &inputs, |point| {
        let around = point.recording;
        let linear = Linearized::of(f, point)?;
        let recorded = around && linear.records(&tangents);
        Ok((linear.value(), linear.push(&tangents, recorded)?))
    })
}
