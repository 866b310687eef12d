//! The cause of a loss that is no number, and what a last step has spoilt.

use super::before::Before;
use autograd_core::module::{Item, Param, Path};
use autograd_core::update::FoldRule;
use autograd_core::{Result, Tensor};
use wengert_nn::Layer;

/// A sort of numbers that are not finite.
type Sort = (fn(f64) -> bool, &'static str);

const NAN: Sort = (f64::is_nan, "a NaN");
const INFINITY: Sort = (f64::is_infinite, "an infinity");

/// A clause for the error: what of batch, parameters, buffers and output is not finite, the earliest first. `before` is
/// the model before the batches of the step, whose running statistics may have gone into its buffers since; `sample`
/// names the sample of a row.
#[cold]
pub(super) fn of(
    (model, before): (&dyn Layer, &Before),
    (inputs, target): (&[Tensor], &Tensor),
    output: &Tensor,
    sample: impl Fn(usize) -> String,
) -> String {
    let several = inputs.len() > 1;
    let input = |i: usize| if several { format!("input {}", i + 1) } else { "the input".into() };
    let in_rows = |part: &str, tensor: &Tensor, (is, what): Sort| {
        let place = first(tensor, is)?;
        let rows = tensor.shape().first().copied().unwrap_or(1);
        Some(format!("{part} of {} has {what}", sample(place / (tensor.numel() / rows))))
    };
    let of_target = |sort: Sort| in_rows("the target", target, sort);
    let of_batch = |sort: Sort| {
        let inputs = inputs.iter().enumerate().find_map(|(i, x)| in_rows(&input(i), x, sort));
        inputs.or_else(|| of_target(sort))
    };
    let (parameters, buffers) = (model.named_parameters(), before.buffers(model));
    let of_parameters = |(is, what): Sort| {
        let (name, _) = parameters.iter().find(|(_, param)| first(param, is).is_some())?;
        Some(format!("the parameter {name:?} has {what}"))
    };
    let of_buffers = |(is, what): Sort| {
        let (name, _) = buffers.iter().find(|(_, buffer)| first(buffer, is).is_some())?;
        Some(format!("the buffer {name:?} has {what}"))
    };
    if let Some(found) = of_batch(NAN).or_else(|| of_parameters(NAN)).or_else(|| of_buffers(NAN)) {
        return found;
    }
    // One may be meant: in a mask, which is an input or a buffer.
    let given = || of_parameters(INFINITY).or_else(|| of_batch(INFINITY)).or_else(|| of_buffers(INFINITY));
    if first(output, NAN.0).is_some() {
        return match given() {
            Some(given) => format!("the output of the model has a NaN, and nothing that it was given; {given}"),
            None => "batch, parameters and buffers are finite, the output of the model has a NaN".into(),
        };
    }
    if first(output, INFINITY.0).is_some() {
        let made = || "batch, parameters and buffers are finite, the output of the model has an infinity".into();
        return given().unwrap_or_else(made);
    }
    of_target(INFINITY).unwrap_or_else(|| match given() {
        Some(given) => format!("the output of the model is finite, as the target is; {given}"),
        None => "batch, parameters, buffers and the output of the model are finite".into(),
    })
}

/// The names of the trainable parameters that are not finite. Looking copies nothing.
pub(super) fn not_finite(model: &dyn Layer) -> Result<Vec<String>> {
    let trained = model.named_parameters().into_iter().filter(|(_, param)| param.is_trainable());
    let bad = |(name, param): (String, &Param)| param.fold(param, Zeros).map(|sum| sum.is_nan().then_some(name));
    trained.map(bad).filter_map(Result::transpose).collect()
}

/// A clause for the error: the first trainable parameter that is not finite, if it is not one of `known`, else the
/// first buffer with a NaN, if it had none `before`, when the run began; an infinity in a buffer may be meant.
pub(super) fn spoilt(model: &dyn Layer, known: &[String], before: &Before) -> Result<Option<String>> {
    for (name, param) in model.named_parameters().into_iter().filter(|(_, param)| param.is_trainable()) {
        if param.fold(param, Zeros)?.is_nan() && !known.contains(&name) {
            let (_, what) = if has_nan(param) { NAN } else { INFINITY };
            return Ok(Some(format!("the parameter {name:?} has {what}")));
        }
    }
    let mut buffers = Vec::new();
    model.visit(&Path::root(), &mut |path, item| {
        if let Item::Buffer(buffer) = item {
            buffers.push((path.to_string(), buffer.get()));
        }
    });
    for (name, buffer) in buffers.iter().filter(|(_, buffer)| buffer.dtype().is_float()) {
        if buffer.fold(buffer, Zeros)?.is_nan() && has_nan(buffer) {
            let old = before.buffers(model);
            if !old.iter().any(|(known, old)| known == name && has_nan(old)) {
                return Ok(Some(format!("the buffer {name:?} has {}", NAN.1)));
            }
        }
    }
    Ok(None)
}

fn has_nan(tensor: &Tensor) -> bool {
    first(tensor, f64::is_nan).is_some()
}

/// `Σ 0 · x`, which is NaN if an element is not finite.
#[derive(Clone, Copy)]
struct Zeros;

impl FoldRule for Zeros {
    #[inline(always)]
    fn element(self, x: f64, _: f64) -> f64 {
        0.0 * x
    }
    #[inline(always)]
    fn join(self, a: f64, b: f64) -> f64 {
        a + b
    }
}

/// The place of the first such element.
fn first(tensor: &Tensor, is: fn(f64) -> bool) -> Option<usize> {
    if tensor.dtype().is_float() { tensor.to_f64s().into_iter().position(is) } else { None }
}
