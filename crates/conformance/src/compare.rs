//! The comparison of a result with the one that is wanted.
//!
//! Floats must fit within the tolerance: NaN fits NaN, an infinity itself, 0.0 and −0.0 each other. Integers and truth
//! values must be equal.

use crate::case::{Array, Tolerance, Values};
use crate::stop::{Outcome, Stop};
use autograd_core::{DType, Tensor};
use std::fmt::Display;

/// Whether one number is close enough to another.
pub fn close(got: f64, want: f64, tolerance: Tolerance) -> bool {
    if want.is_nan() || got.is_nan() {
        return want.is_nan() && got.is_nan();
    }
    if want.is_infinite() || got.is_infinite() {
        return got == want;
    }
    (got - want).abs() <= tolerance.atol + tolerance.rtol * want.abs()
}

/// Compares a tensor: kind of dtype, shape, every element; reports the first difference.
pub fn tensor(what: impl Display, got: &Tensor, want: &Array, tolerance: Tolerance) -> Outcome<()> {
    let (kind, tolerance) = match want.values {
        Values::Floats(_) => (tolerance.dtype.map_or(got.dtype().is_float(), |dtype| got.dtype() == dtype), tolerance),
        Values::Integers(_) => (got.dtype() == DType::I64, EXACT),
        Values::Truths(_) => (got.dtype() == DType::Bool, EXACT),
    };
    if !kind {
        let wanted = match want.values {
            Values::Floats(_) => tolerance.dtype.map_or("a float type".into(), |dtype| dtype.to_string()),
            Values::Integers(_) => "I64".into(),
            Values::Truths(_) => "Bool".into(),
        };
        return Err(Stop::Differs(format!("{what}: got dtype {} want {wanted}", got.dtype())));
    }
    if got.shape() != want.shape {
        return Err(Stop::Differs(format!("{what}: got shape {:?} want {:?}", got.shape(), want.shape)));
    }
    numbers(what, &got.to_f64s(), &want.floats(), tolerance)
}

/// Compares lists of numbers.
pub fn numbers(what: impl Display, got: &[f64], want: &[f64], tolerance: Tolerance) -> Outcome<()> {
    if got.len() != want.len() {
        return Err(Stop::Differs(format!("{what}: got {} numbers want {}", got.len(), want.len())));
    }
    match got.iter().zip(want).position(|(got, want)| !close(*got, *want, tolerance)) {
        None => Ok(()),
        Some(at) => Err(Stop::Differs(format!("{what} at {at}: got {:?} want {:?}", got[at], want[at]))),
    }
}

/// Compares a gradient. Where none is wanted, zeros will do; and none is as good as zeros.
pub fn gradient(what: impl Display, got: Option<&Tensor>, want: Option<&Array>, tolerance: Tolerance) -> Outcome<()> {
    match (got, want) {
        (Some(got), Some(want)) => tensor(what, got, want, tolerance),
        (Some(got), None) => {
            let values = got.to_f64s();
            numbers(what, &values, &vec![0.0; values.len()], EXACT)
        }
        (None, Some(want)) => {
            let want = want.floats();
            numbers(format!("{what} (none)"), &vec![0.0; want.len()], &want, tolerance)
        }
        (None, None) => Ok(()),
    }
}

/// No deviation at all.
pub const EXACT: Tolerance = Tolerance::of(0.0, 0.0);

#[cfg(test)]
mod tests {
    use super::*;

    const LOOSE: Tolerance = Tolerance::of(0.1, 0.01);

    #[test]
    fn numbers_fit_within_both_tolerances_together() {
        assert!(close(1.109, 1.0, LOOSE) && !close(1.12, 1.0, LOOSE));
        assert!(close(0.0, -0.0, EXACT));
    }

    #[test]
    fn only_the_same_special_value_fits_one() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert!(close(nan, nan, EXACT) && close(inf, inf, EXACT));
        for (got, want) in [(nan, 1.0), (1.0, nan), (inf, -inf), (inf, 1e300), (1e300, inf), (nan, inf)] {
            assert!(!close(got, want, LOOSE), "{got} {want}");
        }
    }

    #[test]
    fn floats_have_the_dtype_of_the_run() {
        let want: Array = serde_json::from_str(r#"{"shape":[1],"dtype":"f64","data":[0.5]}"#).expect("an array");
        let half = Tensor::from([0.5f32]);
        assert_eq!(tensor("y", &half, &want, LOOSE), Ok(()));
        assert_eq!(tensor("y", &half, &want, Tolerance { dtype: Some(DType::F32), ..LOOSE }), Ok(()));
        let stop = tensor("y", &half, &want, Tolerance { dtype: Some(DType::F64), ..LOOSE });
        assert_eq!(stop, Err(Stop::Differs("y: got dtype F32 want F64".into())));
    }

    #[test]
    fn the_first_difference_is_told() {
        let stop = numbers("output 0", &[1.0, 2.5, 9.0], &[1.0, 2.0, 3.0], LOOSE);
        assert_eq!(stop, Err(Stop::Differs("output 0 at 1: got 2.5 want 2.0".into())));
    }

    #[test]
    fn no_gradient_is_as_good_as_zeros_and_no_better() {
        let zeros = Tensor::from([0.0, 0.0]);
        let want: Array = serde_json::from_str(r#"{"shape":[2],"dtype":"f64","data":[0.0,1.0]}"#).expect("an array");
        assert_eq!(gradient("grad", Some(&zeros), None, LOOSE), Ok(()));
        assert_eq!(gradient("grad", None, None, LOOSE), Ok(()));
        assert!(gradient("grad", None, Some(&want), LOOSE).is_err());
        assert!(gradient("grad", Some(&Tensor::from([0.0, 1.0])), None, LOOSE).is_err());
    }
}
