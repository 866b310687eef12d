//! Recorded gradients.

use super::leaves;
use crate::error::{Error, ErrorKind, Result};
use crate::tape::{no_grad, recording};
use crate::tensor::Tensor;

/// The gradients of the number `y` with respect to each of `xs`, themselves differentiable, to any order.
///
/// The graph is kept. `xs` may be any tracked tensors, not only leaves.
///
/// # Errors
/// If `y` is not a single number or not tracked, if one of `xs` takes no part in it, if the graph has been freed, or if
/// an operation on the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, grad};
/// let x = Tensor::from(2.0).requires_grad();
/// let dy = grad(&x.powf(3.0), &[&x])?;
/// let ddy = grad(&dy[0], &[&x])?;
/// assert_eq!(ddy[0].item::<f32>()?, 12.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn grad(y: &Tensor, xs: &[&Tensor]) -> Result<Vec<Tensor>> {
    for x in xs {
        if !x.is_tracked() {
            return Err(Error::not_tracked("grad", x.dtype(), x.shape()));
        }
    }
    let found = crate::tape::gradients_of(&[(y, None)], xs, true)?;
    let named = found.into_iter().zip(xs).enumerate();
    let unused = |input: usize, x: &Tensor| {
        let text = format!("grad: input {input} of shape {:?} takes no part in the result", x.shape());
        Error::new(ErrorKind::Tape, text)
    };
    named.map(|(input, (g, x))| g.ok_or_else(|| unused(input, x))).collect()
}

/// Gradients of `Σ ys · seeds` with respect to each of `xs`, themselves differentiable; `None` where nothing flows.
///
/// The general form of [`grad`]: several outputs of any shape, each with the gradient to start from.
///
/// # Errors
/// If an output is not tracked, a seed does not fit, or as for [`grad`].
pub fn grad_with(ys: &[(&Tensor, &Tensor)], xs: &[&Tensor]) -> Result<Vec<Option<Tensor>>> {
    let roots: Vec<_> = ys.iter().map(|(y, seed)| (*y, Some(*seed))).collect();
    crate::tape::gradients_of(&roots, xs, true)
}

/// Vector-Jacobian product: the value `y = f(inputs)`, and `wᵀ ∂y/∂x` for each input (zeros where nothing flows).
///
/// # Errors
/// If `f` fails, or `w` does not have the shape of its value.
pub fn vjp(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: &[&Tensor],
    w: &Tensor,
) -> Result<(Tensor, Vec<Tensor>)> {
    recording(true, || {
        let xs = leaves("vjp", inputs)?;
        let y = f(&xs)?;
        if !y.is_tracked() {
            return Ok((y, inputs.iter().map(|x| x.zeros_like()).collect()));
        }
        let found = crate::tape::gradients_of(&[(&y, Some(w))], &xs.iter().collect::<Vec<_>>(), false)?;
        let grads = found.into_iter().zip(inputs).map(|(g, x)| g.unwrap_or_else(|| no_grad(|| x.zeros_like())));
        Ok((y.detach(), grads.collect()))
    })
}
