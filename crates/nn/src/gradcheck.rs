//! Gradient checks of whole layers and losses against finite differences.

use crate::layer::Layer;
use crate::loss::Loss;
use autograd_core::gradcheck::{GradCheck, Report};
use autograd_core::module::{ItemMut, Path};
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
    let mut inputs = vec![x.clone()];
    inputs.extend(layer.parameters().into_iter().map(|param| param.detach()));
    let check = |values: &[Tensor]| {
        let mut layer = layer.clone();
        let mut values = values.iter();
        let x = values.next().unwrap_or(x);
        layer.visit_mut(&Path::root(), &mut |_, item| {
            if let ItemMut::Param(param) = item
                && let Some(value) = values.next()
            {
                // Not `set`, which refuses a value with a history.
                *param.value_mut() = value.clone();
            }
        });
        layer.forward(x)
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
