//! Mistakes with targets and inputs that everybody makes once, and the call that mends each.

use autograd_core::{Error, ErrorKind, Result, Tensor};

/// The call that gives a tensor of shape `got` the shape `wanted`, if a dimension of size one is all that is between
/// them; else nothing.
fn mending(got: &[usize], wanted: &[usize]) -> Option<String> {
    let without = |shape: &[usize], d: usize| {
        let mut shape = shape.to_vec();
        (shape.remove(d) == 1).then_some(shape)
    };
    let spare = (0..got.len()).rev().find(|d| without(got, *d).is_some_and(|shape| shape == wanted));
    let lacking = (0..wanted.len()).rev().find(|d| without(wanted, *d).is_some_and(|shape| shape == got));
    match (spare, lacking) {
        (Some(d), _) => Some(format!("squeeze(&[{d}])")),
        (None, Some(d)) => Some(format!("unsqueeze({d})")),
        (None, None) => None,
    }
}

/// An error unless the class indices of a target are one for each sample.
pub(super) fn indices(op: &'static str, target: &Tensor, samples: &[usize], input: &Tensor) -> Result<()> {
    let got = target.shape();
    if got == samples {
        return Ok(());
    }
    let hint = match mending(got, samples) {
        Some(call) => format!("; {call} makes it so"),
        None if got == input.shape() => {
            let dtype = input.dtype();
            format!("; for one-hot rows, which are class probabilities, to_dtype(DType::{dtype})")
        }
        None => String::new(),
    };
    Err(Error::shape(op, "target", got, format!("{samples:?}{hint}")))
}

/// The error for a float target that does not have the shape of the input, whose classes are dimension `dim`.
pub(super) fn probabilities(op: &'static str, target: &Tensor, dim: usize, input: &Tensor) -> Error {
    let got = target.shape();
    let mut samples = input.shape().to_vec();
    samples.remove(dim);
    let convert = "to_dtype(DType::I64)";
    let hint = match mending(got, &samples) {
        _ if got == samples => format!("; for class indices, {convert}"),
        Some(call) => format!("; for class indices, {call} and {convert}"),
        None => String::new(),
    };
    Error::shape(op, "the target of class probabilities", got, format!("{:?}, that of the input{hint}", input.shape()))
}

/// Like `Check::is`, with the call that makes a target fit.
pub(super) fn same(op: &'static str, target: &Tensor, input: &[usize]) -> Result<()> {
    if target.shape() == input {
        return Ok(());
    }
    let hint = mending(target.shape(), input).map(|call| format!("; {call} makes it so")).unwrap_or_default();
    Err(Error::shape(op, "target", target.shape(), format!("{input:?}, that of the input{hint}")))
}

/// Like `Check::broadcasts_to`, with the call that makes a target fit. The ranks must agree, unless the target is one
/// number.
pub(super) fn broadcasts_to(op: &'static str, what: &str, x: &Tensor, shape: &[usize]) -> Result<()> {
    let (rank, of) = (shape.len(), x.rank());
    if of == rank || of == 0 {
        return autograd_core::check::Check(op).broadcasts_to(what, x, shape);
    }
    let remedy = match mending(x.shape(), shape) {
        Some(call) => format!("{call} makes it so"),
        None if of < rank => "unsqueeze adds a dim".into(),
        None => "squeeze removes a dim".into(),
    };
    let expected = format!("one that broadcasts to the input's, {shape:?}, and has its rank; {remedy}");
    Err(Error::shape(op, what, x.shape(), expected))
}

/// An error if the input of a loss of logits comes straight from `activation`, which the loss takes itself: it would be
/// taken twice, and the model would learn badly without a sign of why.
pub(super) fn logits(op: &'static str, input: &Tensor, activation: &str) -> Result<()> {
    if input.operation() != Some(activation) {
        return Ok(());
    }
    let text = format!(
        "{op}: the input is the result of {activation}, which {op} takes itself; leave {activation} out of the model, \
         or write `&x * 1` to take it twice"
    );
    Err(Error::new(ErrorKind::Argument, text))
}
