//! A layer run with other tensors as its parameters.

use crate::layer::Layer;
use autograd_core::module::StateDict;
use autograd_core::{Result, Tensor};

/// The output of `model` for `x` with the tensors of `values` in the place of its parameters.
///
/// Gradients of any order flow to the tensors, and through them to whatever they were computed from: a step of gradient
/// descent in MAML, the one argument of a Hessian, the weights that a hypernetwork computes. Parameters that `values`
/// does not name are the model's own. The model stays as it is in every respect, also after an error or a panic, and
/// other threads may use it at the same time. Dropout draws from where the model stands, so two calls draw the same.
///
/// A model with several inputs is run by hand: `model.with_parameters(&values)?.forward(&a, &b)`.
///
/// # Errors
/// If `values` does not fit the model (see [`with_parameters`](autograd_core::module::Module::with_parameters)) or `x`
/// does not.
///
/// # Examples
/// One step of gradient descent, and the gradient through it:
/// ```
/// use autograd_core::module::{Module, StateDict};
/// use autograd_core::{Tensor, grad};
/// use wengert_nn::{Linear, functional_call, mse_loss};
///
/// let model = Linear::from_tensors(Tensor::from([[2.0]]), None)?;
/// let (x, y) = (Tensor::from([[1.0]]), Tensor::from([[0.0]]));
/// let inner = mse_loss(&functional_call(&model, &StateDict::new(), &x)?, &y)?; // w² = 4
/// let gradient = &grad(&inner, &[&model.weight])?[0]; // 2w = 4
/// let fast: StateDict = [("weight".to_string(), &model.weight - 0.25 * gradient)].into_iter().collect(); // w/2
///
/// let outer = mse_loss(&functional_call(&model, &fast, &x)?, &y)?; // w²/4
/// assert_eq!(grad(&outer, &[&model.weight])?[0].to_vec::<f32>()?, [1.0]); // w/2
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # Differs from
/// PyTorch's function ignores names that the model does not have, and lets `forward` change the model's buffers.
pub fn functional_call(model: &(impl Layer + Clone), values: &StateDict, x: &Tensor) -> Result<Tensor> {
    model.with_parameters(values)?.forward(x)
}
