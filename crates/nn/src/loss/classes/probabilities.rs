//! Probabilities that come from outside and are to be taken the logarithm of.

use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor, is_capturing, keep};

/// An error if a number is outside [0, 1], which is not looked for in a captured step.
pub(super) fn in_range(op: &'static str, what: &str, p: &Tensor) -> Result<()> {
    Check(op).float(p)?;
    if is_capturing() {
        return Ok(());
    }
    // That of the numbers, which are looked at as `F64`; of an expanded tensor there may be more than memory holds.
    Check(op).room(p.shape(), DType::F64)?;
    let outside = |(_, p): &(usize, f64)| !(0.0..=1.0).contains(p) && !p.is_nan();
    match p.to_f64s().into_iter().enumerate().find(outside) {
        None => Ok(()),
        Some((at, p)) => {
            let text = format!("{op}: {what} has {p} at position {at}, probabilities are in [0, 1]");
            Err(Error::new(ErrorKind::Argument, text))
        }
    }
}

/// The sum over these dims, or over everything.
pub(super) fn sum_over(x: &Tensor, dims: Option<&[isize]>) -> Result<Tensor> {
    dims.map_or_else(|| Ok(x.sum()), |dims| x.sum_dim(dims))
}

/// What a fraction lacks to 1, `1 − has / (has + lacks)`: from what it lacks where that is less, of which the fraction
/// has no digits; and as it stands where it is more, for there the derivatives of `lacks / (has + lacks)` cancel.
pub(super) fn lack(has: &Tensor, lacks: &Tensor) -> Result<Tensor> {
    let all = has.try_add(lacks)?;
    let fraction = has.try_div(&all)?;
    lacks.le(has)?.where_cond(&lacks.try_div(&all)?, &fraction.neg().add_scalar(1.0))
}

/// Limited to [ε, 1 − ε].
pub(super) fn limited(p: &Tensor, eps: f64) -> Result<Tensor> {
    p.clamp(eps, 1.0 - eps)
}

/// Each row of classes divided by its sum.
pub(super) fn normalised(p: &Tensor) -> Result<Tensor> {
    p.try_div(&p.sum_dim(keep(-1))?)
}

/// `(1 − s) t + s / classes`
pub(super) fn smoothed(t: &Tensor, s: f64, classes: f64) -> Tensor {
    if s == 0.0 { t.clone() } else { t.mul_scalar(1.0 - s).add_scalar(s / classes) }
}
