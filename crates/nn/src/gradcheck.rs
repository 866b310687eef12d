//! Gradient checks of whole layers and losses against finite differences.

use crate::functional::functional_call;
use crate::layer::Layer;
use crate::loss::Loss;
use autograd_core::gradcheck::{GradCheck, Report};
use autograd_core::{DType, Result, Tensor};

/// Checks the first and second derivatives of a layer with respect to its input and every parameter, in f64. The layer
/// itself stays as it is; what it draws at random is the same in every evaluation.
///
/// # Errors
/// The derivative that differs, or whatever `forward` returns.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{Linear, gradcheck};
/// let mut rng = seeded(7);
/// let linear = Linear::new(3, 2, &mut rng)?;
/// let report = gradcheck::layer(&linear, &Tensor::randn(&[4, 3], DType::F64, &mut rng)?)?;
/// assert!(report.max_error < 1e-8);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn layer(layer: &(impl Layer + Clone), x: &Tensor) -> Result<Report> {
    let mut layer = layer.clone();
    layer.to_dtype(DType::F64)?;
    let (names, parameters): (Vec<_>, Vec<_>) = layer.named_parameters().into_iter().unzip();
    let mut inputs = vec![x.clone()];
    inputs.extend(parameters.into_iter().map(|param| param.detach()));
    let check = |values: &[Tensor]| {
        let named = names.iter().cloned().zip(values.iter().skip(1).cloned()).collect();
        functional_call(&layer, &named, values.first().unwrap_or(x))
    };
    GradCheck::default().check(check, &inputs)
}

/// Checks the first and second derivatives of a loss with respect to its input and, where it is of float type, its
/// target.
///
/// # Errors
/// The derivative that differs, or whatever the loss returns.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor};
/// use wengert_nn::{cross_entropy, gradcheck};
/// let logits = Tensor::from([[0.5, -1.0], [2.0, 0.1]]).to_dtype(DType::F64);
/// let report = gradcheck::loss(cross_entropy, &logits, &Tensor::from([0, 1]))?;
/// assert!(report.max_error < 1e-8);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn loss(loss: impl Loss, input: &Tensor, target: &Tensor) -> Result<Report> {
    let check = |values: &[Tensor]| loss.forward(&values[0], &values[1]);
    GradCheck::default().check(check, &[input.clone(), target.clone()])
}
