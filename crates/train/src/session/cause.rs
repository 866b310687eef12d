//! The cause of a loss that is no number.

use autograd_core::Tensor;
use wengert_nn::Layer;

/// A clause for the error: what of batch, parameters and output is not finite, the earliest first. `sample` names the sample
/// of a row.
#[cold]
pub(super) fn of(
    model: &dyn Layer,
    (inputs, target): (&[Tensor], &Tensor),
    output: &Tensor,
    sample: impl Fn(usize) -> String,
) -> String {
    let several = inputs.len() > 1;
    let input = |i: usize| if several { format!("input {}", i + 1) } else { "the input".into() };
    let parts: Vec<(String, &Tensor)> = inputs.iter().enumerate().map(|(i, x)| (input(i), x)).collect();
    // An infinity may be meant, in a mask.
    for (is, what) in [(f64::is_nan as fn(f64) -> bool, "a NaN"), (f64::is_infinite, "an infinity")] {
        for (part, tensor) in parts.iter().map(|(part, x)| (&**part, *x)).chain([("the target", target)]) {
            if let Some(place) = first(tensor, is) {
                let rows = tensor.shape().first().copied().unwrap_or(1);
                let row = place / (tensor.numel() / rows);
                return format!("{part} of {} has {what}", sample(row));
            }
        }
        if let Some((name, _)) = model.named_parameters().into_iter().find(|(_, param)| first(param, is).is_some()) {
            return format!("the parameter {name:?} has {what}");
        }
    }
    let made = [(f64::is_nan as fn(f64) -> bool, "a NaN"), (f64::is_infinite, "an infinity")];
    match made.into_iter().find(|(is, _)| first(output, *is).is_some()) {
        Some((_, what)) => format!("batch and parameters are finite, the output of the model has {what}"),
        None => "batch, parameters and the output of the model are finite".into(),
    }
}

/// The place of the first such element.
fn first(tensor: &Tensor, is: fn(f64) -> bool) -> Option<usize> {
    if tensor.dtype().is_float() { tensor.to_f64s().into_iter().position(is) } else { None }
}
