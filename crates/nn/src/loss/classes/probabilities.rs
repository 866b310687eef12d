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

#[cfg(test)]
mod tests {
    use crate::loss::Loss;
    use crate::{DiceLoss, TverskyLoss};
    use autograd_core::{DType, Result, Tensor};

    /// Both that are what a fraction lacks to 1, of each row.
    fn lacking() -> [Box<dyn Loss>; 2] {
        [Box::new(DiceLoss::new().dims(&[1])), Box::new(TverskyLoss::new().dims(&[1]))]
    }

    /// Of what is nearly right, what it lacks is all that there is to see.
    #[test]
    fn small_losses_keep_their_digits() -> Result<()> {
        let (x, t) = (Tensor::from([[1.0 - 0.5f32.powi(20), 0.5f32.powi(21), 1.0]]), Tensor::from([[1.0, 0.0, 1.0]]));
        for loss in lacking() {
            let of = |dtype| loss.forward(&x.to_dtype(dtype), &t.to_dtype(dtype))?.to_f64();
            let (got, want) = (of(DType::F32)?, of(DType::F64)?);
            assert!((got / want - 1.0).abs() < 1e-6, "{got}, not {want}");
        }
        Ok(())
    }

    /// Where nothing is there and little is found, the loss is 1 in every direction.
    #[test]
    fn what_is_found_of_nothing_has_no_gradient() -> Result<()> {
        for (of, dtype) in lacking().iter().flat_map(|loss| [(loss, DType::F32), (loss, DType::F64)]) {
            let x = Tensor::from([[7e-10, 1e-10, 1e-9, 3e-10], [0.0; 4]]).to_dtype(dtype).requires_grad();
            let loss = of.forward(&x, &x.zeros_like())?;
            assert_eq!(loss.to_f64()?, 1.0);
            assert_eq!(loss.backward()?.get(&x).expect("it is tracked").to_f64s(), [0.0; 8]);
        }
        Ok(())
    }
}
