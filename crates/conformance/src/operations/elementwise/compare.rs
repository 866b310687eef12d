//! Comparisons, extremes of two, and limits.

use crate::operations::Table;
use autograd_core::{Tensor, Tolerance};

pub(in crate::operations) const TABLE: Table = &[
    ("clamp", |c| match (c.maybe_tensor("min"), c.maybe_tensor("max")) {
        (Ok(min), Ok(max)) => {
            // PyTorch takes integers as bounds of floats.
            let x = c.tensor("input")?;
            let like = |bound: Option<&Tensor>| {
                bound.map(|bound| if x.dtype().is_float() { bound.to_dtype(x.dtype()) } else { bound.clone() })
            };
            c.one(x.clamp_tensor(like(min).as_ref(), like(max).as_ref()))
        }
        // A number is among the bounds: two numbers have a form of their own, a mixture takes tensors.
        (Err(_), Err(_)) => c.one(c.tensor("input")?.clamp(c.number("min")?, c.number("max")?)),
        (Ok(None), Err(_)) => c.one(c.tensor("input")?.clamp(f64::NEG_INFINITY, c.number("max")?)),
        (Err(_), Ok(None)) => c.one(c.tensor("input")?.clamp(c.number("min")?, f64::INFINITY)),
        _ => c.one(c.tensor("input")?.clamp_tensor(Some(&c.operand("min")?), Some(&c.operand("max")?))),
    }),
    ("eq", |c| c.binary(Tensor::eq)),
    ("fmax", |c| c.binary(Tensor::fmax)),
    ("fmin", |c| c.binary(Tensor::fmin)),
    ("ge", |c| c.binary(Tensor::ge)),
    ("gt", |c| c.binary(Tensor::gt)),
    ("le", |c| c.binary(Tensor::le)),
    ("lt", |c| c.binary(Tensor::lt)),
    ("maximum", |c| c.binary(Tensor::maximum)),
    ("minimum", |c| c.binary(Tensor::minimum)),
    ("ne", |c| c.binary(Tensor::ne)),
    ("heaviside", |c| c.one(c.tensor("input")?.heaviside(&c.operand("values")?))),
    ("isclose", |c| {
        let tolerance =
            Tolerance::new().rtol(c.number("rtol")?).atol(c.number("atol")?).equal_nan(c.flag("equal_nan")?);
        c.binary(|x, y| x.isclose(y, tolerance))
    }),
    ("nan_to_num", |c| {
        let (nan, posinf, neginf) = (c.number_or("nan", 0.0)?, c.maybe_number("posinf")?, c.maybe_number("neginf")?);
        c.unary(|x| x.nan_to_num(nan, posinf, neginf))
    }),
];
