//! Gradient checks of whole layers and losses against finite differences.

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
    layer_with(layer, std::slice::from_ref(x), |layer, inputs| layer.forward(&inputs[0]))
}

/// Like [`layer`], but for several inputs, and with a `forward` of one's own. What is of no float type stays as it is.
///
/// # Errors
/// The derivative that differs, or whatever `forward` returns.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{Layer, Linear, gradcheck};
/// let mut rng = seeded(7);
/// let linear = Linear::new(3, 2, &mut rng)?;
/// let x = Tensor::randn(&[4, 3], DType::F64, &mut rng)?;
/// let report = gradcheck::layer_with(&linear, &[x, Tensor::from([3, 0])], |linear, x| {
///     linear.forward(&x[0].index_select(0, &x[1])?)
/// })?;
/// assert!(report.max_error < 1e-8);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn layer_with<L: Layer + Clone>(
    layer: &L,
    inputs: &[Tensor],
    forward: impl Fn(&L, &[Tensor]) -> Result<Tensor>,
) -> Result<Report> {
    let mut layer = layer.clone();
    layer.to_dtype(DType::F64)?;
    let (names, parameters): (Vec<_>, Vec<_>) = layer.named_parameters().into_iter().unzip();
    let mut values: Vec<Tensor> = inputs.iter().filter(|x| x.dtype().is_float()).cloned().collect();
    let floats = values.len();
    values.extend(parameters.into_iter().map(|param| param.detach()));
    let check = |values: &[Tensor]| {
        let (given, parameters) = values.split_at(floats);
        let mut given = given.iter();
        let given = inputs.iter().map(|x| if x.dtype().is_float() { given.next().unwrap_or(x) } else { x }.clone());
        let named = names.iter().cloned().zip(parameters.iter().cloned()).collect();
        forward(&layer.with_parameters(&named)?, &given.collect::<Vec<_>>())
    };
    GradCheck::default().check(check, &values)
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
