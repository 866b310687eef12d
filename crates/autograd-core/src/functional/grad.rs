//! Recorded gradients.

use super::point::result;
use super::{TensorList, at, fits};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

/// The gradients of the number `y` with respect to each of `xs`, themselves differentiable, to any order.
///
/// The graph is kept. `xs` may be any tracked tensors, not only leaves: an array of them gives an array of gradients, a
/// slice or a `Vec` of tensors or of parameters a `Vec` ([`TensorList`]).
///
/// # Errors
/// If `y` is not a single number or not tracked, if one of `xs` takes no part in it, if the graph has been freed, or if
/// an operation on the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, grad};
/// let x = Tensor::from(2.0).requires_grad();
/// let [dy] = grad(&x.powf(3.0), [&x])?;
/// let [ddy] = grad(&dy, [&x])?;
/// assert_eq!(ddy.item::<f32>()?, 12.0);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn grad<L: TensorList>(y: &Tensor, xs: L) -> Result<L::Of<Tensor>> {
    let xs = xs.tensors();
    for x in std::iter::once(&y).chain(&xs) {
        if !x.is_tracked() {
            return Err(Error::not_tracked("grad", x.dtype(), x.shape()));
        }
    }
    if y.numel() != 1 {
        let text =
            format!("grad: the value has shape {:?}, so it needs a gradient of that shape: use grad_with", y.shape());
        return Err(Error::new(ErrorKind::Tape, text));
    }
    let found = crate::tape::gradients_of(&[(y, None)], &xs, true)?;
    let named = found.into_iter().zip(&xs).enumerate();
    let unused = |input: usize, x: &Tensor| {
        let text = format!("grad: input {input} of shape {:?} takes no part in the result", x.shape());
        Error::new(ErrorKind::Tape, text)
    };
    named.map(|(input, (g, x))| g.ok_or_else(|| unused(input, x))).collect::<Result<_>>().map(L::of)
}

/// Gradients of `Σ ys · seeds` with respect to each of `xs`, themselves differentiable; `None` where nothing flows.
///
/// The general form of [`grad`]: several outputs of any shape, each with the gradient to start from.
///
/// # Errors
/// If an output is not tracked, a seed does not have its output's shape and dtype, or as for [`grad`].
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, grad_with};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let (y, z) = (x.square(), x.exp());
/// let [dx] = grad_with(&[(&y, &Tensor::from([1.0, 10.0])), (&z, &Tensor::from([0.0, 0.0]))], [&x])?;
/// assert_eq!(dx.expect("it takes part").to_vec::<f32>()?, [2.0, 40.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn grad_with<L: TensorList>(ys: &[(&Tensor, &Tensor)], xs: L) -> Result<L::Of<Option<Tensor>>> {
    let xs = xs.tensors();
    for (y, seed) in ys {
        if !y.is_tracked() {
            return Err(Error::not_tracked("grad_with", y.dtype(), y.shape()));
        }
        fits("grad_with", "a seed", seed, y)?;
    }
    let roots: Vec<_> = ys.iter().map(|(y, seed)| (*y, Some(*seed))).collect();
    crate::tape::gradients_of(&roots, &xs, true).map(L::of)
}

/// Vector-Jacobian product: the value `y = f(inputs)`, and `wᵀ ∂y/∂x` for each input (zeros where nothing flows).
///
/// # Gradient
/// The results are tracked if an input, w, or what `f` captures is, unless inside [`no_grad`](crate::no_grad).
///
/// # Errors
/// If `f` fails, an input or the value is not of float type, or `w` does not have the shape and the dtype of the value;
/// where the results are tracked, also if an operation on the way has no second derivative.
///
/// # Examples
/// ```
/// use autograd_core::{Tensor, vjp};
/// let (x, w) = (Tensor::from([1.0, 2.0]), Tensor::from([10.0, 1.0]));
/// let (_, [dx]) = vjp(|x| Ok(x[0].square()), [&x], &w)?;
/// assert_eq!(dx.to_vec::<f32>()?, [20.0, 4.0]);
/// # Ok::<(), autograd_core::Error>(())
/// ```
pub fn vjp<L: TensorList>(
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
    inputs: L,
    w: &Tensor,
) -> Result<(Tensor, L::Of<Tensor>)> {
    at("vjp", &inputs.tensors(), |point| {
        let y = point.value_of(f)?;
        fits("vjp", "w", w, &y)?;
        let recorded = point.records(&y, &[w]);
        let gradients = point.gradients(&y, Some(w), recorded)?;
        let is_tracked = point.records(&y, &[]);
        Ok((result(y, is_tracked), L::of(gradients)))
    })
}
